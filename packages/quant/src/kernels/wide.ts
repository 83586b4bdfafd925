import { joinBytes, splitBytes, type Tensor } from '@q/tensor';

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
  const { high, low } = splitBytes(values, shift);
  const zero = zeroPoint - shift;
  const sums = joined(product(high, zero >> 8), product(low, zero & 255));
  high.storage.free();
  low.storage.free();
  return sums;
}

/** `256 * high + low` of two tensors of sums, which are used up. */
function joined(high: Tensor, low: Tensor): Tensor {
  const sums = high.dtype === 'int32' ? joinBytes(high, low) : high.mul(256).add(low);
  high.storage.free();
  low.storage.free();
  return sums;
}
