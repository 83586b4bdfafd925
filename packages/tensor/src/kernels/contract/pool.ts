import type { View } from '../../storage.js';
import type { Spatial } from './conv.js';

/** The part of the input that each output position of one spatial dim sees: `start`, `start + step`, ... before `end`. */
export interface Reach {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** What the part counts as in an average, padding included where that is asked for. */
  readonly lengths: Int32Array;
  readonly step: number;
}

/** Regions over the three spatial dims: depth, height, width. */
export type Regions = readonly [Reach, Reach, Reach];

/**
 * Pools over regions of `[n, c, d, h, w]` tensors. All views are contiguous; indices are int32 and count positions within one
 * channel of the larger tensor.
 */
export interface PoolKernels {
  /** The largest element of each region and its index: the first of equals, NaN above all; -Infinity and -1 for an empty one. */
  maxPool(x: View, regions: Regions, out: View, indices: View): void;
  /** The sum of each region over its length, or over `divisor` where given. */
  avgPool(x: View, regions: Regions, divisor: number | null, out: View): void;
  /** The adjoint of `avgPool`: spreads each element of `grad` evenly over its region of `out`, which is overwritten. */
  avgUnpool(grad: View, regions: Regions, divisor: number | null, out: View): void;
  /** `out[index] = x`, or `+=`, in each channel, zero elsewhere; negative indices are skipped. `size` elements of out per channel. */
  scatterPlanes(x: View, indices: View, size: Spatial, accumulate: boolean, out: View): void;
  /** `out = x[index]` in each channel; 0 for negative indices. */
  gatherPlanes(x: View, indices: View, size: Spatial, out: View): void;
}
