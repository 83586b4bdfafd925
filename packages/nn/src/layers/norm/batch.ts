import { batchNorm, noGrad, ones, type Tensor } from '@q/tensor';
import { ChannelNorm, type ChannelNormOptions } from './channel.js';

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
