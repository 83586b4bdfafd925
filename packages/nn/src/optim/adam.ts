import { adamStep, ArgumentError, type Tensor } from '@q/tensor';
import {
  checkNumber,
  direction,
  Optimizer,
  withDefaults,
  type GroupOptions,
  type ParamState,
  type Params,
} from './optimizer.js';

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends GroupOptions {
  /** Learning rate. Default: 0.001. */
  lr: number;
  /** Decay of the running means of the gradient and of its square. Default: [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default: 1e-8. */
  eps: number;
  /** Adam: factor of the parameter added to its gradient (0). AdamW: decay of the parameter itself per lr (0.01). */
  weightDecay: number;
  /** Use the largest squared gradient seen (Reddi et al., 2018). Default: false. */
  amsgrad: boolean;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Memory of a parameter: steps made, running means of the gradient and its square, and the largest of the latter. */
export interface AdamState extends ParamState {
  /** Steps made. */
  step: number;
  /** Running mean of the gradient. */
  expAvg: Tensor;
  /** Running mean of its square. */
  expAvgSq: Tensor;
}

abstract class AdamBase extends Optimizer<AdamOptions, AdamState> {
  protected override checkOptions({ lr, betas, eps, weightDecay }: AdamOptions): void {
    const name = this.constructor.name;
    checkNumber(name, 'lr', lr);
    checkNumber(name, 'eps', eps);
    checkNumber(name, 'weightDecay', weightDecay);
    if (!Array.isArray(betas) || betas.length !== 2) throw new ArgumentError(`${name}: betas must be two numbers.`);
    for (const [i, beta] of betas.entries()) checkNumber(name, `betas[${i}]`, beta, 0, 1);
  }

  protected override initialState(param: Tensor): AdamState {
    return { step: 0, expAvg: param.zerosLike(), expAvgSq: param.zerosLike() };
  }

  protected override get lateState(): readonly string[] {
    return ['maxExpAvgSq'];
  }

  /** The step of Adam on a parameter and its memory. */
  protected descend(param: Tensor, grad: Tensor, { lr, betas, eps, amsgrad }: AdamOptions, state: AdamState): void {
    state.step++;
    const maxExpAvgSq = amsgrad ? ((state.maxExpAvgSq ??= state.expAvgSq.zerosLike()) as Tensor) : null;
    adamStep(param, grad, { ...state, maxExpAvgSq }, { step: state.step, lr, betas, eps });
  }
}

const defaults: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

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
