import { checkNumber, checkOptionalTensor, checkTensors, optionsOf } from '../arguments.js';
import { isFloat } from '../dtype.js';
import type { Reduction } from '../kernels/contract/loss.js';
import { sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkClassLoss, checkReduction, negativeLogLikelihood, type NLLOptions } from './nll-loss.js';

/** Dim of the classes: 1, or 0 for a single sample. */
const classDim = (input: Tensor): number => (input.ndim === 1 ? 0 : 1);

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions extends NLLOptions {
  /** Share of the target that is spread evenly over all classes. Default: 0. */
  readonly labelSmoothing?: number;
}

/** Cross entropy between probabilities: `-weight * target * log(softmax(input))` summed over the classes. */
function softCrossEntropy(
  logProbabilities: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { labelSmoothing = 0, reduction = 'mean' }: CrossEntropyOptions,
): Tensor {
  const dim = classDim(logProbabilities);
  const classes = logProbabilities.shape[dim]!;
  const spread = labelSmoothing > 0 ? target.mul(1 - labelSmoothing).add(labelSmoothing / classes) : target;
  const terms = logProbabilities.mul(spread);
  const losses = (weight ? terms.mul(alongClasses(weight, logProbabilities)) : terms).sum(dim).neg();
  return reduction === 'mean' ? losses.sum().div(logProbabilities.numel / classes) : summed(losses, reduction);
}

const summed = (losses: Tensor, reduction: Reduction): Tensor => (reduction === 'sum' ? losses.sum() : losses);

/** A value per class in a shape that broadcasts with `[N, C, ...]`. */
const alongClasses = (weight: Tensor, input: Tensor): Tensor =>
  weight.reshape(input.shape.map((_, d) => (d === classDim(input) ? -1 : 1)));

/**
 * Cross entropy of logits `input` `[N, C, ...]` (or `[C]`) with class indices `[N, ...]`, or with class probabilities in the
 * shape of `input`.
 *
 * @throws IndexError for a class outside C that is not `ignoreIndex`; ShapeError where input and target do not fit
 */
export function crossEntropy(input: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const {
    weight = null,
    ignoreIndex = -100,
    reduction = 'mean',
    labelSmoothing = 0,
  } = optionsOf('crossEntropy', options, ['labelSmoothing', 'weight', 'ignoreIndex', 'reduction']);
  checkTensors('crossEntropy', { input, target });
  checkOptionalTensor('crossEntropy', 'weight', weight);
  checkNumber('crossEntropy', 'labelSmoothing', labelSmoothing, 0, 1);
  const soft = isFloat(target.dtype) && sameShape(target.shape, input.shape);
  if (soft) checkReduction('crossEntropy', reduction);
  else checkClassLoss('crossEntropy', input, target, options);
  const dim = classDim(input);
  const logProbabilities = input.logSoftmax(dim);
  if (soft) return softCrossEntropy(logProbabilities, target, weight, options);
  const hard = negativeLogLikelihood(logProbabilities, target, options);
  if (labelSmoothing === 0) return hard;
  const weighted = weight ? logProbabilities.mul(alongClasses(weight, input)) : logProbabilities;
  const ignored = target.eq(ignoreIndex);
  const losses = weighted.sum(dim).neg().maskedFill(ignored, 0);
  const smooth = reduction === 'mean' ? losses.sum().div(weightOf(target, ignored, weight)) : summed(losses, reduction);
  return hard.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / input.shape[dim]!));
}

/** Sum of the weights of the samples that count. */
function weightOf(target: Tensor, ignored: Tensor, weight: Tensor | null): Tensor {
  if (!weight) return ignored.logicalNot().sum();
  const classes = target.to('int32').maskedFill(ignored, 0).reshape([-1]);
  return weight.indexSelect(0, classes).reshape(target.shape).maskedFill(ignored, 0).sum();
}
