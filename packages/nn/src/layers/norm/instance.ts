import { instanceNorm, type Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { ChannelNorm, type ChannelNormOptions } from './channel.js';

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
