import type { View } from '../../storage.js';

/** For each output position the input positions it is a weighted sum of: entries `first[o]` to `first[o + 1]` of the lists. */
export interface Taps {
  readonly first: Int32Array;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/** Weighted sums along the middle of three dims. Views are contiguous and of one dtype. */
export interface ResampleKernels {
  /** `out[a, o, b] = sum of weight * x[a, index, b]`. */
  resample(x: View, taps: Taps, out: View): void;
  /** The adjoint: spreads `grad[a, o, b]` over `out[a, index, b]`, which is overwritten. */
  resampleGrad(grad: View, taps: Taps, out: View): void;
}
