import { checkTensor, optionsOf } from '../arguments.js';
import { promoteTypes } from '../dtype.js';
import { zeros } from '../create.js';
import type { Tensor } from '../tensor.js';

/** Options of `isin`. */
export interface IsinOptions {
  /** Whether to say which elements are not there. Default: false. */
  readonly invert?: boolean;
}

/**
 * Which elements occur in `test`, a tensor of any shape: bool in the shape of `elements`. Both are compared in the dtype they promote
 * to. NaN occurs nowhere.
 *
 * @example
 * isin(tensor([1, 2, 3]), tensor([3, 1])); // [1, 0, 1]
 */
export function isin(elements: Tensor, test: Tensor, options: IsinOptions = {}): Tensor<'bool'> {
  checkTensor('isin', 'elements', elements);
  checkTensor('isin', 'test', test);
  const { invert = false } = optionsOf('isin', options, ['invert']);
  const dtype = promoteTypes(elements.dtype, test.dtype);
  const flat = test.detach().to(dtype).flatten();
  const there = among(elements.detach().to(dtype), flat.maskedSelect(flat.eq(flat)));
  return invert ? there.logicalNot() : there;
}

/** Each element beside the first of the sorted ones that is not less. */
function among(elements: Tensor, test: Tensor): Tensor<'bool'> {
  if (test.numel === 0) return zeros(elements.shape, { dtype: 'bool' });
  const sorted = test.sort().values;
  const at = elements.bucketize(sorted).clamp({ max: sorted.numel - 1 });
  return sorted.indexSelect(0, at.flatten()).reshape(elements.shape).eq(elements);
}
