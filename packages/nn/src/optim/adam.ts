import { adamStep, type Tensor } from '@q/tensor';
import { checkBoolean } from '@q/tensor/internal';
import { initialMoments, momentDefaults, MomentOptimizer, type MomentOptions, type MomentState } from './moments.js';
import { direction, type Params } from './optimizer.js';
import { withDefaults } from '../options.js';

/** Options of `Adam` and `AdamW`. `weightDecay` is 0 by default for Adam, 0.01 for AdamW. */
export interface AdamOptions extends MomentOptions {
  /** Use the largest squared gradient seen (Reddi et al., 2018). Default: false. */
  amsgrad: boolean;
}

/** Memory of a parameter, with `amsgrad` also the largest mean of the gradient's square. */
export type AdamState = MomentState;

abstract class AdamBase extends MomentOptimizer<AdamOptions, AdamState> {
  /** Throws unless the options of a group are in range. */
  protected override checkOptions(options: AdamOptions): void {
    super.checkOptions(options);
    checkBoolean(this.constructor.name, 'amsgrad', options.amsgrad);
  }

  protected override initialState(param: Tensor): AdamState {
    return initialMoments(param);
  }

  protected override get lateState(): readonly string[] {
    return ['maxExpAvgSq'];
  }

  /** The step of Adam on a parameter and its memory. */
  protected descend(param: Tensor, grad: Tensor, { lr, betas, eps, amsgrad }: AdamOptions, state: AdamState): void {
    const step = state.step + 1;
    const maxExpAvgSq = amsgrad ? ((state.maxExpAvgSq ??= state.expAvgSq.zerosLike()) as Tensor) : null;
    adamStep(param, grad, { ...state, maxExpAvgSq }, { step, lr, betas, eps });
    state.step = step;
  }
}

const defaults: AdamOptions = { ...momentDefaults, amsgrad: false };

/**
 * Adam (Kingma and Ba, 2015), with the weight decay as a term of the gradient.
 *
 * @example
 * const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
 */
export class Adam extends AdamBase {
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, withDefaults(new.target.name, options, defaults));
  }

  protected override get borrows(): boolean {
    return this.update === Adam.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: AdamOptions, state: AdamState): void {
    this.descend(param, direction(param, grad, group), group, state);
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019): the parameter shrinks by `lr * weightDecay` per step.
 *
 * @example
 * const optimizer = new AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.05 });
 */
export class AdamW extends AdamBase {
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, withDefaults(new.target.name, options, { ...defaults, weightDecay: 0.01 }));
  }

  protected override get borrows(): boolean {
    return this.update === AdamW.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: AdamOptions, state: AdamState): void {
    param.mul_(1 - group.lr * group.weightDecay);
    this.descend(param, direction(param, grad, { maximize: group.maximize, weightDecay: 0 }), group, state);
  }
}
