import { checkInteger, checkNumber, checkOptions, checkTensor, optionsOf } from '../arguments.js';
import { ArgumentError, described } from '../errors.js';
import { adam, descend } from '../ops/optim.js';
import type { Tensor } from '../tensor.js';

/** What Adam remembers of a parameter; tensors of its shape and dtype. */
export interface AdamMemory {
  /** Running mean of the gradient. */
  readonly expAvg: Tensor;
  /** Running mean of its square. */
  readonly expAvgSq: Tensor;
  /** Largest `expAvgSq` so far, for AMSGrad (Reddi et al., 2018). */
  readonly maxExpAvgSq?: Tensor | null;
}

/** Options of `adamStep`. */
export interface AdamStepOptions {
  /** Which step this is, from 1 on. */
  readonly step: number;
  /** Learning rate. */
  readonly lr: number;
  /** Decay of the averages of the gradient and of its square. */
  readonly betas: readonly [number, number];
  /** Added to the divisor. */
  readonly eps: number;
}

/**
 * One step of Adam (Kingma and Ba, 2015, algorithm 1) on a parameter and its memory, in place and in one pass, with the
 * rounding of PyTorch's operations. `@q/nn/optim` has the optimizer.
 *
 * @throws ShapeError or DTypeError unless all tensors have one shape and one floating dtype; AutogradError outside `noGrad`
 * for a parameter that requires a gradient. Nothing is changed then.
 */
export function adamStep(param: Tensor, grad: Tensor, memory: AdamMemory, options: AdamStepOptions): void {
  checkOptions('adamStep', memory, ['expAvg', 'expAvgSq']);
  const { expAvg, expAvgSq, maxExpAvgSq = null } = memory;
  const { step, lr, betas, eps } = optionsOf('adamStep', options, ['step', 'lr', 'betas', 'eps']);
  checkTensor('adamStep', 'param', param);
  checkTensor('adamStep', 'grad', grad);
  checkTensor('adamStep', 'expAvg', expAvg);
  checkTensor('adamStep', 'expAvgSq', expAvgSq);
  if (maxExpAvgSq !== null) checkTensor('adamStep', 'maxExpAvgSq', maxExpAvgSq);
  if (!Array.isArray(betas)) throw new ArgumentError(`adamStep: betas must be two numbers, got ${described(betas)}.`);
  const [beta1, beta2] = betas as readonly [number, number];
  checkInteger('adamStep', 'step', step, 1);
  checkNumber('adamStep', 'lr', lr);
  checkNumber('adamStep', 'the first beta', beta1);
  checkNumber('adamStep', 'the second beta', beta2);
  checkNumber('adamStep', 'eps', eps);
  adam(param, grad, expAvg, expAvgSq, maxExpAvgSq, {
    beta1,
    beta2,
    share1: 1 - beta1,
    share2: 1 - beta2,
    root: Math.sqrt(1 - beta2 ** step),
    eps,
    size: lr / (1 - beta1 ** step),
  });
}

/** Options of `sgdStep`. */
export interface SGDStepOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Part of the last step that is kept. */
  readonly momentum: number;
  /** Share of the gradient that the momentum leaves out. Default: 0. */
  readonly dampening?: number;
  /** Nesterov's momentum. Default: false. */
  readonly nesterov?: boolean;
}

/**
 * One step of gradient descent with momentum on a parameter and its momentum buffer, in place and in one pass, as
 * `torch.optim.SGD` defines it. `@q/nn/optim` has the optimizer.
 *
 * @throws as `adamStep`
 */
export function sgdStep(param: Tensor, grad: Tensor, buffer: Tensor, options: SGDStepOptions): void {
  checkTensor('sgdStep', 'param', param);
  checkTensor('sgdStep', 'grad', grad);
  checkTensor('sgdStep', 'buffer', buffer);
  const {
    lr,
    momentum,
    dampening = 0,
    nesterov = false,
  } = optionsOf('sgdStep', options, ['lr', 'momentum', 'dampening', 'nesterov']);
  checkNumber('sgdStep', 'lr', lr);
  checkNumber('sgdStep', 'momentum', momentum);
  checkNumber('sgdStep', 'dampening', dampening);
  descend(param, grad, buffer, { lr, momentum, share: 1 - dampening, nesterov });
}
