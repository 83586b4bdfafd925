import { ArgumentError, described, type Reduction, type ReductionOptions, type Tensor } from '@q/tensor';
import { checkTensors, optionsOf } from '@q/tensor/internal';

export {
  crossEntropy,
  nllLoss,
  type CrossEntropyOptions,
  type NLLOptions,
  type Reduction,
  type ReductionOptions,
} from '@q/tensor';

/** The losses, their mean or their sum. */
export function reduced(loss: string, values: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return values;
  if (reduction === 'mean') return values.mean();
  if (reduction === 'sum') return values.sum();
  throw new ArgumentError(`${loss}: reduction must be 'none', 'mean' or 'sum', got ${described(reduction)}.`);
}

/** `(input - target)^2`. */
export function mseLoss(input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const { reduction = 'mean' } = optionsOf('mseLoss', options, ['reduction']);
  checkTensors('mseLoss', { input, target });
  const difference = input.sub(target);
  return reduced('mseLoss', difference.mul(difference), reduction);
}

/** `|input - target|`. */
export function l1Loss(input: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  const { reduction = 'mean' } = optionsOf('l1Loss', options, ['reduction']);
  checkTensors('l1Loss', { input, target });
  return reduced('l1Loss', input.sub(target).abs(), reduction);
}
