import type { View } from '../../storage.js';

/** The numbers of a step of Adam. */
export interface AdamStep {
  readonly beta1: number;
  readonly beta2: number;
  /** 1 - beta1 and 1 - beta2. */
  readonly share1: number;
  readonly share2: number;
  /** Square root of the correction of the second mean. */
  readonly root: number;
  readonly eps: number;
  /** Learning rate by the correction of the first mean. */
  readonly size: number;
}

/** The numbers of a step of gradient descent with momentum. */
export interface MomentumStep {
  readonly momentum: number;
  /** Share of the gradient that joins the momentum. */
  readonly share: number;
  readonly lr: number;
  readonly nesterov: boolean;
}

/**
 * Steps of optimizers, in place. All views of a call have one shape and one dtype, float32 or float64; the numbers and every
 * operation are rounded to it, in the order written.
 */
export interface OptimKernels {
  /**
   * `mean = mean * beta1 + share1 * grad`, `square = square * beta2 + (share2 * grad) * grad`, `largest = max(largest, square)`, and
   * `param = param + (-size * mean) / (sqrt(largest) / root + eps)`; without `largest` the square itself.
   */
  adam(param: View, grad: View, mean: View, square: View, largest: View | null, step: AdamStep): void;
  /** `buffer = buffer * momentum + share * grad`; `param += -lr * buffer`, or of `grad + momentum * buffer`. */
  descend(param: View, grad: View, buffer: View, step: MomentumStep): void;
}
