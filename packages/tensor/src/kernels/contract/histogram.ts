import type { View } from '../../storage.js';

export interface HistogramKernels {
  /**
   * Counts of the elements in `[lo, hi]` in equal bins, one per element of `out`: bin `trunc((x - lo) / (hi - lo) * bins)`,
   * each step rounded to the dtype of `x`, `hi` in the last bin. Elements outside and NaN are left out. `out` is contiguous.
   */
  histogram(x: View, lo: number, hi: number, out: View): void;
  /** Adds 1, or the element of `weights`, to `out[x[i]]` for each element of an integer vector in range; `out` is contiguous. */
  bincount(x: View, weights: View | null, out: View): void;
  /**
   * How many elements of a sorted line are smaller than each value (`right`: not larger). `sorted` is `[lines, n]`, `values`
   * and `out` (int32) are `[lines, m]`; a NaN value counts as largest. Layouts are arbitrary.
   */
  searchsorted(sorted: View, values: View, right: boolean, out: View): void;
}
