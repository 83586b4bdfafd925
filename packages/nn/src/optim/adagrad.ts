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

/** Options of `Adagrad`. */
export interface AdagradOptions extends GroupOptions {
  /** Learning rate. Default: 0.01. */
  lr: number;
  /** Decay of the learning rate per step. Default: 0. */
  lrDecay: number;
  /** Factor of the parameter that is added to its gradient. Default: 0. */
  weightDecay: number;
  /** Sum of squared gradients to start from. Default: 0. */
  initialAccumulatorValue: number;
  /** Added to the denominator. Default: 1e-10. */
  eps: number;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Memory of a parameter. */
export interface AdagradState extends ParamState {
  /** Steps made. */
  step: number;
  /** Sum of the squares of the gradient. */
  sum: Tensor;
}

/** Adagrad (Duchi et al., 2011): the gradient divided by the root of the sum of its squares so far. */
export class Adagrad extends Optimizer<AdagradOptions, AdagradState> {
  constructor(params: Params<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    const defaults: AdagradOptions = {
      lr: 0.01,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
    };
    super(params, withDefaults(new.target.name, options, defaults));
  }

  protected override checkOptions(options: AdagradOptions): void {
    checkHyperparameter('Adagrad', 'lr', options.lr);
    checkHyperparameter('Adagrad', 'lrDecay', options.lrDecay);
    checkHyperparameter('Adagrad', 'weightDecay', options.weightDecay);
    checkHyperparameter('Adagrad', 'initialAccumulatorValue', options.initialAccumulatorValue);
    checkHyperparameter('Adagrad', 'eps', options.eps);
    checkBoolean('Adagrad', 'maximize', options.maximize);
  }

  protected override initialState(param: Tensor, { initialAccumulatorValue }: AdagradOptions): AdagradState {
    return { step: 0, sum: param.fullLike(initialAccumulatorValue) };
  }

  protected override get borrows(): boolean {
    return this.update === Adagrad.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: AdagradOptions, state: AdagradState): void {
    const { lr, lrDecay, eps } = group;
    const step = direction(param, grad, group);
    const rate = lr / (1 + state.step++ * lrDecay);
    state.sum.addcmul_(step, step);
    param.addcdiv_(step, state.sum.sqrt().add_(eps), { value: -rate });
  }
}
