import type { View } from '../../storage.js';

export interface MatmulKernels {
  /**
   * `out[b] = x[b] @ y[b] + bias`: `[batch, m, k] x [batch, k, n] -> [batch, m, n]`, one dtype, `out` contiguous, `bias` `[n]` where
   * given. Integers wrap. Floats may be summed in any order, at float32 precision or better.
   */
  matmul(x: View, y: View, bias: View | null, out: View): void;
  /**
   * `out[b] = (x[b] - xZero[b]) @ (y[b] - yZero[b])` in int32 with wrap-around, exactly. x and y have integer dtypes that
   * may differ; the zero points are int32, `[batch, m, 1]` and `[batch, 1, n]`; `out` is int32 and contiguous.
   */
  matmulInteger(x: View, y: View, xZero: View, yZero: View, out: View): void;
}
