import { checkTensor } from '../arguments.js';
import { apply } from '../autograd.js';
import * as ops from '../ops/select.js';
import type { Tensor } from '../tensor.js';
import { operand, type TensorLike } from '../tensor/operand.js';

/**
 * `a` where the bool tensor `condition` is 1, `b` elsewhere; all three broadcast, and `a` and `b` promote to one dtype.
 *
 * @throws DTypeError unless the condition is bool (or uint8)
 * @example
 * where(x.gt(0), x, 0);
 */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  checkTensor('where', 'condition', condition);
  return apply(ops.where, [condition, operand(condition, a, 'where'), operand(condition, b, 'where')], undefined);
}
