import type { View } from '../../storage.js';

/** The sorted dim is the last of every view; layouts are arbitrary, indices are int32. NaN counts as larger than all. */
export interface SortKernels {
  /** The first elements in order, as many as the output has, and where they were. Stable. */
  sort(x: View, descending: boolean, values: View, indices: View): void;
  /** The element of rank `rank` (from 0, ascending, stable) of each line. The outputs lack the last dim. */
  kth(x: View, rank: number, values: View, indices: View): void;
  /** The lower median; NaN where a line has one (its first), unless `skipNaN` leaves them out. */
  median(x: View, skipNaN: boolean, values: View, indices: View): void;
  /** The most frequent value of each line, the smallest of several, and its last position. */
  mode(x: View, values: View, indices: View): void;
  /**
   * Equal rows of an `[n, width]` view put together, in lexicographic order: writes, for each distinct row, the position of
   * its first occurrence and how often it occurs, and for each row which distinct one it is. `first`, `counts` and
   * `inverse` are contiguous int32 of n elements. Returns the number of distinct rows. NaN equals nothing.
   */
  unique(rows: View, first: View, counts: View, inverse: View): number;
}
