import { ArgumentError, isFloat, ShapeError, shown, type Tensor } from '@q/tensor';

/** What becomes of the losses of a batch. */
export type Reduction = 'none' | 'mean' | 'sum';

/** Options that all losses have. */
export interface ReductionOptions {
  /** Default: 'mean'. */
  readonly reduction?: Reduction;
}

/** The losses, their mean or their sum. */
export function reduced(loss: string, values: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return values;
  if (reduction === 'mean') return values.mean();
  if (reduction === 'sum') return values.sum();
  throw new ArgumentError(`${loss}: reduction must be 'none', 'mean' or 'sum', got ${String(reduction)}.`);
}

/** `(input - target)^2`. */
export function mseLoss(input: Tensor, target: Tensor, { reduction = 'mean' }: ReductionOptions = {}): Tensor {
  const difference = input.sub(target);
  return reduced('mseLoss', difference.mul(difference), reduction);
}

/** `|input - target|`. */
export const l1Loss = (input: Tensor, target: Tensor, { reduction = 'mean' }: ReductionOptions = {}): Tensor =>
  reduced('l1Loss', input.sub(target).abs(), reduction);

/** Options of `nllLoss`. */
export interface NLLOptions extends ReductionOptions {
  /** Factor of every class, `[C]`. */
  readonly weight?: Tensor | null;
  /** Class index that gives no loss. Default: -100. */
  readonly ignoreIndex?: number;
}

/** Dim of the classes: 1, or 0 for a single sample. */
const classDim = (input: Tensor): number => (input.ndim === 1 ? 0 : 1);

function checkClasses(loss: string, input: Tensor, target: Tensor, weight: Tensor | null): void {
  const dim = classDim(input);
  const wanted = input.shape.filter((_, d) => d !== dim);
  if (input.ndim === 0 || shown(wanted) !== shown(target.shape))
    throw new ShapeError(
      `${loss}: input [N, C, ...] wants a target [N, ...] of class indices, got ${shown(input.shape)} and ${shown(target.shape)}.`,
    );
  if (weight && shown(weight.shape) !== shown([input.shape[dim]!]))
    throw new ShapeError(`${loss}: weight must be [${input.shape[dim]}], one per class, got ${shown(weight.shape)}.`);
}

interface ClassLosses {
  /** Loss of every sample, 0 where it is ignored. */
  readonly losses: Tensor;
  /** Sum of the weights of the samples that count. */
  readonly total: Tensor;
  readonly ignored: Tensor;
}

/** Negative log-probability of the target classes times their weights. */
function classLosses(input: Tensor, target: Tensor, weight: Tensor | null, ignoreIndex: number): ClassLosses {
  const dim = classDim(input);
  const ignored = target.eq(ignoreIndex);
  const classes = target.to('int32').maskedFill(ignored, 0);
  const picked = input.gather(dim, classes.unsqueeze(dim)).squeeze(dim).neg();
  const factors = (
    weight
      ? weight
          .to(input.dtype)
          .indexSelect(0, classes.reshape([-1]))
          .reshape(target.shape)
      : picked.detach().onesLike()
  ).maskedFill(ignored, 0);
  return { losses: picked.mul(factors).maskedFill(ignored, 0), total: factors.sum(), ignored };
}

/**
 * Negative log-likelihood: `-weight[target] * input[target]` for log-probabilities `input` `[N, C, ...]` (or `[C]`) and class
 * indices `target` `[N, ...]`. The mean is over the weights.
 *
 * @throws IndexError for a class outside C that is not `ignoreIndex`
 */
export function nllLoss(input: Tensor, target: Tensor, options: NLLOptions = {}): Tensor {
  const { weight = null, ignoreIndex = -100, reduction = 'mean' } = options;
  checkClasses('nllLoss', input, target, weight);
  const { losses, total } = classLosses(input, target, weight, ignoreIndex);
  return reduction === 'mean' ? losses.sum().div(total) : reduced('nllLoss', losses, reduction);
}

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
  return reduction === 'mean'
    ? losses.sum().div(logProbabilities.numel / classes)
    : reduced('crossEntropy', losses, reduction);
}

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
  const { weight = null, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = options;
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ArgumentError(`crossEntropy: labelSmoothing must be 0 to 1, got ${labelSmoothing}.`);
  const soft = isFloat(target.dtype) && shown(target.shape) === shown(input.shape);
  if (!soft) checkClasses('crossEntropy', input, target, weight);
  const dim = classDim(input);
  const logProbabilities = input.logSoftmax(dim);
  if (soft) return softCrossEntropy(logProbabilities, target, weight, options);
  const { losses, total, ignored } = classLosses(logProbabilities, target, weight, ignoreIndex);
  const mean = (values: Tensor): Tensor =>
    reduction === 'mean' ? values.sum().div(total) : reduced('crossEntropy', values, reduction);
  const hard = mean(losses);
  if (labelSmoothing === 0) return hard;
  const weighted = weight ? logProbabilities.mul(alongClasses(weight, input)) : logProbabilities;
  const smooth = mean(weighted.sum(dim).neg().maskedFill(ignored, 0));
  return hard.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / input.shape[dim]!));
}
