import type { View } from '../../storage.js';

/** One number for each of the three spatial dims: depth, height, width. */
export type Spatial = readonly [number, number, number];

/** How windows lie over an input: output position o and tap k meet at `o * stride - padding + k * dilation`. */
export interface Windows {
  readonly kernel: Spatial;
  readonly stride: Spatial;
  /** Before the first position; what follows the last one is up to the output's size. */
  readonly padding: Spatial;
  readonly dilation: Spatial;
}

/** Windows of a convolution whose channels fall into groups. */
export interface ConvWindows extends Windows {
  readonly groups: number;
}

/**
 * Convolutions of tensors with three spatial dims (size 1 where unused). All views are contiguous and of one dtype; integers
 * are int32 and wrap. `x` is `[n, c, d, h, w]`, `weight` `[o, c / groups, ...kernel]`, `y` and `grad` `[n, o, ...]`.
 */
export interface ConvKernels {
  /** Cross-correlation of `x` with `weight`, plus `bias` `[o]` where given, into `y`. */
  conv(x: View, weight: View, bias: View | null, y: View, windows: ConvWindows): void;
  /** The adjoint in x: the gradient of `conv` with respect to x, into `x`. */
  convInput(grad: View, weight: View, x: View, windows: ConvWindows): void;
  /** The gradient of `conv` with respect to the weight, into `weight`. */
  convWeight(x: View, grad: View, weight: View, windows: ConvWindows): void;
  /** Copies each window's elements to a column: `x` to `[n, c * taps, windows]`, zeros where a window leaves x. */
  unfold(x: View, out: View, size: Spatial, windows: Windows): void;
  /** The adjoint of `unfold`: adds each column to its window of `x`, which is overwritten. */
  fold(columns: View, x: View, size: Spatial, windows: Windows): void;
}
