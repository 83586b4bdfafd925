import {
  ArgumentError,
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  noGrad,
  ones,
  rmsNorm,
  ShapeError,
  shown,
  zeros,
  type Tensor,
} from '@q/tensor';
import { checkIntegers, checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields, float, repr } from '../repr.js';
import { checkSizes } from '../sizes.js';
import type { StateNames } from '../slots.js';

/** Options of the batch and instance normalizations. */
export interface ChannelNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Part of the new statistics in the running ones; null for the mean of all batches. Default: 0.1. */
  readonly momentum?: number | null;
  /** Whether weight and bias are learned. Default: true for batch, false for instance normalization. */
  readonly affine?: boolean;
  /** Whether running statistics are kept. Default: true for batch, false for instance normalization. */
  readonly trackRunningStats?: boolean;
}

/** What batch and instance normalization share: a weight, a bias and running statistics per channel. */
abstract class ChannelNorm extends Module {
  static override readonly stateNames: StateNames = {
    runningMean: 'running_mean',
    runningVar: 'running_var',
    numBatchesTracked: 'num_batches_tracked',
  };
  /** Number of channels. */
  numFeatures: number;
  /** Added to the variance. */
  eps: number;
  /** Part of the new statistics in the running ones; null for the mean of all batches. */
  momentum: number | null;
  /** Whether weight and bias are learned. */
  affine: boolean;
  /** Whether running statistics are kept. */
  trackRunningStats: boolean;
  /** Factor of each channel, `[numFeatures]`, or null. */
  weight: Parameter | null;
  /** What is added to each channel, `[numFeatures]`, or null. */
  bias: Parameter | null;
  /** Running mean of each channel, `[numFeatures]`, or null. */
  runningMean: Tensor | null;
  /** Running variance of each channel, `[numFeatures]`, or null. */
  runningVar: Tensor | null;
  /** Batches seen in training, a 0-d int32 tensor. */
  numBatchesTracked: Tensor<'int32'> | null;

  constructor(numFeatures: number, options: ChannelNormOptions, usual: boolean) {
    super();
    checkSizes(this.constructor.name, { numFeatures });
    const {
      eps = 1e-5,
      momentum = 0.1,
      affine = usual,
      trackRunningStats = usual,
    } = optionsOf(this.constructor.name, options, ['eps', 'momentum', 'affine', 'trackRunningStats']);
    this.numFeatures = numFeatures;
    this.eps = eps;
    this.momentum = momentum;
    this.affine = affine;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? new Parameter(ones([numFeatures])) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures])) : null;
    this.runningMean = trackRunningStats ? zeros([numFeatures]) : null;
    this.runningVar = trackRunningStats ? ones([numFeatures]) : null;
    this.numBatchesTracked = trackRunningStats ? zeros([], { dtype: 'int32' }) : null;
  }

  /** Throws unless `x` has one of the ranks and the channels of this layer. */
  protected checkInput(x: Tensor, ranks: readonly number[], channelDim: number): void {
    checkTensor(this.constructor.name, 'the input', x);
    if (!ranks.includes(x.ndim) || x.shape[channelDim] !== this.numFeatures)
      throw new ShapeError(
        `${this.constructor.name}: wants ${this.numFeatures} channels in an input of rank ${ranks.join(' or ')}, got shape ${shown(x.shape)}.`,
      );
  }

  /** Starts the running statistics anew. */
  resetRunningStats(): void {
    noGrad(() => {
      this.runningMean?.fill_(0);
      this.runningVar?.fill_(1);
      this.numBatchesTracked?.fill_(0);
    });
  }

  override extraRepr(): string {
    return `${this.numFeatures}, ${fields({
      eps: this.eps,
      momentum: this.momentum,
      affine: this.affine,
      track_running_stats: this.trackRunningStats,
    })}`;
  }
}

abstract class BatchNorm extends ChannelNorm {
  constructor(numFeatures: number, options: ChannelNormOptions) {
    super(numFeatures, options, true);
  }

  /** Normalizes an input whose shape has been checked. */
  protected normalize(x: Tensor): Tensor {
    const { weight, bias, eps, numBatchesTracked } = this;
    const tracks = this.training && this.trackRunningStats;
    const momentum = this.momentum ?? (tracks && numBatchesTracked !== null ? 1 / (numBatchesTracked.item() + 1) : 0);
    // As PyTorch: in evaluation the running statistics are used wherever they are.
    const [mean, variance] = this.training && !tracks ? [null, null] : [this.runningMean, this.runningVar];
    const training = this.training || (mean === null && variance === null);
    const options = { weight, bias, momentum, eps };
    // A batch of nothing has no statistics, and leaves the running ones: ones serve in their place.
    const others = training && x.numel === 0 ? ones([this.numFeatures], { dtype: x.dtype }) : null;
    const y = others ? batchNorm(x, others, others, options) : batchNorm(x, mean, variance, { ...options, training });
    if (tracks && numBatchesTracked !== null) noGrad(() => numBatchesTracked.add_(1));
    return y;
  }
}

/**
 * Normalizes each channel of `[N, C]` or `[N, C, L]` over the batch in training, by running statistics in evaluation.
 *
 * `weight`, `bias`, `runningMean` and `runningVar` are `[numFeatures]`.
 */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    this.checkInput(x, [2, 3], 1);
    return this.normalize(x);
  }
}

/** Normalizes each channel of `[N, C, H, W]` over the batch in training, by running statistics in evaluation. */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    this.checkInput(x, [4], 1);
    return this.normalize(x);
  }
}

/** Normalizes each channel of `[N, C, D, H, W]` over the batch in training, by running statistics in evaluation. */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    this.checkInput(x, [5], 1);
    return this.normalize(x);
  }
}

abstract class InstanceNorm extends ChannelNorm {
  constructor(numFeatures: number, options: ChannelNormOptions) {
    super(numFeatures, options, false);
  }

  /** Normalizes `[N, C, ...]` with `rank` spatial dims, or `[C, ...]`. */
  protected normalize(x: Tensor, rank: number): Tensor {
    checkTensor(this.constructor.name, 'the input', x);
    const batched = x.ndim === rank + 2;
    this.checkInput(x, [rank + 1, rank + 2], batched ? 1 : 0);
    const { weight, bias, eps, runningMean, runningVar } = this;
    const useInputStats = this.training || !this.trackRunningStats;
    const options = { weight, bias, eps, runningMean, runningVar, useInputStats, momentum: this.momentum ?? 0 };
    return batched ? instanceNorm(x, options) : instanceNorm(x.unsqueeze(0), options).squeeze(0);
  }
}

/** Normalizes each channel of each sample of `[N, C, L]` or `[C, L]` over its positions. */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    return this.normalize(x, 1);
  }
}

/** Normalizes each channel of each sample of `[N, C, H, W]` or `[C, H, W]` over its positions. */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    return this.normalize(x, 2);
  }
}

/** Normalizes each channel of each sample of `[N, C, D, H, W]` or `[C, D, H, W]` over its positions. */
export class InstanceNorm3d extends InstanceNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(numFeatures, options);
  }

  forward(x: Tensor): Tensor {
    return this.normalize(x, 3);
  }
}

/** The normalized shape as a list of positive sizes. */
function sizesOf(layer: string, normalizedShape: number | readonly number[]): number[] {
  const sizes =
    typeof normalizedShape === 'number'
      ? [normalizedShape]
      : Array.isArray(normalizedShape)
        ? [...normalizedShape]
        : [];
  if (sizes.length === 0) throw new ArgumentError(`${layer}: normalizedShape must have at least one size.`);
  sizes.forEach((size, d) => checkSizes(layer, { [`normalizedShape[${d}]`]: size }));
  return sizes;
}

/** Options of `LayerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Whether a weight (and a bias) are learned. Default: true. */
  readonly elementwiseAffine?: boolean;
  /** Whether a bias is learned, with `elementwiseAffine`. Default: true. */
  readonly bias?: boolean;
}

/**
 * Normalizes over the last dims, which must be `normalizedShape` (Ba et al., 2016). `weight` and `bias` have that shape.
 *
 * @example
 * new LayerNorm([32]).forward(randn([8, 10, 32])); // mean 0 and variance 1 over the last dim
 */
export class LayerNorm extends Module {
  /** The last dims, which are normalized together. */
  normalizedShape: number[];
  /** Added to the variance. */
  eps: number;
  /** Whether weight and bias are learned. */
  elementwiseAffine: boolean;
  /** Factor of each element, of shape `normalizedShape`, or null. */
  weight: Parameter | null;
  /** What is added to each element, of shape `normalizedShape`, or null. */
  bias: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    const {
      eps = 1e-5,
      elementwiseAffine = true,
      bias = true,
    } = optionsOf('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias']);
    super();
    this.normalizedShape = sizesOf('LayerNorm', normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape)) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(x, this.normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${repr(this.normalizedShape)}, ${fields({ eps: this.eps, elementwise_affine: this.elementwiseAffine })}`;
  }
}

/** Options of `RMSNorm`. */
export interface RMSNormOptions {
  /** Added to the mean square; null for the epsilon of the input's dtype. Default: null. */
  readonly eps?: number | null;
  /** Whether a weight is learned. Default: true. */
  readonly elementwiseAffine?: boolean;
}

/** Divides by the root mean square over the last dims, which must be `normalizedShape` (Zhang and Sennrich, 2019). */
export class RMSNorm extends Module {
  /** The last dims, which are normalized together. */
  normalizedShape: number[];
  /** Added to the mean square; null for the epsilon of the input's dtype. */
  eps: number | null;
  /** Whether a weight is learned. */
  elementwiseAffine: boolean;
  /** Factor of each element, of shape `normalizedShape`, or null. */
  weight: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: RMSNormOptions = {}) {
    const { eps = null, elementwiseAffine = true } = optionsOf('RMSNorm', options, ['eps', 'elementwiseAffine']);
    super();
    this.normalizedShape = sizesOf('RMSNorm', normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, { weight: this.weight, eps: this.eps });
  }

  override extraRepr(): string {
    return `${repr(this.normalizedShape)}, ${fields({ eps: this.eps, elementwise_affine: this.elementwiseAffine })}`;
  }
}

/**
 * RMS normalization as AIMET's custom module: over `axes`, with a weight and a bias of their sizes.
 *
 * @param inputShape shape of which `axes` picks the normalized sizes
 */
export class RmsNorm extends Module {
  /** The dims that are normalized together. */
  axes: number[];
  /** Added to the mean square. */
  epsilon: number;
  /** Factor of each element. */
  weight: Parameter;
  /** What is added to each element. */
  bias: Parameter;

  constructor(inputShape: readonly number[], axes: readonly number[], epsilon: number) {
    super();
    checkIntegers('RmsNorm', 'axes', axes);
    checkIntegers('RmsNorm', 'inputShape', inputShape);
    const sizes = axes.map((axis) => inputShape.at(axis) ?? 0);
    this.axes = [...axes];
    this.epsilon = epsilon;
    this.weight = new Parameter(ones(sizesOf('RmsNorm', sizes)));
    this.bias = new Parameter(zeros(sizes));
  }

  forward(x: Tensor): Tensor {
    checkTensor('RmsNorm', 'the input', x);
    const input = x.to(this.weight.dtype);
    const rms = input.mul(input).mean(this.axes, { keepdim: true }).add(this.epsilon).sqrt();
    return input.div(rms).mul(this.weight).add(this.bias).to(x.dtype);
  }
}

/** Options of `GroupNorm`. */
export interface GroupNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Whether weight and bias are learned. Default: true. */
  readonly affine?: boolean;
}

/** Normalizes each of `numGroups` groups of the channels of `[N, C, ...]`, sample by sample (Wu and He, 2018). */
export class GroupNorm extends Module {
  /** Number of groups of channels. */
  numGroups: number;
  /** Number of channels. */
  numChannels: number;
  /** Added to the variance. */
  eps: number;
  /** Whether weight and bias are learned. */
  affine: boolean;
  /** Factor of each channel, `[numChannels]`, or null. */
  weight: Parameter | null;
  /** What is added to each channel, `[numChannels]`, or null. */
  bias: Parameter | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    const { eps = 1e-5, affine = true } = optionsOf('GroupNorm', options, ['eps', 'affine']);
    super();
    checkSizes('GroupNorm', { numGroups, numChannels });
    if (numChannels % numGroups !== 0)
      throw new ArgumentError(`GroupNorm: ${numChannels} channels do not divide into ${numGroups} groups.`);
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
    this.affine = affine;
    this.weight = affine ? new Parameter(ones([numChannels])) : null;
    this.bias = affine ? new Parameter(zeros([numChannels])) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    checkTensor('GroupNorm', 'the input', x);
    // As PyTorch, which counts the values of a group over the whole batch.
    if (x.ndim >= 2 && x.numel === this.numGroups)
      throw new ShapeError(`GroupNorm: needs more than one value per group, got shape ${shown(x.shape)}.`);
    return groupNorm(x, this.numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, ${fields({ eps: this.eps, affine: this.affine })}`;
  }
}

/** Options of `LocalResponseNorm`. */
export interface LocalResponseOptions {
  /** Default: 1e-4. */
  readonly alpha?: number;
  /** Default: 0.75. */
  readonly beta?: number;
  /** Default: 1. */
  readonly k?: number;
}

/** Divides by `(k + alpha * mean of x^2 over size neighbouring channels) ** beta` (Krizhevsky et al., 2012). */
export class LocalResponseNorm extends Module {
  /** Number of neighbouring channels. */
  size: number;
  /** Factor of the mean square. */
  alpha: number;
  /** Exponent of the divisor. */
  beta: number;
  /** Added to the divisor before the power. */
  k: number;

  constructor(size: number, options: LocalResponseOptions = {}) {
    const { alpha = 1e-4, beta = 0.75, k = 1 } = optionsOf('LocalResponseNorm', options, ['alpha', 'beta', 'k']);
    super();
    checkSizes('LocalResponseNorm', { size });
    this.size = size;
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this);
  }

  override extraRepr(): string {
    return `${this.size}, ${fields({ alpha: this.alpha, beta: this.beta, k: float(this.k) })}`;
  }
}
