import type { Tensor } from '@q/tensor';
import { momentDefaults, MomentOptimizer, type MomentOptions } from './moments.js';
import { direction, type ParamState, type Params } from './optimizer.js';
import { withDefaults } from '../options.js';

/** Memory of a parameter. */
export interface AdamaxState extends ParamState {
  /** Steps made. */
  step: number;
  /** Running mean of the gradient. */
  expAvg: Tensor;
  /** Largest size of the gradient, decaying. */
  expInf: Tensor;
}

/** Adam by the infinity norm (Kingma and Ba, 2015): the denominator is the largest gradient seen, decaying. `lr` is 0.002 by default. */
export class Adamax extends MomentOptimizer<MomentOptions, AdamaxState> {
  constructor(params: Params<MomentOptions>, options: Partial<MomentOptions> = {}) {
    super(params, withDefaults(new.target.name, options, { ...momentDefaults, lr: 2e-3 }));
  }

  protected override initialState(param: Tensor): AdamaxState {
    return { step: 0, expAvg: param.zerosLike(), expInf: param.zerosLike() };
  }

  protected override get borrows(): boolean {
    return this.update === Adamax.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: MomentOptions, state: AdamaxState): void {
    const { lr, betas, eps } = group;
    const step = direction(param, grad, group);
    state.step++;
    state.expAvg.lerp_(step, 1 - betas[0]);
    state.expInf.mul_(betas[1]).maximum_(step.abs().add_(eps));
    param.addcdiv_(state.expAvg, state.expInf, { value: -lr / (1 - betas[0] ** state.step) });
  }
}
