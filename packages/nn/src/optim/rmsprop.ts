import type { Tensor } from '@q/tensor';
import { checkBoolean } from '@q/tensor/internal';
import {
  checkHyperparameter,
  direction,
  Optimizer,
  type GroupOptions,
  type Params,
  type ParamState,
} from './optimizer.js';
import { withDefaults } from '../options.js';

/** Options of `RMSprop`. */
export interface RMSpropOptions extends GroupOptions {
  /** Learning rate. Default: 0.01. */
  lr: number;
  /** Decay of the running mean of the squared gradient. Default: 0.99. */
  alpha: number;
  /** Added to the denominator. Default: 1e-8. */
  eps: number;
  /** Factor of the parameter that is added to its gradient. Default: 0. */
  weightDecay: number;
  /** Share of the previous step that is kept. Default: 0. */
  momentum: number;
  /** Divide by the deviation of the gradient instead of its root mean square. Default: false. */
  centered: boolean;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Memory of a parameter: with `centered` also the mean of the gradient, with `momentum` the last step. */
export interface RMSpropState extends ParamState {
  /** Running mean of the square of the gradient. */
  squareAvg: Tensor;
}

/** RMSprop (Hinton's lecture 6e), as `torch.optim.RMSprop`: the root is taken before eps is added. */
export class RMSprop extends Optimizer<RMSpropOptions, RMSpropState> {
  constructor(params: Params<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    const defaults: RMSpropOptions = {
      lr: 0.01,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
    };
    super(params, withDefaults(new.target.name, options, defaults));
  }

  protected override checkOptions(options: RMSpropOptions): void {
    checkHyperparameter('RMSprop', 'lr', options.lr);
    checkHyperparameter('RMSprop', 'alpha', options.alpha);
    checkHyperparameter('RMSprop', 'eps', options.eps);
    checkHyperparameter('RMSprop', 'weightDecay', options.weightDecay);
    checkHyperparameter('RMSprop', 'momentum', options.momentum);
    checkBoolean('RMSprop', 'centered', options.centered);
    checkBoolean('RMSprop', 'maximize', options.maximize);
  }

  protected override initialState(param: Tensor): RMSpropState {
    return { squareAvg: param.zerosLike() };
  }

  protected override get lateState(): readonly string[] {
    return ['gradAvg', 'momentumBuffer'];
  }

  protected override get borrows(): boolean {
    return this.update === RMSprop.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: RMSpropOptions, state: RMSpropState): void {
    const { lr, alpha, eps, momentum, centered } = group;
    const step = direction(param, grad, group);
    const { squareAvg } = state;
    squareAvg.mul_(alpha).addcmul_(step, step, { value: 1 - alpha });
    let variance = squareAvg;
    if (centered) {
      const mean = ((state.gradAvg ??= param.zerosLike()) as Tensor).mul_(alpha).add_(step, { alpha: 1 - alpha });
      variance = squareAvg.addcmul(mean, mean, { value: -1 });
    }
    const denominator = variance.sqrt().add_(eps);
    if (momentum > 0) {
      const buffer = (state.momentumBuffer ??= param.zerosLike()) as Tensor;
      buffer.mul_(momentum).addcdiv_(step, denominator);
      param.add_(buffer, { alpha: -lr });
    } else param.addcdiv_(step, denominator, { value: -lr });
  }
}
