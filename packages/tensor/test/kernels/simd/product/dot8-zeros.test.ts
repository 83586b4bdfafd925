import fc from 'fast-check';
import { batchDot8Arguments, emitCorrect } from '../../../../src/kernels/simd/product/dot8-zeros.js';
import { emitGemmDot8, GEMM_DOT8_WORKSPACE, packedDot8 } from '../../../../src/kernels/simd/product/gemm-dot8.js';
import { emitted, rooms } from '../emitted.js';

/** These products are used where one instruction does it; what they make of it is tested everywhere. */
jest.mock('../../../../src/kernels/simd/product/dot8.js', () => ({
  ...jest.requireActual<object>('../../../../src/kernels/simd/product/dot8.js'),
  ...jest.requireActual<object>('./exact-dot.js'),
}));

const any = fc.integer();

describe('correct', () => {
  const { memory, functions } = emitted(1, ({ module }) => emitCorrect(module));
  const words = new Int32Array(memory.buffer);

  it('adds outer products of rows and columns, one or two, with wrap-around, and nothing beside them', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 19 }),
        fc.nat(3),
        fc.boolean(),
        fc.array(any, { minLength: 240, maxLength: 240 }),
        (m, n, gap, second, values) => {
          const [rows, sums, factors, zeros, c] = [256, 272, 304, 320, 352] as const;
          words.set(values, rows);
          const width = n + gap;
          const before = [...words.subarray(c, c + m * width)];
          functions.correct!(c * 4, m, n, width * 4, rows * 4, sums * 4, second ? factors * 4 : 0, zeros * 4);
          const wanted = before.map((value, index) => {
            const [i, j] = [Math.floor(index / width), index % width];
            if (j >= n) return value;
            const both = second ? Math.imul(words[factors + i]!, words[zeros + j]!) : 0;
            return (value + Math.imul(words[rows + i]!, words[sums + j]!) + both) | 0;
          });
          expect([...words.subarray(c, c + m * width)]).toEqual(wanted);
        },
      ),
    ));
});

describe('gemmDot8Batch', () => {
  it('takes the zero points of both sides away from every product of a batch, for any strides', () => {
    const { memory, functions } = emitted(30, ({ module }) => emitGemmDot8(module, 'unsigned-signed'));
    const [bytes, signed, words] = [Uint8Array, Int8Array, Int32Array].map(
      (ArrayType) => new ArrayType(memory.buffer),
    ) as [Uint8Array, Int8Array, Int32Array];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70 })),
        fc.tuple(fc.integer({ min: -300, max: 300 }), fc.constantFrom(0, 0, -7, 200)),
        fc.tuple(fc.boolean(), fc.boolean()),
        any,
        (batches, [m, n, k], [aZero, bZero], [turnA, turnB], seed) => {
          const { room, bytes: drawn } = rooms(memory, seed);
          const [a, b] = [drawn(batches * m * k), drawn(batches * k * n)];
          const [zeros, c] = [room((n + 16) * 4), room(batches * m * n * 4)];
          words.fill(bZero, zeros / 4, zeros / 4 + n + 16);
          const { panels, all } = packedDot8(k, n);
          const workspace = room(GEMM_DOT8_WORKSPACE + all + m * 4);
          const [aRow, aColumn] = turnA ? [1, m] : [k, 1];
          const [bRow, bColumn] = turnB ? [1, k] : [n, 1];
          const call = {
            batches,
            m,
            n,
            k,
            a: { at: a, row: aRow, column: aColumn, step: m * k, zero: aZero },
            b: { at: b, row: bRow, column: bColumn, step: k * n },
            bZeros: bZero === 0 ? 0 : zeros,
            c,
            panels: GEMM_DOT8_WORKSPACE,
            sums: GEMM_DOT8_WORKSPACE + panels,
            rowSums: GEMM_DOT8_WORKSPACE + all,
          };
          functions.gemmDot8Batch!(...batchDot8Arguments(call), workspace);
          const wanted = Array.from({ length: batches * m * n }, (_, index) => {
            const [batch, i, j] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
            let sum = 0;
            for (let p = 0; p < k; p++)
              sum +=
                (bytes[a + batch * m * k + i * aRow + p * aColumn]! - aZero) *
                (signed[b + batch * k * n + p * bRow + j * bColumn]! - bZero);
            return sum;
          });
          expect([...words.subarray(c / 4, c / 4 + wanted.length)]).toEqual(wanted);
        },
      ),
    );
  });
});
