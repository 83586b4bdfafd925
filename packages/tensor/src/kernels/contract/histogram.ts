import type { View } from '../../storage.js';

export interface HistogramKernels {
  /**
   * Counts of the elements of each row of `x` (`[rows, n]`) in equal bins of its own from `lo` to `hi` (`[rows]`, finite, lo <= hi),
   * one per column of `out` (`[rows, bins]`): bin `trunc((x - lo) / (hi - lo) * bins)`, each step rounded to the dtype of `x`, or
   * all in float64 where `hi - lo` overflows; `hi` is in the last bin, and what equals both bounds in the first. Elements
   * outside are left out, or where `clip` is set counted in the outer bins; NaN is left out. All but `x` are contiguous.
   */
  histogram(x: View, lo: View, hi: View, clip: boolean, out: View): void;
  /** Adds 1, or the element of `weights`, to `out[x[i]]` for each element of an integer vector in range; `out` is contiguous. */
  bincount(x: View, weights: View | null, out: View): void;
  /**
   * How many elements of a sorted line are smaller than each value (`right`: not larger). `sorted` is `[lines, n]`, `values`
   * and `out` (int32) are `[lines, m]`; a NaN value counts as largest. Layouts are arbitrary.
   */
  searchsorted(sorted: View, values: View, right: boolean, out: View): void;
}
