import type { View } from '../../storage.js';

/** Cumulative folds along a dim; floats accumulate in float64. */
export type ScanName = 'sum' | 'prod' | 'logsumexp';

/** From the end instead of the start; without each element's own value instead of with it. */
export interface ScanOrder {
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

/** The scanned dim is the last of every view; layouts are arbitrary. No half precision dtypes. */
export interface ScanKernels {
  /** The output's dtype is that of `x`, or one that holds all its values. */
  scan(name: ScanName, x: View, order: ScanOrder, out: View): void;
  /** The extremum so far and the position (int32) of its latest occurrence; NaN stays once met. */
  scanExtremum(name: 'max' | 'min', x: View, values: View, indices: View): void;
  /** `out[i] = grad[i-1] + x[i-1] * out[i-1]` from `out[0] = 0`; mirrored where `reverse`. All of one float dtype. */
  recurrence(grad: View, x: View, reverse: boolean, out: View): void;
}
