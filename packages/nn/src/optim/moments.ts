import { ArgumentError, described, type Tensor } from '@q/tensor';
import { checkBoolean } from '@q/tensor/internal';
import { checkHyperparameter, Optimizer, type GroupOptions, type ParamState } from './optimizer.js';

/** Options of optimizers that keep running means of the gradient and of its square. */
export interface MomentOptions extends GroupOptions {
  /** Learning rate. */
  lr: number;
  /** Decay of the running means of the gradient and of its square. Default: [0.9, 0.999]. */
  betas: readonly [number, number];
  /** Added to the denominator. Default: 1e-8. */
  eps: number;
  /** Factor of the parameter that is added to its gradient, or of its decay where that is decoupled. */
  weightDecay: number;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Memory of a parameter: steps made, running means of the gradient and its square. */
export interface MomentState extends ParamState {
  /** Steps made. */
  step: number;
  /** Running mean of the gradient. */
  expAvg: Tensor;
  /** Running mean of its square. */
  expAvgSq: Tensor;
}

/** What Adam and its relatives have in common: two decays, and the options around them. */
export abstract class MomentOptimizer<O extends MomentOptions, S extends ParamState> extends Optimizer<O, S> {
  /** Throws unless the options of a group are in range. */
  protected override checkOptions({ lr, betas, eps, weightDecay, maximize }: O): void {
    const { name } = this.constructor;
    checkHyperparameter(name, 'lr', lr);
    checkHyperparameter(name, 'eps', eps);
    checkHyperparameter(name, 'weightDecay', weightDecay);
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(`${name}: betas must be two numbers, got ${described(betas)}.`);
    checkHyperparameter(name, 'betas[0]', betas[0], 0, 1);
    checkHyperparameter(name, 'betas[1]', betas[1], 0, 1);
    checkBoolean(name, 'maximize', maximize);
  }
}

/** The memory of a parameter before its first step. */
export const initialMoments = (param: Tensor): MomentState => ({
  step: 0,
  expAvg: param.zerosLike(),
  expAvgSq: param.zerosLike(),
});

/** Defaults that Adam and its relatives share. */
export const momentDefaults: MomentOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  maximize: false,
};

/** Moves the running means towards a gradient and counts the step. */
export function updateMoments(state: MomentState, grad: Tensor, [beta1, beta2]: readonly [number, number]): void {
  state.step++;
  state.expAvg.lerp_(grad, 1 - beta1);
  state.expAvgSq.mul_(beta2).addcmul_(grad, grad, { value: 1 - beta2 });
}
