import { ArgumentError, type Tensor } from '@q/tensor';
import { checkNumber, Optimizer, type GroupOptions, type ParamState } from './optimizer.js';

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
  protected override checkOptions({ lr, betas, eps, weightDecay }: O): void {
    const name = this.constructor.name;
    checkNumber(name, 'lr', lr);
    checkNumber(name, 'eps', eps);
    checkNumber(name, 'weightDecay', weightDecay);
    if (!Array.isArray(betas) || betas.length !== 2) throw new ArgumentError(`${name}: betas must be two numbers.`);
    for (const [i, beta] of betas.entries()) checkNumber(name, `betas[${i}]`, beta, 0, 1);
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
