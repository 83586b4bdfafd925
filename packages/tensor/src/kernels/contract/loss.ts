import type { View } from '../../storage.js';

/** What becomes of the losses of a batch. */
export type Reduction = 'none' | 'mean' | 'sum';

/** The classes of samples: `target` `[n, s]` of an integer dtype, `weight` `[c]` or null, the index that does not count. */
export interface Classes {
  readonly target: View;
  readonly weight: View | null;
  readonly ignoreIndex: number;
}

/** Floats of a call are float32 or float64, summed in float64 and rounded once; layouts are arbitrary. */
export interface LossKernels {
  /**
   * `-weight[t] * x[n, t, s]` for each sample's class t, 0 where it does not count: into `out` `[n, s]`, or their sum, or that by the
   * sum of the weights into the one element of `out`. `x` is `[n, c, s]`.
   */
  nll(x: View, classes: Classes, reduction: Reduction, out: View): void;
  /** The adjoint of `nll`: `out` `[n, c, s]` is `-weight[t] * grad` at the classes, 0 elsewhere; `grad` as the result of `nll`. */
  nllGrad(grad: View, classes: Classes, reduction: Reduction, out: View): void;
}
