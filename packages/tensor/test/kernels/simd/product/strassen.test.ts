import fc from 'fast-check';
import { emitGemmI8, STRASSEN_GRAINS } from '../../../../src/kernels/simd/product/gemm-i8.js';
import { strassenBytes, strassenWorkspace } from '../../../../src/kernels/simd/product/strassen.js';
import { emitted, rooms } from '../emitted.js';

const problems = fc.record({
  m: fc.integer({ min: 1, max: 5 }),
  n: fc.integer({ min: 1, max: 4 }),
  k: fc.integer({ min: 1, max: 12 }),
  turnA: fc.boolean(),
  turnB: fc.boolean(),
  reach: fc.constantFrom(0, 100, 7936),
  gap: fc.constantFrom(0, 3),
  seed: fc.integer(),
});

describe('emitStrassen', () => {
  const { memory, functions } = emitted(20, ({ module }) => emitGemmI8(module, 'unsigned', 'signed'));
  const [bytes8, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];

  it('gives what the definition of a product gives, to the bit, and writes nothing but C', () =>
    fc.assert(
      fc.property(problems, ({ turnA, turnB, reach, gap, seed, ...tiles }) => {
        const m = tiles.m * STRASSEN_GRAINS.m;
        const n = tiles.n * STRASSEN_GRAINS.n;
        const k = tiles.k * STRASSEN_GRAINS.k;
        const { drawn, room, bytes } = rooms(memory, seed);
        const [a, b] = [bytes(m * k), bytes(k * n)];
        const [aZeros, bZeros] = [room(m * 4), room(n * 4)];
        for (let i = 0; i < m; i++) words[aZeros / 4 + i] = (drawn() % (2 * reach + 1)) - reach;
        words.fill(0, bZeros / 4, bZeros / 4 + n);
        const width = n + gap;
        const [form, c] = [room(strassenBytes(k, n)), room(m * width * 4)];
        const workspace = room(strassenWorkspace(m, n, k));
        const behind = room(64);
        words.fill(-77, c / 4, c / 4 + m * width);
        words.fill(-77, behind / 4, behind / 4 + 16);
        const [aRow, aColumn] = turnA ? [1, m] : [k, 1];
        const [bRow, bColumn] = turnB ? [1, k] : [n, 1];
        functions.packStrassen!(n, k, b, bRow, bColumn, bZeros, form);
        functions.strassen!(m, n, k, a, aRow, aColumn, aZeros, form, c, width * 4, workspace);
        const wanted = Array.from({ length: m * width }, (_, index) => {
          const [i, j] = [Math.floor(index / width), index % width];
          if (j >= n) return -77;
          let sum = 0;
          for (let p = 0; p < k; p++) {
            const x = bytes8[a + i * aRow + p * aColumn]! - words[aZeros / 4 + i]!;
            const y = (bytes8[b + p * bRow + j * bColumn]! << 24) >> 24;
            sum = (sum + Math.imul(x, y)) | 0;
          }
          return sum;
        });
        expect([...words.subarray(c / 4, c / 4 + m * width)]).toEqual(wanted);
        expect([...words.subarray(behind / 4, behind / 4 + 16)]).toEqual(new Array(16).fill(-77));
      }),
      { numRuns: 60 },
    ));
});
