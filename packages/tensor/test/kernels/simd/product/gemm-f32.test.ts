import fc from 'fast-check';
import { gemmArguments } from '../../../../src/kernels/simd/product/gemm.js';
import {
  emitGemmF32,
  gemmVariant,
  GEMM_F32_WORKSPACE,
  packedF32,
  panelOf,
} from '../../../../src/kernels/simd/product/gemm-f32.js';
import { emitted } from '../emitted.js';

const PAGES = 96;

/** Every variant without fused instructions, which not every engine has. */
const variants = [false, true].map((tall) => ({
  ...gemmVariant({ simd: true, fused: tall, unrolls: tall }),
  fused: false,
}));

describe.each(variants.map((variant) => [`${variant.MR} x ${variant.NV * 4}`, variant] as const))(
  'a product by tiles of %s',
  (_name, variant) => {
    const { memory, functions } = emitted(PAGES, ({ module }) => emitGemmF32(module, variant));
    const heap = new Float32Array(memory.buffer);
    const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(31, 64, 257, 520));

    it('sums in order of k, whatever the sizes, also with a packed operand, a bias and a ReLU', () =>
      fc.assert(
        fc.property(size, size, size, fc.boolean(), fc.boolean(), fc.integer(), (m, k, n, packed, relu, seed) => {
          fc.pre(m * n * k < 2e6 && m * k + k * n + m * n < 6e5);
          let state = seed;
          const next = () => ((state = (Math.imul(state, 1103515245) + 12345) | 0) >> 16) / 2 ** 15;
          // Operands, result and bias one behind the other, then the packed operand, then the workspace.
          const [a, b, c] = [1024, 1024 + m * k, 1024 + m * k + k * n];
          const bias = c + m * n;
          const form = bias + n + 16;
          for (let i = a; i < form; i++) heap[i] = i < c || i >= bias ? next() : NaN;
          const workspace = (form + packedF32(variant, k, n) / 4) * 4;
          expect(workspace + GEMM_F32_WORKSPACE).toBeLessThanOrEqual(PAGES * 65536);
          if (packed) functions['packF32']!(n, k, b * 4, n * 4, 4, 0, form * 4);
          functions['gemmF32']!(
            ...gemmArguments({
              m,
              n,
              k,
              a: { at: a * 4, row: k * 4, column: 4 },
              b: { at: b * 4, row: n * 4, column: 4 },
              c: c * 4,
              cRow: n * 4,
              ...(packed ? { packed: form * 4 } : {}),
              bias: bias * 4,
              relu,
            }),
            workspace,
          );
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              let sum = 0;
              for (let p = 0; p < k; p++)
                sum = Math.fround(sum + Math.fround(heap[a + i * k + p]! * heap[b + p * n + j]!));
              sum = Math.fround(sum + heap[bias + j]!);
              const wanted = relu && sum <= 0 ? 0 : sum;
              if (heap[c + i * n + j] !== wanted) expect([i, j, heap[c + i * n + j]]).toEqual([i, j, wanted]);
            }
        }),
        { numRuns: 40 },
      ));
  },
);

it('panels hold every row once, those of the last an even number', () =>
  fc.assert(
    fc.property(fc.constantFrom(2, 6), fc.integer({ min: 1, max: 40 }), (MR, rows) => {
      let expected = 0;
      for (let row = 0; row < rows; row++) {
        const { first, height } = panelOf(MR, row, rows);
        if (row === expected) {
          expect(first).toBe(row);
          expected += height;
        }
        expect(height % 2).toBe(0);
        expect(row - first).toBeLessThan(height);
      }
      expect(expected).toBe(rows + (rows % 2));
    }),
  ));
