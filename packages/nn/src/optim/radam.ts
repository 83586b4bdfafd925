import type { Tensor } from '@q/tensor';
import { checkBoolean } from '@q/tensor/internal';
import {
  initialMoments,
  momentDefaults,
  MomentOptimizer,
  updateMoments,
  type MomentOptions,
  type MomentState,
} from './moments.js';
import { direction, type Params } from './optimizer.js';
import { withDefaults } from '../options.js';

/** Options of `RAdam`. */
export interface RAdamOptions extends MomentOptions {
  /** Shrink the parameter by `lr * weightDecay` instead of adding the decay to its gradient. Default: false. */
  decoupledWeightDecay: boolean;
}

/** Length of the running mean from which the variance of its adaptive rate is finite (Liu et al., 2020: 4, PyTorch: 5). */
const TRACTABLE = 5;

/** Adam whose adaptive rate is rectified by its variance (Liu et al., 2020): it needs no warm-up. */
export class RAdam extends MomentOptimizer<RAdamOptions, MomentState> {
  constructor(params: Params<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super(params, withDefaults(new.target.name, options, { ...momentDefaults, decoupledWeightDecay: false }));
  }

  /** Throws unless the options of a group are in range. */
  protected override checkOptions(options: RAdamOptions): void {
    super.checkOptions(options);
    checkBoolean('RAdam', 'decoupledWeightDecay', options.decoupledWeightDecay);
  }

  protected override initialState(param: Tensor): MomentState {
    return initialMoments(param);
  }

  protected override get borrows(): boolean {
    return this.update === RAdam.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: RAdamOptions, state: MomentState): void {
    const { lr, betas, eps, weightDecay, decoupledWeightDecay, maximize } = group;
    if (decoupledWeightDecay) param.mul_(1 - lr * weightDecay);
    const step = direction(param, grad, { maximize, weightDecay: decoupledWeightDecay ? 0 : weightDecay });
    updateMoments(state, step, betas);
    const { step: steps, expAvg, expAvgSq } = state;
    const [left1, left2] = [1 - betas[0] ** steps, 1 - betas[1] ** steps];
    const longest = 2 / (1 - betas[1]) - 1;
    const length = longest - (2 * steps * (1 - left2)) / left2;
    if (length > TRACTABLE) {
      const rectified = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
      param.addcdiv_(expAvg, expAvgSq.sqrt().add_(eps), { value: (-lr * rectified * Math.sqrt(left2)) / left1 });
    } else param.add_(expAvg, { alpha: -lr / left1 });
  }
}
