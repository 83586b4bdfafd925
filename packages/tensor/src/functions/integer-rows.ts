import { checkInteger, checkNumber, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, DTypeError, ShapeError } from '../errors.js';
import * as ops from '../ops/integer-rows.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import {
  checkIntegerTensor,
  requantizationOf,
  scaledGridOf,
  scaleOf,
  type Requantization,
  type ScaledGrid,
  type ScaledIntegers,
} from './integer.js';

/**
 * Softmax along a dim of the numbers that integers stand for, on a grid: bit for bit what `dequantizeLinear`, `softmax` and
 * `quantizeLinear` give, with a row of floats between instead of a tensor. Not differentiable.
 *
 * @throws DTypeError where values or `dtype` are not of an integer dtype; ArgumentError for scales or a grid that are none;
 * IndexError for a dim that x does not have
 * @example
 * softmaxScaled({ values, scale: 0.1 }, -1, { scale: 1 / 256, dtype: 'uint8' });
 */
export function softmaxScaled<D extends DType = 'int8'>(
  x: ScaledIntegers,
  dim: number,
  grid: ScaledGrid<D>,
): Tensor<D> {
  const name = 'softmaxScaled';
  const a = scaleOf(name, 'x', x);
  checkIntegerTensor(name, 'x', x.values);
  const attrs = { dim: wrapDim(name, dim, x.values.ndim), a, ...scaledGridOf(name, grid) };
  return apply(ops.softmaxScaled, [x.values], attrs) as Tensor as Tensor<D>;
}

/** Options of `layerNormInteger`. */
export interface LayerNormIntegerOptions<D extends DType = DType> {
  /** The step of the integers of x, rounded to float32. */
  readonly scale: number;
  /** Added to the variance of the numbers that the integers stand for. Default: 1e-5. */
  readonly eps?: number;
  /** Puts the normalized numbers on a grid: multiplier is the layer's weight over the step of the result, bias its bias. */
  readonly requantize: Requantization<D>;
}

/** Options of `rmsNormInteger`. */
export interface RmsNormIntegerOptions<D extends DType = DType> extends Omit<LayerNormIntegerOptions<D>, 'eps'> {
  /** Added to the mean square. Default: the epsilon of float32, as in `rmsNorm`. */
  readonly eps?: number | null;
  /** The integer that stands for 0. Default: 0. */
  readonly zeroPoint?: number;
}

function normalized<D extends DType>(
  name: string,
  x: Tensor,
  zeroPoint: number | null,
  { scale, eps = 1e-5, requantize }: LayerNormIntegerOptions<D>,
): Tensor<D> {
  checkTensor(name, 'x', x);
  if (x.dtype !== 'int8' && x.dtype !== 'uint8')
    throw new DTypeError(`${name}: x must be int8 or uint8, got ${x.dtype}.`);
  if (x.ndim === 0) throw new ShapeError(`${name}: x needs at least one dim.`);
  checkNumber(name, 'scale', scale);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new ArgumentError(`${name}: scale must be positive and finite, got ${scale}.`);
  checkNumber(name, 'eps', eps, 0);
  if (zeroPoint !== null) checkInteger(name, 'zeroPoint', zeroPoint);
  const { inputs, onGrid } = requantizationOf(name, x, requantize);
  if (onGrid === null) throw new ArgumentError(`${name}: requantize must be given, with a multiplier.`);
  const [multiplier, bias] = inputs as readonly [Tensor, Tensor];
  const norm = { scale: Math.fround(scale), zeroPoint, eps };
  return apply(ops.normalizeInteger, [x, multiplier, bias], { name, norm, onGrid }) as Tensor as Tensor<D>;
}

/**
 * `layerNorm` over the last dim of the numbers that integers stand for, on a grid. Sums over a row are exact; every element is
 * multiplied in float32, as `requantize` does: next to the middle between two steps it may round apart from the norm of floats.
 * Not differentiable.
 *
 * @param x int8 or uint8 `[..., n]`; multiplier and bias of `requantize` are numbers, or float32 `[n]`
 * @throws DTypeError for x of another dtype; ShapeError where multiplier or bias do not fit; ArgumentError for numbers or a grid
 * that are none
 * @example
 * layerNormInteger(values, { scale: 0.1, requantize: { multiplier: weight.div(0.05), bias: bias.div(0.05) } });
 */
export const layerNormInteger = <D extends DType = 'int8'>(x: Tensor, options: LayerNormIntegerOptions<D>): Tensor<D> =>
  normalized('layerNormInteger', x, null, optionsOf('layerNormInteger', options, ['scale', 'eps', 'requantize']));

/**
 * `rmsNorm` over the last dim of the numbers that integers stand for, on a grid; as `layerNormInteger`, which also says what it
 * throws.
 *
 * @param x int8 or uint8 `[..., n]`
 */
export function rmsNormInteger<D extends DType = 'int8'>(x: Tensor, options: RmsNormIntegerOptions<D>): Tensor<D> {
  const {
    zeroPoint = 0,
    eps,
    ...rest
  } = optionsOf('rmsNormInteger', options, ['eps', 'zeroPoint', 'scale', 'requantize']);
  return normalized('rmsNormInteger', x, zeroPoint, { ...rest, eps: eps ?? 2 ** -23 });
}
