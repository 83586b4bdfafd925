import type { View } from '../../storage.js';

/** What is done to a product before it is written. */
export interface Epilogue {
  /** `[n]`, added to every row. */
  readonly bias: View | null;
  /** Negative elements become 0; NaN stays. */
  readonly relu: boolean;
}

export interface MatmulKernels {
  /**
   * `out[b] = x[b] @ y[b]`: `[batch, m, k] x [batch, k, n] -> [batch, m, n]`, one dtype, `out` contiguous. Integers wrap. Floats may
   * be summed in any order, at float32 precision or better.
   */
  matmul(x: View, y: View, epilogue: Epilogue | null, out: View): void;
  /**
   * `out[b] = (x[b] - xZero[b]) @ (y[b] - yZero[b])` in int32 with wrap-around, exactly. x and y have integer dtypes that
   * may differ; the zero points are int32, `[batch, m, 1]` and `[batch, 1, n]`; `out` is int32 and contiguous.
   */
  matmulInteger(x: View, y: View, xZero: View, yZero: View, out: View): void;
}
