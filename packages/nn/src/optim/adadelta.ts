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

/** Options of `Adadelta`. */
export interface AdadeltaOptions extends GroupOptions {
  /** Factor of the step. Default: 1. */
  lr: number;
  /** Decay of the running means. Default: 0.9. */
  rho: number;
  /** Added to the means before their roots. Default: 1e-6. */
  eps: number;
  /** Factor of the parameter that is added to its gradient. Default: 0. */
  weightDecay: number;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Memory of a parameter. */
export interface AdadeltaState extends ParamState {
  /** Running mean of the gradient's square. */
  squareAvg: Tensor;
  /** Running mean of the square of the steps. */
  accDelta: Tensor;
}

/** Adadelta (Zeiler, 2012): the gradient scaled to the size of the steps made so far. */
export class Adadelta extends Optimizer<AdadeltaOptions, AdadeltaState> {
  constructor(params: Params<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    const defaults: AdadeltaOptions = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };
    super(params, withDefaults(new.target.name, options, defaults));
  }

  protected override checkOptions({ lr, rho, eps, weightDecay, maximize }: AdadeltaOptions): void {
    checkHyperparameter('Adadelta', 'lr', lr);
    checkHyperparameter('Adadelta', 'rho', rho, 0, 1);
    checkHyperparameter('Adadelta', 'eps', eps);
    checkHyperparameter('Adadelta', 'weightDecay', weightDecay);
    checkBoolean('Adadelta', 'maximize', maximize);
  }

  protected override initialState(param: Tensor): AdadeltaState {
    return { squareAvg: param.zerosLike(), accDelta: param.zerosLike() };
  }

  protected override get borrows(): boolean {
    return this.update === Adadelta.prototype.update;
  }

  protected override update(param: Tensor, grad: Tensor, group: AdadeltaOptions, state: AdadeltaState): void {
    const { lr, rho, eps } = group;
    const { squareAvg, accDelta } = state;
    const step = direction(param, grad, group);
    squareAvg.mul_(rho).addcmul_(step, step, { value: 1 - rho });
    const delta = accDelta.add(eps).div_(squareAvg.add(eps)).sqrt_().mul_(step);
    accDelta.mul_(rho).addcmul_(delta, delta, { value: 1 - rho });
    param.add_(delta, { alpha: -lr });
  }
}
