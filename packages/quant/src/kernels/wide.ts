import { Storage, Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { owned } from './table.js';

/** Integers as `256 * high + low` of signed high and unsigned low bytes. */
export interface Halves {
  readonly high: Tensor;
  readonly low: Tensor;
}

/** Splits integers of up to 16 bits, signed or not, after `shift` is taken off, so that products of bytes can compute with them. */
export function halves(values: Tensor, shift: number): Halves {
  const [from] = elementsOf(values);
  const [high, low] = [new Int8Array(from.length), new Uint8Array(from.length)];
  for (let i = 0; i < from.length; i++) {
    const value = from[i]! - shift;
    high[i] = value >> 8;
    low[i] = value & 255;
  }
  return { high: owned('int8', high, values.shape), low: owned('uint8', low, values.shape) };
}

/** Whether integers are bytes already. */
export const isByte = ({ dtype }: Tensor): boolean => dtype === 'int8' || dtype === 'uint8';

/**
 * A product that is linear in its first operand (values, zero point), of integers of any width: in bytes, wider ones as the sum
 * of the products of their halves. Exact in int32 wherever the result is. `qmin` is the smallest of the values' grid.
 */
export function byBytes(
  values: Tensor,
  qmin: number,
  zeroPoint: number,
  product: (x: Tensor, zero: number) => Tensor,
): Tensor {
  if (isByte(values)) return product(values, zeroPoint);
  // With the middle taken off, any grid of 16 bits is one around zero.
  const shift = qmin + 2 ** 15;
  const { high, low } = halves(values, shift);
  const zero = zeroPoint - shift;
  return joined(product(high, zero >> 8), product(low, zero & 255));
}

/** `256 * high + low` of two tensors of sums made in the same way; both are used up. */
function joined(high: Tensor, low: Tensor): Tensor {
  const { layout, storage } = high;
  const alike =
    storage.dtype === 'int32' &&
    storage.length === high.numel &&
    low.storage.length === low.numel &&
    layout.strides.every((step, d) => step === low.layout.strides[d]);
  if (!alike) return high.mul(256).add(low);
  const sums = new Int32Array(storage.length);
  const [{ array: highs, base: h }, { array: lows, base: l }] = [storage, low.storage];
  for (let i = 0; i < sums.length; i++) sums[i] = Math.imul(highs[h + i]!, 256) + lows[l + i]!;
  storage.free();
  low.storage.free();
  return new Tensor(new Storage('int32', sums.length, sums), layout);
}
