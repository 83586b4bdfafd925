import { arange, dtypes, lookup, quantizeLinear, Storage, Tensor, type ArrayOf, type Shape } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import type { AffineEncoding } from '../encodings/affine.js';
import type { GridDType } from '../encodings/grid-values.js';

/** Entries up to which a function of one grid is tabulated: 16 bits. */
const MOST_ENTRIES = 2 ** 16;

/** Result positions of a function, by position of its argument from `first` on. */
export interface Table {
  readonly first: number;
  readonly entries: Tensor<GridDType>;
}

/** Whether a function of this grid has few enough arguments for a table. */
export const tabulates = ({ qmin, qmax }: AffineEncoding): boolean => qmax - qmin < MOST_ENTRIES;

/** A tensor over an array that nobody else holds. */
export function owned<D extends GridDType>(dtype: D, array: ArrayOf<D>, shape: Shape): Tensor<D> {
  return new Tensor(new Storage(dtype, array.length, array), new Layout(shape));
}

/** Floats on a grid as integers of its dtype. */
export function positions(x: Tensor, { scale, offset, qmin, qmax, dtype }: AffineEncoding): Tensor<GridDType> {
  return quantizeLinear(x.detach(), scale.detach(), offset.detach(), qmin, qmax, { dtype });
}

/**
 * A function of the numbers of one grid onto another, computed for every position by the very operations that fake
 * quantization uses, so that looking it up gives the same bits. A table for bytes has an entry for every byte.
 */
export function tableOf(input: AffineEncoding, output: AffineEncoding, fn: (x: Tensor) => Tensor): Table {
  const { dtype } = input;
  const bytes = dtype === 'uint8' || dtype === 'int8';
  const [first, last] = bytes ? [dtypes[dtype].min, dtypes[dtype].max] : [input.qmin, input.qmax];
  const numbers = input.dequantize(arange(first, last + 1, 1, { dtype: 'float32' }));
  // In an array of its own: a table outlives the scope in which it is first needed.
  const made = elementsOf(positions(fn(numbers), output))[0].slice() as ArrayOf<GridDType>;
  return { first, entries: owned(output.dtype, made, [made.length]) };
}

/** Integers by a table. */
export const look = ({ entries, first }: Table, values: Tensor): Tensor => lookup(values, entries, first);
