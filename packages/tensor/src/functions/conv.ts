import { checkInteger, checkOptionalTensor, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/conv.js';
import { convInteger as convIntegerOp } from '../ops/integer.js';
import type { Tensor } from '../tensor.js';
import { operand } from '../tensor/operand.js';
import { requantizationOf, type Requantization } from './integer.js';
import { inBatch, perDim, type PerDim } from './spatial.js';

/** Options of convolutions. */
export interface ConvOptions {
  /** Step between windows. Default: 1. */
  readonly stride?: PerDim;
  /** Zeros on both sides of each dim; `'valid'` for none, `'same'` for an output of the input's size (stride 1 only). Default: 0. */
  readonly padding?: PerDim | 'same' | 'valid';
  /** Distance between the taps of a window. Default: 1. */
  readonly dilation?: PerDim;
  /** Channel groups that do not see each other. Default: 1. */
  readonly groups?: number;
}

/** Options of transposed convolutions. */
export interface ConvTransposeOptions {
  /** Step of the kernel in the result. Default: 1. */
  readonly stride?: PerDim;
  /** Rows of the full result that are cut off at both sides. Default: 0. */
  readonly padding?: PerDim;
  /** Rows added at the end, to tell apart sizes that a strided convolution maps to one. Default: 0. */
  readonly outputPadding?: PerDim;
  /** Blocks of channels that are convolved apart. Default: 1. */
  readonly groups?: number;
  /** Distance of the kernel's elements. Default: 1. */
  readonly dilation?: PerDim;
}

/** Options of `convInteger`. */
export interface ConvIntegerOptions<D extends DType = DType> extends ConvOptions {
  /** Zero point of x, the value that padding has. Default: 0. */
  readonly xZeroPoint?: Tensor | number;
  /** Zero point of the weight: one number, or one per output channel. Default: 0. */
  readonly wZeroPoint?: Tensor | number;
  /** Puts the result on a grid, as `requantize` does; multiplier and bias are numbers, or vectors with one per output channel. */
  readonly requantize?: Requantization<D> | null;
}

function checkWeight(name: string, weight: Tensor, rank: number): void {
  checkTensor(name, 'weight', weight);
  if (weight.ndim !== rank + 2)
    throw new ShapeError(
      `${name}: weight must have rank ${rank + 2} ([out, in, ...kernel]), got ${shown(weight.shape)}.`,
    );
}

function attrsOf(name: string, rank: number, kernel: readonly number[], options: ConvOptions): ops.ConvAttrs {
  const {
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
  } = optionsOf(name, options, ['stride', 'padding', 'dilation', 'groups']);
  checkInteger(name, 'groups', groups, 1);
  const steps = perDim(name, 'stride', stride, rank, 1);
  const gaps = perDim(name, 'dilation', dilation, rank, 1);
  return { stride: steps, dilation: gaps, groups, padding: paddingOf() };

  function paddingOf(): ops.WindowAttrs['padding'] {
    if (padding === 'same') {
      if (steps.some((step) => step !== 1))
        throw new ArgumentError(
          `${name}: padding 'same' needs stride 1, got ${shown(steps)}. Give the padding as numbers.`,
        );
      // The odd zero goes to the end, as in PyTorch.
      return kernel.map((size, d) => {
        const total = gaps[d]! * (size - 1);
        return [Math.floor(total / 2), Math.ceil(total / 2)];
      });
    }
    if (typeof padding === 'string' && padding !== 'valid')
      throw new ArgumentError(`${name}: padding must be numbers, 'same' or 'valid', got ${described(padding)}.`);
    return perDim(name, 'padding', padding === 'valid' ? 0 : padding, rank, 0).map((size) => [size, size]);
  }
}

function conv(rank: number, x: Tensor, weight: Tensor, bias: Tensor | null | undefined, options: ConvOptions): Tensor {
  const name = `conv${rank}d`;
  checkWeight(name, weight, rank);
  checkOptionalTensor(name, 'bias', bias);
  const attrs = attrsOf(name, rank, weight.shape.slice(2), options);
  return inBatch(name, x, rank, (batch) => apply(ops.conv, bias ? [batch, weight, bias] : [batch, weight], attrs));
}

/**
 * 1-d convolution (cross-correlation, as everywhere in deep learning) of `[n, c, length]` or `[c, length]` with a weight
 * `[o, c / groups, k]` and a bias `[o]`. The result is `[n, o, floor((length + 2 * padding - dilation * (k - 1) - 1) / stride) + 1]`.
 *
 * @throws ShapeError where channels, groups or sizes do not fit; ArgumentError for options out of range
 */
export const conv1d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
  conv(1, x, weight, bias, options);

/** 2-d convolution of `[n, c, h, w]` or `[c, h, w]` with a weight `[o, c / groups, kh, kw]` and a bias `[o]`; see `conv1d`. */
export const conv2d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
  conv(2, x, weight, bias, options);

/** 3-d convolution of `[n, c, d, h, w]` or `[c, d, h, w]` with a weight `[o, c / groups, kd, kh, kw]` and a bias `[o]`; see `conv1d`. */
export const conv3d = (x: Tensor, weight: Tensor, bias?: Tensor | null, options: ConvOptions = {}): Tensor =>
  conv(3, x, weight, bias, options);

function convTranspose(
  rank: number,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null | undefined,
  options: ConvTransposeOptions,
): Tensor {
  const name = `convTranspose${rank}d`;
  checkWeight(name, weight, rank);
  checkOptionalTensor(name, 'bias', bias);
  const {
    stride = 1,
    padding = 0,
    outputPadding = 0,
    groups = 1,
    dilation = 1,
  } = optionsOf(name, options, ['stride', 'padding', 'outputPadding', 'groups', 'dilation']);
  checkInteger(name, 'groups', groups, 1);
  const attrs = {
    stride: perDim(name, 'stride', stride, rank, 1),
    padding: perDim(name, 'padding', padding, rank, 0).map((size) => [size, size] as const),
    dilation: perDim(name, 'dilation', dilation, rank, 1),
    groups,
  };
  const extra = perDim(name, 'outputPadding', outputPadding, rank, 0);
  const channels = weight.shape[1]! * groups;
  if (bias && (bias.ndim !== 1 || bias.numel !== channels))
    throw new ShapeError(`${name}: bias must have shape [${channels}], got ${shown(bias.shape)}.`);
  return inBatch(name, x, rank, (batch) => {
    if (batch.shape[1] !== weight.shape[0] || batch.shape[1]! % groups !== 0)
      throw new ShapeError(
        `${name}: x ${shown(x.shape)} has ${batch.shape[1]} channels, weight ${shown(weight.shape)} wants ${weight.shape[0]}, a multiple of ${groups} groups.`,
      );
    const size = batch.shape.slice(2).map((length, d) => {
      const [step, gap] = [attrs.stride[d]!, attrs.dilation[d]!];
      if (extra[d]! >= step && extra[d]! >= gap)
        throw new ArgumentError(
          `${name}: outputPadding ${extra[d]} must be smaller than stride ${step} or dilation ${gap} (dim ${d}).`,
        );
      const full = (length - 1) * step - 2 * attrs.padding[d]![0] + gap * (weight.shape[d + 2]! - 1) + extra[d]! + 1;
      if (length < 1 || full < 1)
        throw new ShapeError(
          `${name}: x ${shown(x.shape)} gives an output of size ${full} in dim ${d}. Reduce the padding.`,
        );
      return full;
    });
    const y = apply(ops.convInput, [batch, weight], { ...attrs, size });
    return bias ? y.add(bias.reshape([channels, ...Array<number>(rank).fill(1)])) : y;
  });
}

/**
 * Transposed 1-d convolution, the adjoint of `conv1d` in its input: `[n, c, length]` with a weight `[c, o / groups, k]` to
 * `[n, o, (length - 1) * stride - 2 * padding + dilation * (k - 1) + outputPadding + 1]`.
 *
 * @throws ShapeError where channels, groups or sizes do not fit; ArgumentError for options out of range
 */
export const convTranspose1d = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: ConvTransposeOptions = {},
): Tensor => convTranspose(1, x, weight, bias, options);

/** Transposed 2-d convolution of `[n, c, h, w]` with a weight `[c, o / groups, kh, kw]`; see `convTranspose1d`. */
export const convTranspose2d = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: ConvTransposeOptions = {},
): Tensor => convTranspose(2, x, weight, bias, options);

/** Transposed 3-d convolution of `[n, c, d, h, w]` with a weight `[c, o / groups, kd, kh, kw]`; see `convTranspose1d`. */
export const convTranspose3d = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options: ConvTransposeOptions = {},
): Tensor => convTranspose(3, x, weight, bias, options);

/**
 * Convolution of integers, exact in int32 with wrap-around: of `x - xZeroPoint` with `weight - wZeroPoint`, as ONNX
 * ConvInteger. Padding has the value of x's zero point, so it adds nothing. One to three spatial dims, told by the weight.
 *
 * @returns int32, or the dtype of the grid; the channels of a batch may lie first in memory. Not differentiable
 * @throws DTypeError where an operand is not an integer tensor; ShapeError where shapes do not fit; ArgumentError for a grid that is
 * none
 */
export function convInteger<D extends DType = 'int32'>(
  x: Tensor,
  weight: Tensor,
  options: ConvIntegerOptions<D> = {},
): Tensor<D> {
  checkTensor('convInteger', 'x', x);
  checkTensor('convInteger', 'weight', weight);
  const rank = weight.ndim - 2;
  if (rank < 1 || rank > 3)
    throw new ShapeError(
      `convInteger: weight must have rank 3 to 5 ([out, in, ...kernel]), got ${shown(weight.shape)}.`,
    );
  const {
    xZeroPoint = 0,
    wZeroPoint = 0,
    requantize,
    ...windows
  } = optionsOf('convInteger', options, [
    'xZeroPoint',
    'wZeroPoint',
    'requantize',
    'stride',
    'padding',
    'dilation',
    'groups',
  ]);
  const attrs = attrsOf('convInteger', rank, weight.shape.slice(2), windows);
  const { inputs, onGrid } = requantizationOf('convInteger', x, requantize);
  const zeros = [operand(x, xZeroPoint, 'convInteger'), operand(x, wZeroPoint, 'convInteger')] as const;
  return inBatch('convInteger', x, rank, (batch) =>
    apply(convIntegerOp, [batch, weight, ...zeros, ...inputs], { ...attrs, onGrid }),
  ) as Tensor as Tensor<D>;
}

/** Options of `unfold` and `fold`. */
export interface UnfoldOptions {
  /** Distance of the elements of a window. Default: 1. */
  readonly dilation?: PerDim;
  /** Zeros around the image. Default: 0. */
  readonly padding?: PerDim;
  /** Step between windows. Default: 1. */
  readonly stride?: PerDim;
}

function foldAttrs(name: string, kernelSize: PerDim, options: UnfoldOptions) {
  const { dilation = 1, padding = 0, stride = 1 } = optionsOf(name, options, ['dilation', 'padding', 'stride']);
  return {
    kernel: perDim(name, 'kernelSize', kernelSize, 2, 1),
    stride: perDim(name, 'stride', stride, 2, 1),
    padding: perDim(name, 'padding', padding, 2, 0).map((size) => [size, size] as const),
    dilation: perDim(name, 'dilation', dilation, 2, 1),
  };
}

/**
 * Sliding windows as columns (im2col): `[n, c, h, w]` or `[c, h, w]` to `[n, c * kh * kw, windows]`, zeros where a window
 * leaves the input. The adjoint of `fold`.
 */
export function unfold(x: Tensor, kernelSize: PerDim, options: UnfoldOptions = {}): Tensor {
  const attrs = foldAttrs('unfold', kernelSize, options);
  return inBatch('unfold', x, 2, (batch) => apply(ops.unfold, [batch], { ...attrs, size: batch.shape.slice(2) }));
}

/**
 * Columns added up into an image (col2im): `[n, c * kh * kw, windows]` or without n, to `[n, c, ...outputSize]`. Elements in
 * several windows are summed.
 *
 * @throws ShapeError where the columns are not those of windows over `outputSize`
 */
export function fold(columns: Tensor, outputSize: PerDim, kernelSize: PerDim, options: UnfoldOptions = {}): Tensor {
  const attrs = { ...foldAttrs('fold', kernelSize, options), size: perDim('fold', 'outputSize', outputSize, 2, 1) };
  return inBatch('fold', columns, 1, (batch) => apply(ops.fold, [batch], attrs));
}
