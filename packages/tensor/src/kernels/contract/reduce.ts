import type { View } from '../../storage.js';

/** Folds over all elements of a group. */
export type ReduceName = 'sum' | 'prod' | 'amax' | 'amin';

/** `x` has the reduced dims last; `out` is contiguous with the shape of the dims before them, in the same dtype. */
export interface ReduceKernels {
  reduce(name: ReduceName, x: View, out: View): void;
}
