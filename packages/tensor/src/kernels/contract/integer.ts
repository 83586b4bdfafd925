import type { View } from '../../storage.js';
import type { AffineGrid } from './affine.js';
import type { ConvWindows } from './conv.js';
import type { Regions } from './pool.js';

/** Where accumulators end up: on the integers from `qmin` to `qmax`, zero at `zeroPoint`. */
export interface IntegerGrid {
  readonly zeroPoint: number;
  readonly qmin: number;
  readonly qmax: number;
}

/** How accumulators of a product become integers of a grid, as `requantize`: multiplier and bias are float32 per output channel. */
export interface Rescaling {
  readonly multiplier: View;
  readonly bias: View;
  readonly grid: IntegerGrid;
}

/** The weight `[n, k]` of a linear layer: a value a byte, or two with the first in the low half of a byte. */
export interface LinearWeight {
  /** int8 or uint8 `[n, k]`, or for halves uint8 `[n, ceil(k / 2)]`; rows lie in order each. */
  readonly values: View;
  /** The sign of halves of bytes; null for whole bytes. */
  readonly halves: 'signed' | 'unsigned' | null;
  /** uint8 `[n, blocks]`, contiguous: multiplies the values of its block, which then fit a byte. Blocks are of one size. */
  readonly factors: View | null;
}

/** Integers and the numbers they stand for: `(q + offset) * scale`. Scale and offset are float32. */
export interface Scaled {
  readonly view: View;
  readonly scale: number;
  readonly offset: number;
}

/** How rows of integers are normalized. */
export interface IntegerNorm {
  /** The step of the integers, float32. */
  readonly scale: number;
  /** The integer that stands for 0, from which deviations are counted; null to count them from the mean of each row. */
  readonly zeroPoint: number | null;
  /** Added to the mean squared deviation. */
  readonly eps: number;
}

/** Functions of two numbers that are put on a grid, as the binary functions of these names. */
export type ScaledBinaryName = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum';

/** Arithmetic on integers that stand for numbers. */
export interface IntegerKernels {
  /**
   * `clamp(rint(f(a, b) / scale) - offset, qmin, qmax)` of the numbers that a and b stand for, every operation rounded to float32:
   * bit for bit what `dequantize`, `binary` and `quantize` give. All views have one shape and integer dtypes, NaN becomes 0.
   */
  binaryScaled(name: ScaledBinaryName, a: Scaled, b: Scaled, grid: Omit<AffineGrid, 'wide'>, out: Scaled): void;
  /**
   * The mean of the numbers in each region on a grid: bit for bit what `dequantize`, `avgPool` and `quantize` give. Views are
   * contiguous `[n, c, d, h, w]` of integer dtypes.
   */
  averageScaled(x: Scaled, regions: Regions, divisor: number | null, grid: Omit<AffineGrid, 'wide'>, out: Scaled): void;
  /**
   * Softmax along the rows of the numbers that integers stand for, on a grid: what `dequantize`, `softmax` and `quantize` give, with
   * the bits of the softmax of the same engine. Views are contiguous `[rows, n]` of integer dtypes.
   */
  softmaxScaled(x: Scaled, grid: Omit<AffineGrid, 'wide'>, out: Scaled): void;
  /**
   * Rows of integers over the root of their mean squared deviation, on a grid. With S and Q the sums of q and of q^2 over a row of `n`,
   * m = S or `n * zeroPoint`, v = (n Q + m (m - 2 S)) / n^2 and r = fround(scale / sqrt(v scale^2 + eps) / n), all exact or in float64:
   * `clamp(rint(fround(fround(n q - m) * r) * multiplier + bias) + zeroPoint, qmin, qmax)`, as `requantize`. `x` is int8 or uint8
   * `[rows, n]`, `y` of an integer dtype; both are contiguous.
   */
  normalizeInteger(x: View, norm: IntegerNorm, rescaling: Rescaling, y: View): void;
  /** `table[x - first]`: `table` is a contiguous vector of the dtype of `out`, `x` has an integer dtype and lies in it. */
  lookup(x: View, table: View, first: number, out: View): void;
  /**
   * `clamp(rint(acc * multiplier + bias) + zeroPoint, qmin, qmax)`: accumulators (int32 or float32) become float32, each operation rounds
   * to float32, `rint` rounds half to even, NaN becomes `qmin`. All views have one shape; multiplier and bias are float32, `out` has an integer dtype.
   */
  requantize(acc: View, multiplier: View, bias: View, grid: IntegerGrid, out: View): void;
  /** The low 16 bits of `x - shift` as `256 * high + low`, int8 and uint8. All views have one shape. */
  splitBytes(x: View, shift: number, high: View, low: View): void;
  /** `256 * high + low` in int32 with wrap-around. */
  joinBytes(high: View, low: View, out: View): void;
  /**
   * `(x - xZero) @ (weight - wZero).T` in int32 with wrap-around; put on a grid where `rescaling` is given. `x` is `[m, k]` of an integer
   * dtype, `wZero` int32 `[n]` or null for zeros, `y` `[m, n]` int32 or of the grid's dtype and contiguous.
   */
  linearInteger(
    x: View,
    weight: LinearWeight,
    xZero: number,
    wZero: View | null,
    y: View,
    rescaling: Rescaling | null,
  ): void;
  /** The values of a weight as bytes `[n, k]`, contiguous. */
  unpackWeight(weight: LinearWeight, out: View): void;
  /**
   * Convolution of `x - xZero` with `weight - wZero` in int32 with wrap-around, padding adds nothing; put on a grid where
   * `rescaling` is given. `x` is `[n, c, d, h, w]`, `weight` `[o, c / groups, ...kernel]`, both have integer dtypes; `wZero` is int32
   * `[o]`, `y` `[n, o, d, h, w]` int32 or of the grid's dtype. The weight is contiguous, and so are the channels of x and y, whose
   * samples and channels may lie in any order.
   */
  convInteger(
    x: View,
    weight: View,
    xZero: number,
    wZero: View,
    y: View,
    windows: ConvWindows,
    rescaling: Rescaling | null,
  ): void;
}
