import { ArgumentError, sgdStep, type Tensor } from '@q/tensor';
import { checkBoolean, optionsOf } from '@q/tensor/internal';
import {
  checkHyperparameter,
  direction,
  Optimizer,
  type GroupOptions,
  type ParamState,
  type Params,
} from './optimizer.js';
import { withDefaults } from '../options.js';

/** Options of `SGD`. */
export interface SGDOptions extends GroupOptions {
  /** Share of the previous step that is kept. Default: 0. */
  momentum: number;
  /** Share of the gradient that the momentum leaves out. Default: 0. */
  dampening: number;
  /** Factor of the parameter that is added to its gradient. Default: 0. */
  weightDecay: number;
  /** Nesterov's momentum. Default: false. */
  nesterov: boolean;
  /** Climb instead of descend. Default: false. */
  maximize: boolean;
}

/** Momentum of a parameter, once it has moved. */
export interface SGDState extends ParamState {
  /** The last step. */
  momentumBuffer: Tensor;
}

/**
 * Stochastic gradient descent, with momentum as `torch.optim.SGD` defines it.
 *
 * @example
 * const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * loss.backward();
 * optimizer.step();
 */
export class SGD extends Optimizer<SGDOptions, Partial<SGDState> & ParamState> {
  constructor(params: Params<SGDOptions>, options: GroupOptions & Partial<SGDOptions>) {
    const defaults: SGDOptions = {
      lr: optionsOf(new.target.name, options, ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'])
        .lr,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
      maximize: false,
    };
    super(params, withDefaults<SGDOptions>(new.target.name, options, defaults));
  }

  protected override checkOptions({ lr, momentum, dampening, weightDecay, nesterov, maximize }: SGDOptions): void {
    checkHyperparameter('SGD', 'lr', lr);
    checkHyperparameter('SGD', 'momentum', momentum);
    checkHyperparameter('SGD', 'weightDecay', weightDecay);
    checkHyperparameter('SGD', 'dampening', dampening, -Infinity);
    checkBoolean('SGD', 'nesterov', nesterov);
    checkBoolean('SGD', 'maximize', maximize);
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new ArgumentError('SGD: nesterov needs a momentum above 0 and a dampening of 0.');
  }

  protected override initialState(): ParamState {
    return {};
  }

  protected override get lateState(): readonly string[] {
    return ['momentumBuffer'];
  }

  protected override get borrows(): boolean {
    return this.update === SGD.prototype.update;
  }

  protected override update(
    param: Tensor,
    grad: Tensor,
    group: SGDOptions,
    state: Partial<SGDState> & ParamState,
  ): void {
    const { lr, momentum, dampening, nesterov } = group;
    const step = direction(param, grad, group);
    if (momentum === 0) {
      param.add_(step, { alpha: -lr });
      return;
    }
    // The first step starts the buffer with the whole gradient, whatever the dampening.
    const first = state.momentumBuffer === undefined;
    const buffer = (state.momentumBuffer ??= step.zerosLike());
    sgdStep(param, step, buffer, { lr, momentum, dampening: first ? 0 : dampening, nesterov });
  }
}
