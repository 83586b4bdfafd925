import type { View } from '../../storage.js';
import type { MatmulKernels } from '../contract/matmul.js';
import type { Family, SimdEngine } from './engine.js';
import { emitGemmF32, GEMM_WORKSPACE } from './gemm-f32.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 4096;

const family: Family = ({ module, features }) =>
  emitGemmF32(module, { fused: features.fused, unroll: features.unrolls ? 4 : 1 });

/** Matrix products of float32; every other dtype goes to `fallback`. */
export function simdMatmul(engine: SimdEngine, fallback: MatmulKernels): Partial<MatmulKernels> {
  const fits = (view: View): boolean => view.storage.dtype === 'float32';
  return {
    matmul(x, y, out) {
      const [batches, m, k] = x.layout.shape as [number, number, number];
      const n = y.layout.shape[2]!;
      if (m * n * k < FEW_PRODUCTS || batches === 0 || !fits(x) || !fits(y)) return fallback.matmul(x, y, out);
      const { memory } = engine;
      const { gemmF32 } = engine.load(family);
      memory.beginKernel();
      try {
        const c = out.storage.writePointer(memory, out.layout);
        if (c === null) return fallback.matmul(x, y, out);
        const a = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
        const b = y.storage.pointer(memory, y.layout) + y.layout.offset * 4;
        const workspace = memory.scratch(GEMM_WORKSPACE);
        const [ab, ar, ac] = x.layout.strides.map((stride) => stride * 4) as [number, number, number];
        const [bb, br, bc] = y.layout.strides.map((stride) => stride * 4) as [number, number, number];
        for (let i = 0; i < batches; i++)
          gemmF32!(
            m,
            n,
            k,
            a + i * ab,
            ar,
            ac,
            b + i * bb,
            br,
            bc,
            c + (out.layout.offset + i * m * n) * 4,
            n * 4,
            workspace,
          );
      } finally {
        memory.endKernel();
      }
    },
  };
}
