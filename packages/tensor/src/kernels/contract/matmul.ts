import type { View } from '../../storage.js';

export interface MatmulKernels {
  /** `out[b] = x[b] @ y[b]`: `[batch, m, k] x [batch, k, n] -> [batch, m, n]`, one dtype, `out` contiguous. */
  matmul(x: View, y: View, out: View): void;
}
