import type { View } from '../../storage.js';

/**
 * What of its statistics a normalization computed from x itself, which decides its gradient: `'both'` mean and variance,
 * `'scale'` only the mean square (RMS norm), `'none'` nothing (given statistics).
 */
export type OwnStatistics = 'both' | 'scale' | 'none';

/**
 * Normalization of `[outer, rows, groups, channels, inner]` tensors: all elements of one (row, group) share their statistics. x,
 * grad and results are contiguous and of one float dtype; `weight` and `bias` are of that dtype too and broadcast to the shape;
 * statistics are float64 `[rows, groups]`, contiguous. Sums are made in float64.
 */
export interface NormalizeKernels {
  /** Mean and biased variance; where `centered` is false 0 and the mean square. */
  moments(x: View, centered: boolean, mean: View<'float64'>, variance: View<'float64'>): void;
  /** `(x - mean) / sqrt(variance + eps) * weight + bias`. */
  normalize(x: View, mean: View, variance: View, eps: number, weight: View | null, bias: View | null, out: View): void;
  /**
   * The gradient of `normalize` with respect to x into `out`; those of weight and bias are added to float64 views that
   * broadcast to the shape of x.
   */
  normalizeGrad(
    grad: View,
    x: View,
    mean: View,
    variance: View,
    eps: number,
    weight: View | null,
    own: OwnStatistics,
    out: View,
    sums: { readonly weight: View<'float64'> | null; readonly bias: View<'float64'> | null },
  ): void;
}
