import type { View } from '../../storage.js';

/** Folds over all elements of a group, rounded or wrapped to the output's dtype at each step. */
export type ReduceName = 'sum' | 'prod' | 'amax' | 'amin';

/** Questions about how many elements of a group are not zero; NaN is not zero. */
export type QuantifierName = 'all' | 'any' | 'countNonzero';

/**
 * Every `x` has the reduced dims last; every output is contiguous with the shape of the dims before them. No half
 * precision dtypes. A group may be empty only where the result is defined (not for extrema).
 */
export interface ReduceKernels {
  /** The output's dtype is that of `x`, or one that holds all its values. float32 sums accumulate in float32. */
  reduce(name: ReduceName, x: View, out: View): void;
  quantify(name: QuantifierName, x: View, out: View): void;
  /** Smallest and largest of each group in one pass; NaN propagates. */
  extrema(x: View, min: View, max: View): void;
  /** Row-major position in its group (int32) of the first largest or smallest element, the first NaN before all; and that element. */
  argReduce(name: 'max' | 'min', x: View, values: View | null, indices: View): void;
  /** Mean and squared deviations summed over `max(0, n - correction)`, accumulated in float64. */
  variance(x: View, correction: number, variance: View, mean: View): void;
  /** `(sum |x|^p)^(1/p)`, and its limits for p = 0 (count), Infinity and -Infinity; accumulated in float64. */
  norm(p: number, x: View, out: View): void;
  /** `log(sum(exp(x)))` without overflow; -Infinity for an empty group. */
  logsumexp(x: View, out: View): void;
}
