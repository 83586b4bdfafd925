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
import { checkHyperparameter, direction, type Params } from './optimizer.js';
import { withDefaults } from '../options.js';

/** Options of `NAdam`. `lr` is 0.002 by default. */
export interface NAdamOptions extends MomentOptions {
  /** How fast the momentum grows to its full size. Default: 0.004. */
  momentumDecay: number;
  /** Shrink the parameter by `lr * weightDecay` instead of adding the decay to its gradient. Default: false. */
  decoupledWeightDecay: boolean;
}

/** Memory of a parameter. */
export interface NAdamState extends MomentState {
  /** Product of the momenta of all steps. */
  muProduct: number;
}

/** Adam with Nesterov's momentum (Dozat, 2016). */
export class NAdam extends MomentOptimizer<NAdamOptions, NAdamState> {
  constructor(params: Params<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    const defaults = { ...momentDefaults, lr: 2e-3, momentumDecay: 4e-3, decoupledWeightDecay: false };
    super(params, withDefaults(new.target.name, options, defaults));
  }

  /** Throws unless the options of a group are in range. */
  protected override checkOptions(options: NAdamOptions): void {
    super.checkOptions(options);
    checkHyperparameter('NAdam', 'momentumDecay', options.momentumDecay);
    checkBoolean('NAdam', 'decoupledWeightDecay', options.decoupledWeightDecay);
  }

  protected override initialState(param: Tensor): NAdamState {
    return { ...initialMoments(param), muProduct: 1 };
  }

  protected override get borrows(): boolean {
    return this.update === NAdam.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: NAdamOptions, state: NAdamState): void {
    const { lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize } = group;
    if (decoupledWeightDecay) param.mul_(1 - lr * weightDecay);
    const step = direction(param, grad, { maximize, weightDecay: decoupledWeightDecay ? 0 : weightDecay });
    updateMoments(state, step, betas);
    const momentum = (at: number): number => betas[0] * (1 - 0.5 * 0.96 ** (at * momentumDecay));
    const [now, next] = [momentum(state.step), momentum(state.step + 1)];
    state.muProduct *= now;
    const denominator = state.expAvgSq
      .div(1 - betas[1] ** state.step)
      .sqrt()
      .add_(eps);
    param.addcdiv_(step, denominator, { value: (-lr * (1 - now)) / (1 - state.muProduct) });
    param.addcdiv_(state.expAvg, denominator, { value: (-lr * next) / (1 - state.muProduct * next) });
  }
}
