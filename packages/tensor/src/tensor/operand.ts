import { dtypeOfNumber } from '../dtype.js';
import { ArgumentError } from '../errors.js';
import { Layout } from '../layout.js';
import { Storage } from '../storage.js';
import type { Tensor } from '../tensor.js';

/** What an operation takes beside its tensor: another tensor, or a plain number that follows the tensor's dtype. */
export type TensorLike = Tensor | number | boolean;

const scalar = new Layout([]);

/** `other` as a tensor. A number becomes a weak 0-d tensor, held as a double until the operation's dtype is known. */
export function operand(self: Tensor, other: TensorLike): Tensor {
  if (typeof other === 'number' || typeof other === 'boolean') {
    const tensor = self.wrap({ storage: new Storage('float64', 1, Float64Array.of(Number(other))), layout: scalar });
    tensor.weak = dtypeOfNumber(other);
    return tensor;
  }
  if (other === null || typeof other !== 'object' || !(other.storage instanceof Storage))
    throw new ArgumentError(`expected a tensor or a number as operand, got ${other === null ? 'null' : typeof other}. Make a tensor of it with tensor().`);
  return other;
}
