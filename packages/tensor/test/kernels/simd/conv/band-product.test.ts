import fc from 'fast-check';
import { dotBands, pairBands } from '../../../../src/kernels/simd/conv/band-product.js';
import type { BytePair } from '../../../../src/kernels/simd/product/gemm-i8.js';
import { PANEL } from '../../../../src/kernels/simd/product/zero-points.js';
import { emitted, rooms } from '../emitted.js';

/** These products are used where one instruction does it; what they make of it is tested everywhere. */
jest.mock('../../../../src/kernels/simd/product/dot8.js', () => ({
  ...jest.requireActual<object>('../../../../src/kernels/simd/product/dot8.js'),
  ...jest.requireActual<object>('../product/exact-dot.js'),
}));

const size = fc.integer({ min: 1, max: 40 });
const zero = fc.integer({ min: -200, max: 200 });

const problems = fc.record({
  m: size,
  n: size,
  k: fc.oneof(size, fc.constantFrom(513, 1027)),
  zeros: fc.oneof(
    zero.map((one) => () => one),
    fc.func(zero),
  ),
  turned: fc.boolean(),
  seed: fc.integer(),
});

describe.each([
  ['dot products of four', dotBands],
  ['pairs', pairBands],
])('the product of filters and windows by %s', (_what, { emit, moved, workspace, zerosOf }) => {
  it.each<BytePair>(['signed-signed', 'signed-unsigned', 'unsigned-signed', 'unsigned-unsigned'])(
    'takes zero points away from the filters, all the same or not, of %s bytes',
    (pair) => {
      const { memory, functions } = emitted(50, ({ module }) => {
        const product = emit(module, pair);
        module.func('run', new Array<'i32'>(11).fill('i32'), (_f, ...args) => product(...args));
      });
      const [all, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];
      const [left, right] = pair.split('-');
      const by = moved(pair);
      const byteAt = (kind: string | undefined, at: number): number =>
        kind === 'signed' ? (all[at]! << 24) >> 24 : all[at]!;

      fc.assert(
        fc.property(problems, ({ m, n, k, zeros, turned, seed }) => {
          const { room, bytes } = rooms(memory, seed);
          const [a, b, c] = [bytes(m * k), bytes(k * n), room(m * n * 4)];
          const points = Int32Array.from({ length: m }, (_, i) => zeros(i) + by.a);
          const { factor, list } = zerosOf(points)!;
          const listAt = list ? room((m + PANEL) * 4) : 0;
          if (list) words.set(list, listAt / 4);
          const [row, column] = turned ? [1, k] : [n, 1];
          functions.run!(m, n, k, a, listAt, factor, b, row, column, c, room(workspace(k, n)));
          const wrong: number[][] = [];
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              let sum = 0;
              for (let p = 0; p < k; p++)
                sum +=
                  (byteAt(left, a + i * k + p) + by.a - points[i]!) * (byteAt(right, b + p * row + j * column) + by.b);
              if (words[c / 4 + i * n + j] !== sum) wrong.push([i, j]);
            }
          expect(wrong).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
  );
});

describe('pairs', () => {
  it('refuse zero points beyond 16 bits', () => {
    expect(pairBands.zerosOf(Int32Array.of(0, 40_000))).toBeNull();
  });
});
