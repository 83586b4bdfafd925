import type { View } from '../../storage.js';

/** What a scattered element does to the one that is there; elements are taken in row-major order of the index. */
export type ScatterName = 'set' | 'add' | 'prod' | 'amax' | 'amin';

/** Indices are views of an integer dtype whose values are known to be inside `[0, size)`. Other views share one dtype. */
export interface IndexingKernels {
  /** The first value of `index` outside `[low, high)`, or null. */
  firstOutside(index: View, low: number, high: number): number | null;
  /** `out[a, k, b] = x[a, index[k], b]`; `out` contiguous, `index` one-dimensional. */
  indexSelect(x: View, index: View, out: View): void;
  /** `out[a, index[k], b] (op)= x[a, k, b]`; `index` one-dimensional. */
  indexScatter(name: ScatterName, x: View, index: View, out: View): void;
  /** `out[.., i, ..] = x[.., index[.., i, ..], ..]` with the indexed position in `dim`; `out` has the shape of `index`. */
  gather(x: View, dim: number, index: View, out: View): void;
  /** `out[.., index[.., i, ..], ..] (op)= x[.., i, ..]`; `x` has the shape of `index`. */
  scatter(name: ScatterName, x: View, dim: number, index: View, out: View): void;
  /** `out[i] += x[i]` in order, for an `out` that may show one element at several positions. */
  accumulate(x: View, out: View): void;
  /** `out = sum over k of (index_k, counted from the front) * stride_k`: several indices as one over the flattened dims of `sizes`. */
  linearIndex(indices: readonly View[], sizes: readonly number[], out: View): void;
  /** How many elements are not zero. */
  countNonzero(x: View): number;
  /** Row-major positions of the elements that are not zero, into an int32 `out` of that many elements. */
  nonzero(x: View, out: View): void;
  /** Row-major positions in `shape` as coordinates: `out[i] = [i0, i1, ...]`, contiguous. */
  unravel(positions: View, shape: readonly number[], out: View): void;
}
