import { checkNumber } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import { averageScaled } from '../ops/pool.js';
import type { Tensor } from '../tensor.js';
import { checkIntegerTensor, scaledGridOf, scaleOf, type ScaledGrid, type ScaledIntegers } from './integer.js';
import type { AvgPoolOptions } from './pool.js';
import { adaptiveReaches, reachesOf, windowsOf, type AdaptiveSize } from './regions.js';
import type { PerDim } from './spatial.js';

/** Windows, as `avgPool2d` takes them. */
export interface AverageWindows extends AvgPoolOptions {
  /** Size of a window: one for all dims, or one per dim. */
  readonly kernelSize: PerDim;
}

/** Even parts, as `adaptiveAvgPool2d` takes them. */
export interface AverageParts {
  /** How many parts: one number for all dims, or one per dim. */
  readonly outputSize: AdaptiveSize;
}

/** The regions of an average. */
export type AverageRegions = AverageWindows | AverageParts;

/**
 * Means of the numbers that integers stand for, on a grid: bit for bit what `dequantizeLinear`, the pool of that many dims and
 * `quantizeLinear` give, without the floats between. Not differentiable.
 *
 * @param x `[n, c, length]`, `[n, c, h, w]` or `[n, c, d, h, w]`
 * @throws DTypeError where values or `dtype` are not of an integer dtype; ArgumentError for regions, scales or a grid that are none;
 * ShapeError for values of other ranks, or where no window fits
 * @example
 * avgPoolScaled({ values, scale: 0.1 }, { outputSize: 1 }, { scale: 0.05, dtype: 'int8' });
 */
export function avgPoolScaled<D extends DType = 'int8'>(
  x: ScaledIntegers,
  regions: AverageRegions,
  grid: ScaledGrid<D>,
): Tensor<D> {
  const name = 'avgPoolScaled';
  const a = scaleOf(name, 'x', x);
  checkIntegerTensor(name, 'x', x.values);
  const rank = x.values.ndim - 2;
  if (rank < 1 || rank > 3)
    throw new ShapeError(`${name}: x must have rank 3 to 5 ([batch, channels, ...]), got ${shown(x.values.shape)}.`);
  if (typeof regions !== 'object' || regions === null)
    throw new ArgumentError(`${name}: regions must be { kernelSize } or { outputSize }, got ${described(regions)}.`);
  const sizes = x.values.shape.slice(2);
  const adaptive = 'outputSize' in regions;
  const divisor = adaptive ? null : (regions.divisorOverride ?? null);
  if (divisor !== null) checkNumber(name, 'divisorOverride', divisor);
  if (divisor === 0) throw new ArgumentError(`${name}: divisorOverride must not be 0.`);
  const reaches = adaptive
    ? adaptiveReaches(name, rank, x.values.shape, regions.outputSize)
    : reachesOf(name, sizes, windowsOf(name, rank, regions.kernelSize, regions));
  const attrs = { reaches, divisor, a, ...scaledGridOf(name, grid) };
  return apply(averageScaled, [x.values], attrs) as Tensor as Tensor<D>;
}
