import { tensor, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';

/** Rows of integers of 4 bits `[rows, k]` as bytes `[rows, ceil(k / 2)]`, the first of two in the low half; signed ones in two's complement. */
export function packRows(values: Tensor): Tensor<'uint8'> {
  const [rows, k] = values.shape as [number, number];
  const width = Math.ceil(k / 2);
  const [from] = elementsOf(values);
  const bytes = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < k; i++) bytes[row * width + (i >> 1)]! |= (from[row * k + i]! & 15) << ((i & 1) * 4);
  return tensor(bytes, { shape: [rows, width], dtype: 'uint8' });
}
