import { checkNumber, checkOptionalTensor, checkTensors, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { isFloat, isInt } from '../dtype.js';
import { ArgumentError, described, DTypeError, ShapeError, shown } from '../errors.js';
import type { Reduction } from '../kernels/contract/loss.js';
import { checkClasses, nll } from '../ops/loss.js';
import { sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';

export type { Reduction };

/** Options that all losses have. */
export interface ReductionOptions {
  /** Default: 'mean'. */
  readonly reduction?: Reduction;
}

/** Options of `nllLoss`. */
export interface NLLOptions extends ReductionOptions {
  /** Factor of every class, `[C]`. */
  readonly weight?: Tensor | null;
  /** Class index that gives no loss. Default: -100. */
  readonly ignoreIndex?: number;
}

/** Throws unless a reduction is one. */
export function checkReduction(loss: string, reduction: Reduction): void {
  if (!['none', 'mean', 'sum'].includes(reduction))
    throw new ArgumentError(`${loss}: reduction must be 'none', 'mean' or 'sum', got ${described(reduction)}.`);
}

/** Throws unless input, class indices and options fit each other. */
export function checkClassLoss(loss: string, input: Tensor, target: Tensor, options: NLLOptions): void {
  const { weight = null, ignoreIndex = -100, reduction = 'mean' } = options;
  checkTensors(loss, { input, target });
  checkOptionalTensor(loss, 'weight', weight);
  checkNumber(loss, 'ignoreIndex', ignoreIndex);
  checkReduction(loss, reduction);
  const dim = input.ndim === 1 ? 0 : 1;
  const wanted = input.shape.filter((_, d) => d !== dim);
  if (input.ndim === 0 || !sameShape(wanted, target.shape))
    throw new ShapeError(
      `${loss}: input [N, C, ...] wants a target [N, ...] of class indices, got ${shown(input.shape)} and ${shown(target.shape)}.`,
    );
  const count = input.shape[dim]!;
  if (weight && !sameShape(weight.shape, [count]))
    throw new ShapeError(`${loss}: weight must be [${count}], one per class, got ${shown(weight.shape)}.`);
  if (!isFloat(input.dtype)) throw new DTypeError(`${loss}: input must be floating, got ${input.dtype}.`);
  if (!isInt(target.dtype))
    throw new DTypeError(
      `${loss}: target must hold class indices of an integer dtype, got ${target.dtype}. Convert it with to('int32').`,
    );
  checkClasses(loss, target, count, ignoreIndex);
}

/**
 * Negative log-likelihood: `-weight[target] * input[target]` for log-probabilities `input` `[N, C, ...]` (or `[C]`) and class
 * indices `target` `[N, ...]`. The mean is over the weights. There is no gradient in the weight.
 *
 * @throws IndexError for a class outside C that is not `ignoreIndex`; ShapeError where shapes do not fit; DTypeError for a target
 * that is no integer tensor
 */
export function nllLoss(input: Tensor, target: Tensor, options: NLLOptions = {}): Tensor {
  checkClassLoss('nllLoss', input, target, optionsOf('nllLoss', options, ['weight', 'ignoreIndex', 'reduction']));
  return negativeLogLikelihood(input, target, options);
}

/** `nllLoss` of arguments that were checked. */
export const negativeLogLikelihood = (
  input: Tensor,
  target: Tensor,
  { weight = null, ignoreIndex = -100, reduction = 'mean' }: NLLOptions,
): Tensor => apply(nll, weight ? [input, target, weight] : [input, target], { ignoreIndex, reduction });
