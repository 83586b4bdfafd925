import type { View } from '../../storage.js';

export interface SoftmaxKernels {
  /** `exp(x) / sum(exp(x))` over the last dim, or its logarithm. One float dtype, arbitrary layouts. */
  softmax(x: View, log: boolean, out: View): void;
}
