import { checkIntegers, checkOptions, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import type { Reach } from '../kernels/contract/pool.js';
import * as ops from '../ops/pool.js';
import { numel } from '../shape.js';
import type { Tensor } from '../tensor.js';
import type { ValuesAndIndices } from '../tensor/extrema.js';
import { maxInBatch } from './pool.js';
import { inBatch, perDim, type PerDim } from './spatial.js';

/** Options of `maxUnpool1d`, `maxUnpool2d` and `maxUnpool3d`: those of the max pool that is undone. */
export interface MaxUnpoolOptions {
  /** Step between the pool's windows. Default: the kernel size. */
  readonly stride?: PerDim | null;
  /** Padding of the pool. Default: 0. */
  readonly padding?: PerDim;
  /** Sizes of the result, where the pool left several possible; leading batch and channel sizes may be given too. */
  readonly outputSize?: readonly number[] | null;
}

function maxUnpool(rank: number, x: Tensor, indices: Tensor, kernelSize: PerDim, options: MaxUnpoolOptions): Tensor {
  const name = `maxUnpool${rank}d`;
  checkTensor(name, 'x', x);
  checkTensor(name, 'indices', indices);
  checkOptions(name, options);
  const kernel = perDim(name, 'kernelSize', kernelSize, rank, 1);
  const stride = perDim(name, 'stride', options.stride ?? kernel, rank, 1);
  const padding = perDim(name, 'padding', options.padding ?? 0, rank, 0);
  const usual = x.shape.slice(-rank).map((size, d) => (size - 1) * stride[d]! - 2 * padding[d]! + kernel[d]!);
  if (options.outputSize) checkIntegers(name, 'outputSize', options.outputSize);
  const size = options.outputSize ? options.outputSize.slice(-rank) : usual;
  if (
    size.length !== rank ||
    size.some((length, d) => Math.abs(length - usual[d]!) >= stride[d]! && length !== usual[d])
  )
    throw new ArgumentError(`${name}: outputSize ${shown(size)} is not within a stride of ${shown(usual)}.`);
  return inBatch(name, x, rank, (batch) => {
    const at = indices.ndim === batch.ndim ? indices : indices.unsqueeze(0);
    ops.checkIndices(name, at, size);
    return apply(ops.scatterPlanes, [batch, at], { size, accumulate: false });
  });
}

/**
 * Puts each element of `x` where `indices`, from a max pool, says it came from; zeros elsewhere. Partial inverse of `maxPool1d`.
 *
 * @throws IndexError for an index outside the result; ArgumentError for an impossible `outputSize`
 */
export const maxUnpool1d = (x: Tensor, indices: Tensor, kernelSize: PerDim, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(1, x, indices, kernelSize, options);

/** Partial inverse of `maxPool2d`; see `maxUnpool1d`. */
export const maxUnpool2d = (x: Tensor, indices: Tensor, kernelSize: PerDim, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(2, x, indices, kernelSize, options);

/** Partial inverse of `maxPool3d`; see `maxUnpool1d`. */
export const maxUnpool3d = (x: Tensor, indices: Tensor, kernelSize: PerDim, options: MaxUnpoolOptions = {}): Tensor =>
  maxUnpool(3, x, indices, kernelSize, options);

/** Whether a value is a part of something: a number between 0 and 1. */
const isShare = (ratio: unknown): boolean => typeof ratio === 'number' && ratio > 0 && ratio < 1;

/** Options of fractional max pools: exactly one of `outputSize` and `outputRatio`. */
export interface FractionalMaxPoolOptions {
  /** Spatial sizes of the result; either this or `outputRatio`. */
  readonly outputSize?: PerDim | null;
  /** Sizes of the result as parts of the input's, between 0 and 1. */
  readonly outputRatio?: number | readonly number[] | null;
  /** Return `{ values, indices }`. Default: false. */
  readonly returnIndices?: boolean;
}

const { fround } = Math;

/** Where the windows of one dim start, by Graham's pseudo-random sequence, in float32 as PyTorch computes it. */
function intervals(sample: number, size: number, count: number, kernel: number): Reach {
  const alpha = fround((size - kernel) / (count - 1));
  const first = Math.trunc(fround(sample * alpha));
  const starts = Int32Array.from({ length: count }, (_, i) =>
    i === count - 1 ? size - kernel : Math.trunc(fround(fround(i + sample) * alpha)) - first,
  );
  return { starts, ends: starts.map((at) => at + kernel), lengths: starts.map(() => kernel), step: 1 };
}

function fractionalMaxPool(
  rank: number,
  x: Tensor,
  kernelSize: PerDim,
  samples: Tensor,
  options: FractionalMaxPoolOptions,
): Tensor | ValuesAndIndices {
  const name = `fractionalMaxPool${rank}d`;
  const kernel = perDim(name, 'kernelSize', kernelSize, rank, 1);
  checkTensor(name, 'samples', samples);
  const {
    outputSize = null,
    outputRatio = null,
    returnIndices = false,
  } = optionsOf(name, options, ['outputSize', 'outputRatio', 'returnIndices']);
  if ((outputSize === null) === (outputRatio === null))
    throw new ArgumentError(
      `${name}: give either outputSize or outputRatio, got ${outputSize === null ? 'neither' : 'both'}.`,
    );
  return maxInBatch(name, x, rank, returnIndices, (batch) => {
    const sizes = batch.shape.slice(2);
    const ratios = typeof outputRatio === 'number' ? sizes.map(() => outputRatio) : outputRatio;
    if (ratios && !(Array.isArray(ratios) && ratios.length === rank && Array.from(ratios, isShare).every(Boolean)))
      throw new ArgumentError(
        `${name}: outputRatio must be one number or ${rank} between 0 and 1, got ${described(outputRatio)}.`,
      );
    const wanted = ratios
      ? sizes.map((size, d) => Math.trunc(size * ratios[d]!))
      : perDim(name, 'outputSize', outputSize!, rank, 1);
    sizes.forEach((size, d) => {
      if (wanted[d]! < 1 || wanted[d]! + kernel[d]! - 1 > size)
        throw new ShapeError(
          `${name}: outputs of ${shown(wanted)} with windows of ${shown(kernel)} do not fit the input ${shown(sizes)} (dim ${d}).`,
        );
    });
    const planes = numel(batch.shape.slice(0, 2));
    if (batch.shape[1] === 0)
      throw new ShapeError(`${name}: wants one channel at least, got shape ${shown(batch.shape)}.`);
    if (samples.numel !== planes * rank)
      throw new ShapeError(
        `${name}: samples must have shape [${batch.shape[0]}, ${batch.shape[1]}, ${rank}], got ${shown(samples.shape)}.`,
      );
    const shape = [...batch.shape.slice(0, 2), ...wanted];
    if (planes === 0) return [batch.reshape(shape), batch.detach().reshape(shape)] as const;
    const drawn = samples.to('float32').data;
    // PyTorch gives the first of two samples to the last dim, but the first of three to the first.
    const sampleOf = (plane: number, d: number): number => drawn[plane * rank + (rank === 2 ? rank - 1 - d : d)]!;
    const regions = Array.from({ length: planes }, (_, plane) => ({
      reaches: sizes.map((size, d) => intervals(sampleOf(plane, d), size, wanted[d]!, kernel[d]!)),
      divisor: null,
    }));
    return apply(ops.maxPoolEach, [batch], regions);
  });
}

/**
 * Max pooling over windows whose starts are pseudo-random (Graham, "Fractional max-pooling"), drawn from `samples`: numbers in
 * [0, 1) of shape `[n, c, 2]`, one per channel and dim; `rand` makes them. The same samples give the same windows.
 *
 * @throws ShapeError where windows or samples do not fit; ArgumentError unless one of outputSize and outputRatio is given
 */
export const fractionalMaxPool2d = (
  x: Tensor,
  kernelSize: PerDim,
  samples: Tensor,
  options: FractionalMaxPoolOptions,
): Tensor | ValuesAndIndices => fractionalMaxPool(2, x, kernelSize, samples, options);

/** As `fractionalMaxPool2d` over the last three dims, with samples of shape `[n, c, 3]`. */
export const fractionalMaxPool3d = (
  x: Tensor,
  kernelSize: PerDim,
  samples: Tensor,
  options: FractionalMaxPoolOptions,
): Tensor | ValuesAndIndices => fractionalMaxPool(3, x, kernelSize, samples, options);
