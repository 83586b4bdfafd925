import { arange, dtypes, Storage, Tensor, type ArrayOf, type Shape } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import type { AffineEncoding } from '../encodings/affine.js';
import type { GridDType } from '../encodings/grid-values.js';

/** Entries up to which a function of one grid is tabulated: 16 bits. */
const MOST_ENTRIES = 2 ** 16;

/** Result positions of a function, by position of its argument from `qmin` on. */
export interface Table {
  readonly qmin: number;
  readonly positions: Int32Array;
  readonly dtype: GridDType;
}

/** The same for a function of two arguments: row by the first, column by the second. */
export interface PairTable extends Table {
  readonly columnMin: number;
  readonly columns: number;
}

const entries = ({ qmin, qmax }: AffineEncoding): number => qmax - qmin + 1;

/** Whether a function of these grids has few enough arguments for a table. */
export const tabulates = (...encodings: readonly AffineEncoding[]): boolean =>
  encodings.reduce((count, encoding) => count * entries(encoding), 1) <= MOST_ENTRIES;

/** All numbers of a per-tensor grid in order. */
const numbersOf = (encoding: AffineEncoding): Tensor =>
  encoding.dequantize(arange(encoding.qmin, encoding.qmax + 1, 1, { dtype: 'float32' }));

const onGrid = (y: Tensor, output: AffineEncoding): Int32Array => Int32Array.from(elementsOf(output.quantize(y))[0]);

/**
 * A function of the numbers of one grid onto another, computed for every position by the very operations that fake
 * quantization uses, so that looking it up gives the same bits.
 */
export const tableOf = (input: AffineEncoding, output: AffineEncoding, fn: (x: Tensor) => Tensor): Table => ({
  qmin: input.qmin,
  positions: onGrid(fn(numbersOf(input)), output),
  dtype: output.dtype,
});

/** The table of a function of two grids. */
export const pairTableOf = (
  left: AffineEncoding,
  right: AffineEncoding,
  output: AffineEncoding,
  fn: (x: Tensor, y: Tensor) => Tensor,
): PairTable => ({
  qmin: left.qmin,
  columnMin: right.qmin,
  columns: entries(right),
  positions: onGrid(fn(numbersOf(left).unsqueeze(1), numbersOf(right).unsqueeze(0)), output),
  dtype: output.dtype,
});

/** A tensor over an array that nobody else holds. */
export function owned<D extends GridDType>(dtype: D, array: ArrayOf<D>, shape: Shape): Tensor<D> {
  return new Tensor(new Storage(dtype, array.length, array), new Layout(shape));
}

/** Integers by a table of one argument. */
export function look({ qmin, positions, dtype }: Table, values: Tensor): Tensor {
  const [from] = elementsOf(values);
  const to = new dtypes[dtype].array(from.length);
  for (let i = 0; i < to.length; i++) to[i] = positions[from[i]! - qmin]!;
  return owned(dtype, to, values.shape);
}

/** Integers by a table of two arguments of one shape. */
export function lookPairs(
  { qmin, columnMin, columns, positions, dtype }: PairTable,
  left: Tensor,
  right: Tensor,
): Tensor {
  const [a, b] = elementsOf(left, right);
  const to = new dtypes[dtype].array(a.length);
  const shift = qmin * columns + columnMin;
  for (let i = 0; i < to.length; i++) to[i] = positions[a[i]! * columns + b[i]! - shift]!;
  return owned(dtype, to, left.shape);
}
