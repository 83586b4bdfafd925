import type { View } from '../../storage.js';

/** The ends of a grid, and how much errors of elements beyond them count. */
export interface SearchedGrid {
  readonly qmin: number;
  readonly qmax: number;
  /** Positive factor of the squared errors of clipped elements. */
  readonly clipped: number;
}

export interface GridSearchKernels {
  /**
   * Per row, the least error of several grids, and the first grid that has it. `x` and `weights` are `[rows, n]`, `scale` and
   * `offset` are `[rows, candidates]`, `values` and `indices` `[rows]`, all contiguous, the indices int32 and the others
   * float32 or float64, to which each step rounds:
   *
   *     q = rint(x / scale - offset);  e = (clamp(q, qmin, qmax) + offset) * scale - x
   *     term = (e * e) * weight, times `clipped` where q lies outside
   *
   * An error that is NaN counts as the least. The order of the sum is part of the result: first the elements that weigh
   * something, from both ends inwards (the first, the last, the second, ...), so that in a sorted row a grid that clips too
   * much is given up soon; then those of weight 0, which matter only where their error is not finite. They are cut in blocks
   * of 32; term i of a block joins partial sum i mod 4, a block is (s0 + s2) + (s1 + s3), and blocks are added in float64.
   */
  leastErrorGrid(
    x: View,
    weights: View,
    scale: View,
    offset: View,
    grid: SearchedGrid,
    values: View,
    indices: View<'int32'>,
  ): void;
}
