import { ArgumentError, defineOp, described, ShapeError, shown, type Tensor } from '@q/tensor';
import { checkBoolean, checkNumber, checkTensors, optionsOf, sameShape } from '@q/tensor/internal';
import { checkBooleans } from '../options.js';
import { reduced, type Reduction, type ReductionOptions } from './loss.js';

/** Options of `smoothL1Loss`. */
export interface SmoothL1Options extends ReductionOptions {
  /** Difference from which on the loss is linear; 0 for `l1Loss`. Default: 1. */
  readonly beta?: number;
}

/** Quadratic within `beta`, linear outside, of a difference; the derivative is that of `x / beta` cut to [-1, 1]. */
const smoothL1 = defineOp<readonly [Tensor], number>({
  name: 'smoothL1Loss',
  transient: true,
  forward: ([x], beta) => {
    const size = x.abs();
    if (beta === 0) return size;
    return x
      .mul(x)
      .mul(0.5)
      .div(beta)
      .where(size.lt(beta), size.sub(0.5 * beta));
  },
  backward: (grad, [x], _y, beta) => [grad.mul(beta === 0 ? x.sign() : x.div(beta).clamp({ min: -1, max: 1 }))],
  saves: 'inputs',
});

/** `d^2 / (2 beta)` where the difference d is below `beta`, `|d| - beta / 2` elsewhere (Girshick, 2015). */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  const { beta = 1, reduction = 'mean' } = optionsOf('smoothL1Loss', options, ['beta', 'reduction']);
  checkNumber('smoothL1Loss', 'beta', beta, 0);
  checkTensors('smoothL1Loss', { input, target });
  return reduced('smoothL1Loss', smoothL1(input.sub(target), beta), reduction);
}

/** Options of `huberLoss`. */
export interface HuberOptions extends ReductionOptions {
  /** Difference from which on the loss is linear. Default: 1. */
  readonly delta?: number;
}

const huber = defineOp<readonly [Tensor], number>({
  name: 'huberLoss',
  transient: true,
  forward: ([x], delta) => {
    const size = x.abs();
    return x
      .mul(x)
      .mul(0.5)
      .where(size.le(delta), size.sub(0.5 * delta).mul(delta));
  },
  backward: (grad, [x], _y, delta) => [grad.mul(x.clamp({ min: -delta, max: delta }))],
  saves: 'inputs',
});

/** `d^2 / 2` where the difference d is within `delta`, `delta (|d| - delta / 2)` elsewhere (Huber, 1964). */
export function huberLoss(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1, reduction = 'mean' } = optionsOf('huberLoss', options, ['delta', 'reduction']);
  checkTensors('huberLoss', { input, target });
  if (typeof delta !== 'number' || !(delta > 0))
    throw new ArgumentError(`huberLoss: delta must be positive, got ${described(delta)}.`);
  return reduced('huberLoss', huber(input.sub(target), delta), reduction);
}

/** What becomes of the losses of `klDiv`: 'batchmean' divides their sum by the batch size, the definition of the divergence. */
export type DivergenceReduction = Reduction | 'batchmean';

/** Options of `klDiv`. */
export interface KLDivOptions {
  /** Default: 'mean'. */
  readonly reduction?: DivergenceReduction;
  /** Whether the target holds log-probabilities too. Default: false. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence, element by element: `target (log(target) - input)` for log-probabilities `input`. */
export function klDiv(input: Tensor, target: Tensor, options: KLDivOptions = {}): Tensor {
  const { reduction = 'mean', logTarget = false } = optionsOf('klDiv', options, ['reduction', 'logTarget']);
  checkTensors('klDiv', { input, target });
  checkBoolean('klDiv', 'logTarget', logTarget);
  const losses = logTarget ? target.exp().mul(target.sub(input)) : target.xlogy(target).sub(target.mul(input));
  if (reduction === 'batchmean') return input.ndim === 0 ? losses.sum() : losses.sum().div(input.shape[0]!);
  return reduced('klDiv', losses, reduction);
}

/** Options of `poissonNllLoss`. */
export interface PoissonNLLOptions extends ReductionOptions {
  /** Whether the input is the logarithm of the rate. Default: true. */
  readonly logInput?: boolean;
  /** Whether to add Stirling's approximation of `log(target!)` for targets above 1. Default: false. */
  readonly full?: boolean;
  /** Keeps log(0) away without `logInput`. Default: 1e-8. */
  readonly eps?: number;
}

/** Negative log-likelihood of counts `target` under Poisson distributions of rate `exp(input)` (or `input`). */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonNLLOptions = {}): Tensor {
  const {
    logInput = true,
    full = false,
    eps = 1e-8,
    reduction = 'mean',
  } = optionsOf('poissonNllLoss', options, ['logInput', 'full', 'eps', 'reduction']);
  checkTensors('poissonNllLoss', { input, target });
  checkBooleans('poissonNllLoss', { logInput, full });
  const losses = logInput ? input.exp().sub(target.mul(input)) : input.sub(target.mul(input.add(eps).log()));
  if (!full) return reduced('poissonNllLoss', losses, reduction);
  // Small targets are replaced before the logarithm, whose gradient at 0 would not vanish under the mask.
  const small = target.le(1);
  const counts = target.maskedFill(small, 1);
  const stirling = counts
    .mul(counts.log())
    .sub(counts)
    .add(
      counts
        .mul(2 * Math.PI)
        .log()
        .mul(0.5),
    );
  return reduced('poissonNllLoss', losses.add(stirling.maskedFill(small, 0)), reduction);
}

/** Options of `gaussianNllLoss`. */
export interface GaussianNLLOptions extends ReductionOptions {
  /** Whether to add the constant `log(2 pi) / 2`. Default: false. */
  readonly full?: boolean;
  /** Smallest variance. Default: 1e-6. */
  readonly eps?: number;
}

/** `max(x, min)`, through which gradients pass unchanged. */
const raised = defineOp<readonly [Tensor], number>({
  name: 'gaussianNllLoss',
  transient: true,
  forward: ([x], min) => x.clamp({ min }),
  backward: (grad) => [grad],
  saves: 'none',
});

/**
 * Negative log-likelihood of `target` under normal distributions with means `input` and variances `variance`: of the shape
 * of `input`, or with one variance per vector along the last dim (a last size of 1, or that dim left out).
 *
 * @throws ArgumentError for a negative variance; ShapeError for a variance of another shape
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor,
  options: GaussianNLLOptions = {},
): Tensor {
  const {
    full = false,
    eps = 1e-6,
    reduction = 'mean',
  } = optionsOf('gaussianNllLoss', options, ['full', 'eps', 'reduction']);
  checkTensors('gaussianNllLoss', { input, target, variance });
  checkNumber('gaussianNllLoss', 'eps', eps);
  checkBoolean('gaussianNllLoss', 'full', full);
  const vectors = input.shape.slice(0, -1);
  const shared = input.ndim > 0 && sameShape(variance.shape, vectors);
  const fits = shared || sameShape(variance.shape, input.shape) || sameShape(variance.shape, [...vectors, 1]);
  if (!fits)
    throw new ShapeError(
      `gaussianNllLoss: the variance must be ${shown(input.shape)} as the input, or one per vector ${shown(vectors)}; got ${shown(variance.shape)}.`,
    );
  if (variance.detach().lt(0).any().item() !== 0)
    throw new ArgumentError('gaussianNllLoss: a variance is negative. Predict its logarithm, or its root, instead.');
  const spread = raised(shared ? variance.unsqueeze(-1) : variance, eps);
  const difference = input.sub(target);
  const losses = spread.log().add(difference.mul(difference).div(spread)).mul(0.5);
  return reduced('gaussianNllLoss', full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, reduction);
}
