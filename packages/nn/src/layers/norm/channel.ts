import { noGrad, ones, ShapeError, shown, zeros, type Tensor } from '@q/tensor';
import { checkNumber, checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../../module.js';
import { checkBooleans } from '../../options.js';
import { Parameter } from '../../parameter.js';
import { fields } from '../../repr.js';
import { checkSizes } from '../../sizes.js';
import type { StateNames } from '../../slots.js';

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
export abstract class ChannelNorm extends Module {
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
    checkBooleans(this.constructor.name, { affine, trackRunningStats });
    checkNumber(this.constructor.name, 'eps', eps, 0);
    if (momentum !== null) checkNumber(this.constructor.name, 'momentum', momentum, 0, 1);
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
