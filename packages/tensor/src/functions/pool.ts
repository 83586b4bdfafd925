import { checkNumber, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { ArgumentError } from '../errors.js';
import * as ops from '../ops/pool.js';
import type { Tensor } from '../tensor.js';
import type { ValuesAndIndices } from '../tensor/extrema.js';
import { adaptiveReaches, reachesOf, windowsOf, type AdaptiveSize } from './regions.js';
import { batchOf, inBatch, perDim, type PerDim } from './spatial.js';

/** Options of max pools. */
export interface MaxPoolOptions {
  /** Step between windows. Default: the kernel size. */
  readonly stride?: PerDim | null;
  /** Positions at both sides that count as -Infinity, at most half a window. Default: 0. */
  readonly padding?: PerDim;
  /** Distance between the elements of a window. Default: 1. */
  readonly dilation?: PerDim;
  /** Also take a last window that leaves the padded input, as long as it starts inside. Default: false. */
  readonly ceilMode?: boolean;
  /** Return `{ values, indices }`, the indices counting positions within a channel. Default: false. */
  readonly returnIndices?: boolean;
}

/** Options of average pools. */
export interface AvgPoolOptions {
  /** Step between windows. Default: the kernel size. */
  readonly stride?: PerDim | null;
  /** Zeros at both sides, at most half a window. Default: 0. */
  readonly padding?: PerDim;
  /** Count windows that begin inside but end outside. Default: false. */
  readonly ceilMode?: boolean;
  /** Whether padding counts in the divisor. Default: true. */
  readonly countIncludePad?: boolean;
  /** Divisor instead of the window's size. */
  readonly divisorOverride?: number | null;
}

/** Options of `lpPool1d` and `lpPool2d`. */
export interface LpPoolOptions {
  /** Step between windows. Default: the kernel size. */
  readonly stride?: PerDim | null;
  /** Count windows that begin inside but end outside. Default: false. */
  readonly ceilMode?: boolean;
}

/** Options of pools that return where their maxima are. */
export interface IndicesOption {
  /** Return `{ values, indices }`. Default: false. */
  readonly returnIndices?: boolean;
}

/** Asks a max pool for the positions of the maxima. */
export interface WithIndices {
  /** Return `{ values, indices }`. */
  readonly returnIndices: true;
}

/** Runs a pool with indices on a batch, of one where `x` has no batch dim. */
export function maxInBatch(
  name: string,
  x: Tensor,
  rank: number,
  returnIndices: boolean,
  pool: (x: Tensor) => readonly [Tensor, Tensor],
): Tensor | ValuesAndIndices {
  const batch = batchOf(name, x, rank);
  const [values, indices] = pool(batch.x);
  return returnIndices
    ? { values: batch.restore(values), indices: batch.restore(indices).to('int32') }
    : batch.restore(values);
}

function maxPool(rank: number, x: Tensor, kernelSize: PerDim, options: MaxPoolOptions): Tensor | ValuesAndIndices {
  const name = `maxPool${rank}d`;
  const known = ['stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;
  const { returnIndices = false, ...windowing } = optionsOf(name, options, known);
  const windows = windowsOf(name, rank, kernelSize, windowing);
  return maxInBatch(name, x, rank, returnIndices, (batch) =>
    apply(ops.maxPool, [batch], { reaches: reachesOf(name, batch.shape.slice(2), windows), divisor: null }),
  );
}

/**
 * Largest element of each window of `[n, c, length]` or `[c, length]`; NaN counts as largest.
 *
 * @throws ArgumentError for options out of range; ShapeError where no window fits
 */
export function maxPool1d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions & WithIndices): ValuesAndIndices;
export function maxPool1d(
  x: Tensor,
  kernelSize: PerDim,
  options?: MaxPoolOptions & { readonly returnIndices?: false },
): Tensor;
export function maxPool1d(x: Tensor, kernelSize: PerDim, options?: MaxPoolOptions): Tensor | ValuesAndIndices;
export function maxPool1d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}): Tensor | ValuesAndIndices {
  return maxPool(1, x, kernelSize, options);
}

/** Largest element of each window of `[n, c, h, w]` or `[c, h, w]`; see `maxPool1d`. */
export function maxPool2d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions & WithIndices): ValuesAndIndices;
export function maxPool2d(
  x: Tensor,
  kernelSize: PerDim,
  options?: MaxPoolOptions & { readonly returnIndices?: false },
): Tensor;
export function maxPool2d(x: Tensor, kernelSize: PerDim, options?: MaxPoolOptions): Tensor | ValuesAndIndices;
export function maxPool2d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}): Tensor | ValuesAndIndices {
  return maxPool(2, x, kernelSize, options);
}

/** Largest element of each window of `[n, c, d, h, w]` or `[c, d, h, w]`; see `maxPool1d`. */
export function maxPool3d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions & WithIndices): ValuesAndIndices;
export function maxPool3d(
  x: Tensor,
  kernelSize: PerDim,
  options?: MaxPoolOptions & { readonly returnIndices?: false },
): Tensor;
export function maxPool3d(x: Tensor, kernelSize: PerDim, options?: MaxPoolOptions): Tensor | ValuesAndIndices;
export function maxPool3d(x: Tensor, kernelSize: PerDim, options: MaxPoolOptions = {}): Tensor | ValuesAndIndices {
  return maxPool(3, x, kernelSize, options);
}

function avgPool(rank: number, x: Tensor, kernelSize: PerDim, options: AvgPoolOptions): Tensor {
  const name = `avgPool${rank}d`;
  const divisor =
    optionsOf(name, options, ['stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride']).divisorOverride ??
    null;
  if (divisor !== null) checkNumber(name, 'divisorOverride', divisor);
  if (divisor === 0) throw new ArgumentError(`${name}: divisorOverride must not be 0.`);
  const windows = windowsOf(name, rank, kernelSize, options);
  return inBatch(name, x, rank, (batch) =>
    apply(ops.avgPool, [batch], { reaches: reachesOf(name, batch.shape.slice(2), windows), divisor }),
  );
}

/**
 * Mean of each window of `[n, c, length]` or `[c, length]`.
 *
 * @throws ArgumentError for options out of range; ShapeError where no window fits
 */
export const avgPool1d = (x: Tensor, kernelSize: PerDim, options: AvgPoolOptions = {}): Tensor =>
  avgPool(1, x, kernelSize, options);

/** Mean of each window of `[n, c, h, w]` or `[c, h, w]`; see `avgPool1d`. */
export const avgPool2d = (x: Tensor, kernelSize: PerDim, options: AvgPoolOptions = {}): Tensor =>
  avgPool(2, x, kernelSize, options);

/** Mean of each window of `[n, c, d, h, w]` or `[c, d, h, w]`; see `avgPool1d`. */
export const avgPool3d = (x: Tensor, kernelSize: PerDim, options: AvgPoolOptions = {}): Tensor =>
  avgPool(3, x, kernelSize, options);

function adaptiveAvgPool(rank: number, x: Tensor, outputSize: AdaptiveSize): Tensor {
  const name = `adaptiveAvgPool${rank}d`;
  return inBatch(name, x, rank, (batch) =>
    apply(ops.avgPool, [batch], {
      reaches: adaptiveReaches(name, rank, batch.shape, outputSize),
      divisor: null,
    }),
  );
}

/** Means of `outputSize` even parts of the last dim; `adaptiveAvgPool1d(x, 1)` is the global mean. */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: AdaptiveSize): Tensor => adaptiveAvgPool(1, x, outputSize);

/** Means of even parts of the last two dims; null keeps a dim's size. */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: AdaptiveSize): Tensor => adaptiveAvgPool(2, x, outputSize);

/** Means of even parts of the last three dims; null keeps a dim's size. */
export const adaptiveAvgPool3d = (x: Tensor, outputSize: AdaptiveSize): Tensor => adaptiveAvgPool(3, x, outputSize);

function adaptiveMaxPool(
  rank: number,
  x: Tensor,
  outputSize: AdaptiveSize,
  options: IndicesOption,
): Tensor | ValuesAndIndices {
  const name = `adaptiveMaxPool${rank}d`;
  const { returnIndices = false } = optionsOf(name, options, ['returnIndices']);
  return maxInBatch(name, x, rank, returnIndices, (batch) =>
    apply(ops.maxPool, [batch], {
      reaches: adaptiveReaches(name, rank, batch.shape, outputSize),
      divisor: null,
    }),
  );
}

/** Maxima of `outputSize` even parts of the last dim. */
export function adaptiveMaxPool1d(x: Tensor, outputSize: AdaptiveSize, options: WithIndices): ValuesAndIndices;
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: { readonly returnIndices?: false },
): Tensor;
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: IndicesOption,
): Tensor | ValuesAndIndices;
export function adaptiveMaxPool1d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: IndicesOption = {},
): Tensor | ValuesAndIndices {
  return adaptiveMaxPool(1, x, outputSize, options);
}

/** Maxima of even parts of the last two dims. */
export function adaptiveMaxPool2d(x: Tensor, outputSize: AdaptiveSize, options: WithIndices): ValuesAndIndices;
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: { readonly returnIndices?: false },
): Tensor;
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: IndicesOption,
): Tensor | ValuesAndIndices;
export function adaptiveMaxPool2d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: IndicesOption = {},
): Tensor | ValuesAndIndices {
  return adaptiveMaxPool(2, x, outputSize, options);
}

/** Maxima of even parts of the last three dims. */
export function adaptiveMaxPool3d(x: Tensor, outputSize: AdaptiveSize, options: WithIndices): ValuesAndIndices;
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: { readonly returnIndices?: false },
): Tensor;
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options?: IndicesOption,
): Tensor | ValuesAndIndices;
export function adaptiveMaxPool3d(
  x: Tensor,
  outputSize: AdaptiveSize,
  options: IndicesOption = {},
): Tensor | ValuesAndIndices {
  return adaptiveMaxPool(3, x, outputSize, options);
}

function lpPool(rank: number, x: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions): Tensor {
  const name = `lpPool${rank}d`;
  checkTensor(name, 'x', x);
  checkNumber(name, 'normType', normType);
  const { stride, ceilMode } = optionsOf(name, options, ['stride', 'ceilMode']);
  const kernel = perDim(name, 'kernelSize', kernelSize, rank, 1);
  const mean = avgPool(rank, x.pow(normType), kernel, { stride, ceilMode });
  // As PyTorch: the root of a negative sum, which odd powers allow, is taken of 0 below it.
  const positive = mean.sign().mul(mean.abs().relu());
  return positive.mul(kernel.reduce((product, size) => product * size, 1)).pow(1 / normType);
}

/** The p-norm of each window, `sum(x^p)^(1/p)`; p = `normType`. */
export const lpPool1d = (x: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  lpPool(1, x, normType, kernelSize, options);

/** The p-norm of each window of the last two dims. */
export const lpPool2d = (x: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  lpPool(2, x, normType, kernelSize, options);

/** The p-norm of each window of the last three dims. */
export const lpPool3d = (x: Tensor, normType: number, kernelSize: PerDim, options: LpPoolOptions = {}): Tensor =>
  lpPool(3, x, normType, kernelSize, options);
