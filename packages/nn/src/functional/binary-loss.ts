import { ArgumentError, defineOp, ShapeError, shown, type Tensor } from '@q/tensor';
import { checkOptionalTensor, checkTensors, optionsOf, sameShape } from '@q/tensor/internal';
import { reduced, type ReductionOptions } from './loss.js';

/** Options of `binaryCrossEntropy`. */
export interface BinaryOptions extends ReductionOptions {
  /** Factor of every loss; broadcasts with the input. */
  readonly weight?: Tensor | null;
}

function checkTarget(loss: string, input: Tensor, target: Tensor): void {
  checkTensors(loss, { input, target });
  if (!sameShape(input.shape, target.shape))
    throw new ShapeError(
      `${loss}: input and target must have one shape, got ${shown(input.shape)} and ${shown(target.shape)}. Reshape one of them.`,
    );
}

/** Logarithms are cut at -100, so that a wrong certainty costs 100 and not Infinity. */
const probabilityLoss = defineOp<readonly [Tensor, Tensor]>({
  name: 'binaryCrossEntropy',
  transient: true,
  forward: ([x, target]) =>
    target
      .sub(1)
      .mul(x.neg().log1p().clamp({ min: -100 }))
      .sub(target.mul(x.log().clamp({ min: -100 }))),
  backward: (grad, [x, target]) => [
    x.requiresGrad ? grad.mul(x.sub(target)).div(x.rsub(1).mul(x).clamp({ min: 1e-12 })) : null,
    target.requiresGrad ? grad.mul(x.neg().log1p().sub(x.log())) : null,
  ],
  saves: 'inputs',
});

/**
 * `-(target log(input) + (1 - target) log(1 - input))` for probabilities `input`.
 *
 * @throws ShapeError where input and target differ in shape; ArgumentError for an input outside 0 to 1
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryOptions = {}): Tensor {
  const { weight = null, reduction = 'mean' } = optionsOf('binaryCrossEntropy', options, ['weight', 'reduction']);
  checkTarget('binaryCrossEntropy', input, target);
  const outside = input.detach().lt(0).logicalOr(input.detach().gt(1));
  if (outside.any().item() !== 0)
    throw new ArgumentError(
      'binaryCrossEntropy: the input must be probabilities, 0 to 1. Use binaryCrossEntropyWithLogits for logits.',
    );
  const losses = probabilityLoss(input, target);
  return reduced('binaryCrossEntropy', weight ? losses.mul(weight) : losses, reduction);
}

/** Options of `binaryCrossEntropyWithLogits`. */
export interface BinaryLogitsOptions extends BinaryOptions {
  /** Factor of the positive part of every loss; broadcasts with the input. */
  readonly posWeight?: Tensor | null;
}

/**
 * `binaryCrossEntropy` of `sigmoid(input)`, without its loss of precision.
 *
 * @throws ShapeError where input and target differ in shape
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options: BinaryLogitsOptions = {}): Tensor {
  const {
    weight = null,
    posWeight = null,
    reduction = 'mean',
  } = optionsOf('binaryCrossEntropyWithLogits', options, ['posWeight', 'weight', 'reduction']);
  checkTarget('binaryCrossEntropyWithLogits', input, target);
  checkOptionalTensor('binaryCrossEntropyWithLogits', 'posWeight', posWeight);
  const logs = input.logsigmoid();
  const positive = posWeight ? target.mul(posWeight.sub(1)).add(1).mul(logs) : logs;
  const losses = target.rsub(1).mul(input).sub(positive);
  return reduced('binaryCrossEntropyWithLogits', weight ? losses.mul(weight) : losses, reduction);
}

/** `log(1 + exp(-target * input))` for targets 1 and -1. */
export const softMarginLoss = (input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor => {
  const { reduction = 'mean' } = optionsOf('softMarginLoss', options, ['reduction']);
  checkTensors('softMarginLoss', { input, target });
  return reduced('softMarginLoss', input.mul(target).logsigmoid().neg(), reduction);
};

/** `binaryCrossEntropyWithLogits` of every class, averaged over the classes: the last dim of `[N, C]` or `[C]`. */
export function multilabelSoftMarginLoss(input: Tensor, target: Tensor, options: BinaryOptions = {}): Tensor {
  const { weight = null, reduction = 'mean' } = optionsOf('multilabelSoftMarginLoss', options, ['weight', 'reduction']);
  checkTarget('multilabelSoftMarginLoss', input, target);
  if (input.ndim === 0) throw new ShapeError('multilabelSoftMarginLoss: wants [N, C] or [C], got a 0-d tensor.');
  const losses = target.mul(input.logsigmoid()).add(target.rsub(1).mul(input.neg().logsigmoid())).neg();
  const weighted = weight ? losses.mul(weight) : losses;
  return reduced('multilabelSoftMarginLoss', weighted.sum(-1).div(input.shape.at(-1)!), reduction);
}
