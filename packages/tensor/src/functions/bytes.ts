import { checkInteger, checkTensor } from '../arguments.js';
import { apply } from '../autograd.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/integer.js';
import { sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { checkIntegerTensor } from './integer.js';

/** Integers as `256 * high + low`. */
export interface Bytes {
  /** The upper bytes. */
  readonly high: Tensor<'int8'>;
  /** The lower bytes. */
  readonly low: Tensor<'uint8'>;
}

/**
 * Integers of 16 bits as bytes, with which products are fast: `x - shift` is `256 * high + low`. Not differentiable.
 *
 * @param shift the middle of the integers, at most 32 768 below and 32 767 above which they lie; of others the low 16 bits are split
 * @throws DTypeError where x has no integer dtype; ArgumentError for a shift that is no integer
 */
export function splitBytes(x: Tensor, shift = 0): Bytes {
  checkIntegerTensor('splitBytes', 'x', x);
  checkInteger('splitBytes', 'shift', shift);
  const [high, low] = apply(ops.splitBytes, [x], { shift });
  return { high, low };
}

/**
 * `256 * high + low` of int32 tensors of one shape, with wrap-around: a sum of products with the two bytes of `splitBytes`.
 *
 * @throws DTypeError where an operand is not int32; ShapeError where shapes differ
 */
export function joinBytes(high: Tensor, low: Tensor): Tensor<'int32'> {
  for (const [name, operand] of Object.entries({ high, low })) {
    checkTensor('joinBytes', name, operand);
    if (operand.dtype !== 'int32') throw new DTypeError(`joinBytes: ${name} must be int32, got ${operand.dtype}.`);
  }
  if (!sameShape(high.shape, low.shape))
    throw new ShapeError(`joinBytes: shapes differ: ${shown(high.shape)} and ${shown(low.shape)}.`);
  return apply(ops.joinBytes, [high, low], undefined) as Tensor as Tensor<'int32'>;
}
