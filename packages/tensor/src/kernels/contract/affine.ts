import type { View } from '../../storage.js';

/** A grid of integers, and whether its arithmetic is done in float64 although the elements are float32. */
export interface AffineGrid {
  readonly qmin: number;
  readonly qmax: number;
  readonly wide: boolean;
}

/** Where the gradients of an encoding are added up: float64 views, broadcast to the shape of the elements. */
export interface EncodingSums {
  readonly scale: View<'float64'>;
  readonly offset: View<'float64'>;
}

/**
 * Affine quantization. All views of a call have one shape (encodings are broadcast to it by their layouts); floats are
 * float32, each operation rounded to it, or float64. `rint` rounds half to even, `clamp` keeps -0 and NaN.
 */
export interface AffineKernels {
  /** `clamp(rint(x / scale) - offset, qmin, qmax)`; into an integer dtype too, where NaN becomes 0. */
  quantize(x: View, scale: View, offset: View, grid: AffineGrid, out: View): void;
  /** `(q + offset) * scale`; `q` of any dtype. */
  dequantize(q: View, scale: View, offset: View, out: View): void;
  /** Both, in one pass. */
  fakeQuantize(x: View, scale: View, offset: View, grid: AffineGrid, out: View): void;
  /** Straight-through gradient of `quantize`: writes the gradient of x, adds those of the encoding. */
  quantizeGrad(
    grad: View,
    x: View,
    scale: View,
    offset: View,
    grid: AffineGrid,
    out: View,
    sums: EncodingSums | null,
  ): void;
  /** Gradient of `dequantize`. */
  dequantizeGrad(grad: View, q: View, scale: View, offset: View, out: View, sums: EncodingSums | null): void;
  /** Gradient of `fakeQuantize`: 1 inside the grid and 0 outside, decided after rounding. */
  fakeQuantizeGrad(
    grad: View,
    x: View,
    scale: View,
    offset: View,
    grid: AffineGrid,
    out: View,
    sums: EncodingSums | null,
  ): void;
}
