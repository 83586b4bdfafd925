import type { View } from '../../storage.js';
import type { ConvWindows } from './conv.js';

/** Where accumulators end up: on the integers from `qmin` to `qmax`, zero at `zeroPoint`. */
export interface IntegerGrid {
  readonly zeroPoint: number;
  readonly qmin: number;
  readonly qmax: number;
}

/** Arithmetic on integers that stand for numbers. */
export interface IntegerKernels {
  /**
   * `clamp(rint(acc * multiplier + bias) + zeroPoint, qmin, qmax)`: accumulators (int32) become float32, each operation rounds
   * to float32, `rint` rounds half to even. All views have one shape; multiplier and bias are float32, `out` has an integer dtype.
   */
  requantize(acc: View, multiplier: View, bias: View, grid: IntegerGrid, out: View): void;
  /**
   * Convolution of `x - xZero` with `weight - wZero` in int32 with wrap-around, padding adds nothing. `x` `[n, c, d, h, w]` and
   * `weight` `[o, c / groups, ...kernel]` are contiguous and have integer dtypes; `wZero` is int32 `[o]`. `y` `[n, o, d, h, w]` is
   * int32: contiguous, or with its first two dims exchanged in memory, which multiplies all samples at once.
   */
  convInteger(x: View, weight: View, xZero: number, wZero: View, y: View, windows: ConvWindows): void;
}
