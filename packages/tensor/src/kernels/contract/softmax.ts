import type { View } from '../../storage.js';

export interface SoftmaxKernels {
  /** `exp(x) / sum(exp(x))` over the last dim, or its logarithm. One float dtype, arbitrary layouts. */
  softmax(x: View, log: boolean, out: View): void;
  /**
   * The gradient of `softmax` in x from that of its result `y`: `y * (grad - sum(grad * y))`, or for the logarithm
   * `grad - exp(y) * sum(grad)`. One float dtype and shape, arbitrary layouts.
   */
  softmaxGrad(grad: View, y: View, log: boolean, out: View): void;
}
