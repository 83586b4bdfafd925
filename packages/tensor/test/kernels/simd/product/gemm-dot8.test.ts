import fc from 'fast-check';
import { movedBy } from '../../../../src/kernels/simd/product/dot8.js';
import { gemmArguments } from '../../../../src/kernels/simd/product/gemm.js';
import {
  emitGemmDot8,
  GEMM_DOT8_TILE,
  GEMM_DOT8_WORKSPACE,
  packedDot8,
} from '../../../../src/kernels/simd/product/gemm-dot8.js';
import type { BytePair } from '../../../../src/kernels/simd/product/gemm-i8.js';
import { emitted, rooms } from '../emitted.js';

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 503, 510));
const depth = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(1023, 1024, 1027));

const problems = fc.record({
  m: size,
  n: size,
  k: depth,
  turnA: fc.boolean(),
  turnB: fc.boolean(),
  packed: fc.boolean(),
  seed: fc.integer(),
});

/** These products are used where one instruction does it; what they make of it is tested everywhere. */
jest.mock('../../../../src/kernels/simd/product/dot8.js', () => ({
  ...jest.requireActual<object>('../../../../src/kernels/simd/product/dot8.js'),
  ...jest.requireActual<object>('./exact-dot.js'),
}));

describe.each<BytePair>(['signed-signed', 'signed-unsigned', 'unsigned-signed', 'unsigned-unsigned'])(
  'the product of %s bytes by dot products of four',
  (pair) => {
    it('sums the bytes moved by 128 where signs are equal, plus a bias, with the sums of the columns beside them', () => {
      const { memory, functions } = emitted(50, ({ module }) => emitGemmDot8(module, pair));
      const [all, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];
      const [left, right] = pair.split('-');
      const moved = movedBy(pair);
      const byteAt = (kind: string | undefined, at: number): number =>
        kind === 'signed' ? (all[at]! << 24) >> 24 : all[at]!;
      const leftAt = (at: number): number => byteAt(left, at) + moved.a;
      const rightAt = (at: number): number => byteAt(right, at) + moved.b;

      fc.assert(
        fc.property(problems, ({ m, n, k, turnA, turnB, packed, seed }) => {
          fc.pre(m * n * k < 6e4);
          const { drawn, room, bytes } = rooms(memory, seed);
          const [a, b] = [bytes(m * k), bytes(k * n)];
          const { panels, all: whole } = packedDot8(k, n);
          const form = room(whole);
          const bias = room((n + GEMM_DOT8_TILE.columns) * 4);
          for (let j = 0; j < n; j++) words[bias / 4 + j] = drawn();
          const c = room(m * n * 4);
          const workspace = room(GEMM_DOT8_WORKSPACE);
          const [aRow, aColumn] = turnA ? [1, m] : [k, 1];
          const [bRow, bColumn] = turnB ? [1, k] : [n, 1];
          const sums = form + panels;
          words.fill(0, sums / 4, (form + whole) / 4);
          if (packed) functions.packDot8!(n, k, b, bRow, bColumn, sums, form);
          const call = {
            m,
            n,
            k,
            a: { at: a, row: aRow, column: aColumn },
            b: { at: b, row: bRow, column: bColumn, extra: sums },
            c,
            cRow: n * 4,
            bias,
            ...(packed && { packed: form }),
          };
          functions.gemmDot8!(...gemmArguments(call), workspace);
          const wrong: number[][] = [];
          for (let j = 0; j < n; j++) {
            const column = Array.from({ length: k }, (_, p) => rightAt(b + p * bRow + j * bColumn));
            // Without a packed form, B is packed, and its columns are summed, once for each block of rows.
            const times = packed ? 1 : Math.ceil(m / 504);
            expect([j, words[sums / 4 + j]]).toEqual([j, times * column.reduce((sum, y) => sum + y, 0)]);
            for (let i = 0; i < m; i++) {
              const wanted = column.reduce(
                (sum, y, p) => sum + leftAt(a + i * aRow + p * aColumn) * y,
                words[bias / 4 + j]!,
              );
              if (words[c / 4 + i * n + j] !== wanted) wrong.push([i, j]);
            }
          }
          expect(wrong).toEqual([]);
        }),
        { numRuns: 40 },
      );
    });
  },
);
