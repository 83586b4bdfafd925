import { checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { checkDType, type DType } from '../dtype.js';
import * as ops from '../ops/affine.js';
import { leastErrorGrid as gridSearch } from '../ops/grid-search.js';
import type { Tensor } from '../tensor.js';
import { paired, type ValuesAndIndices } from '../tensor/extrema.js';
import { operand } from '../tensor/operand.js';

/** Options of the affine quantization functions. */
export interface AffineOptions {
  /**
   * Elements per entry of the encoding along each of its dims, which are the last dims of x: dim d of x consists of
   * `scale.shape[d]` blocks of `blockSize[d]` elements; -1 shares a dim out evenly. Left out, the encoding broadcasts.
   */
  readonly blockSize?: readonly number[] | null;
}

/** Options of `quantizeLinear`. */
export interface QuantizeLinearOptions<D extends DType = DType> extends AffineOptions {
  /** Integer dtype of the result (NaN becomes 0). Left out, the grid positions come as floats and NaN stays. */
  readonly dtype?: D;
}

/**
 * Positions on an integer grid: `clamp(rint(x / scale) - offset, qmin, qmax)`, in float32 operations and in this order,
 * rounding half to even. `offset` has AIMET's sign: minus ONNX's zero point. Differentiable (straight through) unless
 * `dtype` asks for integers.
 *
 * @param x floating tensor
 * @param scale step size, and @param offset position of zero: tensors that broadcast with x, or numbers
 * @throws DTypeError where x or scale is not floating or `dtype` cannot hold the grid; ShapeError where shapes do not fit
 * @example
 * quantizeLinear(tensor([0.1, 0.26]), 0.1, 0, -128, 127); // [1, 3]
 */
export function quantizeLinear<D extends DType = 'float32'>(
  x: Tensor,
  scale: Tensor | number,
  offset: Tensor | number,
  qmin: number,
  qmax: number,
  options: QuantizeLinearOptions<D> = {},
): Tensor<D> {
  checkTensor('quantizeLinear', 'x', x);
  const { blockSize = null, dtype = null } = optionsOf('quantizeLinear', options, ['dtype', 'blockSize']);
  if (dtype !== null) checkDType('quantizeLinear', dtype);
  const inputs = [x, operand(x, scale, 'quantizeLinear'), operand(x, offset, 'quantizeLinear')] as const;
  return apply(ops.quantizeLinear, inputs, { qmin, qmax, blockSize, dtype }) as Tensor as Tensor<D>;
}

/**
 * Numbers from grid positions: `(q + offset) * scale`.
 *
 * @param q grid positions, integers or floats
 * @returns float32 (float64 where an operand of that dtype has dims)
 */
export function dequantizeLinear(
  q: Tensor,
  scale: Tensor | number,
  offset: Tensor | number,
  options: AffineOptions = {},
): Tensor {
  checkTensor('dequantizeLinear', 'q', q);
  const { blockSize = null } = optionsOf('dequantizeLinear', options, ['blockSize']);
  return apply(
    ops.dequantizeLinear,
    [q, operand(q, scale, 'dequantizeLinear'), operand(q, offset, 'dequantizeLinear')],
    {
      qmin: 0,
      qmax: 0,
      blockSize,
      dtype: null,
    },
  );
}

/**
 * `dequantizeLinear(quantizeLinear(x, ...))` in one pass, the numbers that a quantized x stands for. The gradient passes
 * straight through inside the grid and is 0 outside; scale and offset get theirs too. Grids of 20 bits and more are
 * computed in float64 and rounded once.
 *
 * @example
 * fakeQuantize(tensor([0.1, 0.26, 99]), 0.1, 0, -128, 127); // [0.1, 0.3, 12.7]
 */
export function fakeQuantize(
  x: Tensor,
  scale: Tensor | number,
  offset: Tensor | number,
  qmin: number,
  qmax: number,
  options: AffineOptions = {},
): Tensor {
  checkTensor('fakeQuantize', 'x', x);
  const { blockSize = null } = optionsOf('fakeQuantize', options, ['blockSize']);
  return apply(ops.fakeQuantize, [x, operand(x, scale, 'fakeQuantize'), operand(x, offset, 'fakeQuantize')], {
    qmin,
    qmax,
    blockSize,
    dtype: null,
  });
}

/** Options of `leastErrorGrid`. */
export interface LeastErrorGridOptions {
  /** How often each value counts: a number, or a tensor that broadcasts to x. Default: 1. */
  readonly weights?: Tensor | number;
  /** Positive factor of the error of values beyond the ends of a grid. Default: 1. */
  readonly clipWeight?: number;
}

/**
 * Of several affine grids the one that suits values best: per line of `x` (its last dim) the least sum of squared errors of
 * rounding the line to a grid, and the index of the first grid that has it. Grid i rounds to
 * `q = clamp(rint(x / scale[i] - offset[i]), qmin, qmax)`, which stands for `(q + offset[i]) * scale[i]`. Unlike
 * `quantizeLinear` it rounds after taking away the offset, as AIMET's SQNR search: another result only at ties. The sum runs
 * in float32 operations and in a fixed order, the same on every machine; NaN counts as the least error. It is fastest where
 * values that are far from zero come first. Not differentiable.
 *
 * @param x floating `[..., n]`
 * @param scale step sizes, and @param offset positions of zero: `[..., grids]`, which broadcast to the lines of x, or numbers
 * @returns errors and int32 indices of shape `[...]`
 * @throws DTypeError where x or scale is not floating; ShapeError where shapes do not fit; ArgumentError without a grid to
 *   choose from, for limits that are no integers and for a `clipWeight` that is not positive
 * @example
 * leastErrorGrid(tensor([0.1, 0.5, 7]), tensor([0.1, 1]), 0, 0, 7).indices.item(); // 1
 */
export function leastErrorGrid(
  x: Tensor,
  scale: Tensor | number,
  offset: Tensor | number,
  qmin: number,
  qmax: number,
  options: LeastErrorGridOptions = {},
): ValuesAndIndices {
  checkTensor('leastErrorGrid', 'x', x);
  const { weights = 1, clipWeight = 1 } = optionsOf('leastErrorGrid', options, ['weights', 'clipWeight']);
  const inputs = [x, ...[weights, scale, offset].map((one) => operand(x, one, 'leastErrorGrid'))] as const;
  return paired(apply(gridSearch, inputs, { qmin, qmax, clipped: clipWeight }));
}
