import fc from 'fast-check';
import { batchArguments, gemmArguments } from '../../../../src/kernels/simd/product/gemm.js';
import {
  emitGemmI8,
  GEMM_I8_TILE,
  GEMM_I8_WORKSPACE,
  packedI8,
  type Bytes,
} from '../../../../src/kernels/simd/product/gemm-i8.js';
import { emitted, rooms } from '../emitted.js';

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 255, 260));
const depth = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(511, 512, 513, 1030));

const problems = fc.record({
  m: size,
  n: size,
  k: depth,
  batches: fc.integer({ min: 1, max: 2 }),
  turnA: fc.boolean(),
  turnB: fc.boolean(),
  packed: fc.boolean(),
  /** How far zero points reach: into the 16 bits that a byte leaves of them. */
  reach: fc.constantFrom(0, 100, 32512),
  seed: fc.integer(),
});

describe.each<[Bytes, Bytes]>([
  ['signed', 'signed'],
  ['signed', 'unsigned'],
  ['unsigned', 'signed'],
  ['unsigned', 'unsigned'],
])('the product of %s and %s bytes as pairs of 16 bits', (left, right) => {
  const { memory, functions } = emitted(40, ({ module }) => emitGemmI8(module, left, right));
  const all = new Uint8Array(memory.buffer);
  const words = new Int32Array(memory.buffer);
  const read = (kind: Bytes) => (at: number) => (kind === 'signed' ? (all[at]! << 24) >> 24 : all[at]!);
  const [leftAt, rightAt] = [read(left), read(right)];

  it('is exact with wrap-around for any sizes, strides and zero points of lines, packed or not', () =>
    fc.assert(
      fc.property(problems, ({ m, n, k, batches, turnA, turnB, packed, reach, seed }) => {
        fc.pre(m * n * k * batches < 6e4);
        const { drawn, room, bytes } = rooms(memory, seed);
        const zeros = (count: number, panel: number): number => {
          const at = room((count + panel) * 4);
          for (let i = 0; i < count; i++) words[at / 4 + i] = (drawn() % (2 * reach + 1)) - reach;
          return at;
        };
        const [a, b] = [bytes(m * k * batches), bytes(k * n * batches)];
        const [aZeros, bZeros] = [zeros(m, GEMM_I8_TILE.rows), zeros(n, GEMM_I8_TILE.columns)];
        const [form, c] = [room(packedI8(k, n)), room(m * n * batches * 4)];
        const workspace = room(GEMM_I8_WORKSPACE);
        const [aRow, aColumn] = turnA ? [1, m] : [k, 1];
        const [bRow, bColumn] = turnB ? [1, k] : [n, 1];
        const call = {
          m,
          n,
          k,
          a: { at: a, row: aRow, column: aColumn, extra: aZeros },
          b: { at: b, row: bRow, column: bColumn, extra: bZeros },
          c,
          cRow: n * 4,
        };
        if (packed) {
          functions.packI8!(n, k, b, bRow, bColumn, bZeros, form);
          functions.gemmI8!(...gemmArguments({ ...call, packed: form }), workspace);
        } else {
          const steps = { a: m * k, b: k * n, c: m * n * 4 };
          functions.gemmI8Batch!(...batchArguments(call, steps, 0, batches), workspace);
        }
        const wrong: number[][] = [];
        for (let batch = 0; batch < (packed ? 1 : batches); batch++)
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              let sum = 0;
              for (let p = 0; p < k; p++) {
                const x = leftAt(a + batch * m * k + i * aRow + p * aColumn) - words[aZeros / 4 + i]!;
                const y = rightAt(b + batch * k * n + p * bRow + j * bColumn) - words[bZeros / 4 + j]!;
                sum = (sum + Math.imul(x, y)) | 0;
              }
              const got = words[c / 4 + (batch * m + i) * n + j];
              if (got !== sum) wrong.push([batch, i, j]);
            }
        expect(wrong).toEqual([]);
      }),
      { numRuns: 40 },
    ));
});
