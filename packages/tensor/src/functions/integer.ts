import { checkChoice, checkInteger, checkNumber, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { checkDType, dtypes, isInt, type DType } from '../dtype.js';
import { ArgumentError, described, DTypeError, IndexError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { ScaledBinaryName } from '../kernels/contract/integer.js';
import * as ops from '../ops/integer.js';
import type { Tensor } from '../tensor.js';
import { operand } from '../tensor/operand.js';

/** Throws unless `dtype` is an integer dtype that holds all integers of a grid. */
function checkGrid(name: string, dtype: DType, qmin: number, qmax: number): void {
  checkInteger(name, 'qmin', qmin);
  checkInteger(name, 'qmax', qmax);
  const { min, max } = dtypes[dtype];
  if (qmin > qmax || qmin < min || qmax > max)
    throw new ArgumentError(`${name}: ${dtype} holds no grid [${qmin}, ${qmax}], only integers from ${min} to ${max}.`);
}

function checkIntegerDType(name: string, dtype: DType): void {
  checkDType(name, dtype);
  if (!isInt(dtype)) throw new DTypeError(`${name}: dtype must be an integer dtype, got ${dtype}.`);
}

/** Options of `requantize`. */
export interface RequantizeOptions<D extends DType = DType> {
  /** Added before rounding, in steps of the result: a number, or float32 that broadcasts with the accumulators. Default: 0. */
  readonly bias?: Tensor | number;
  /** The integer that stands for 0. Default: 0. */
  readonly zeroPoint?: number;
  /** Ends of the grid. Default: the limits of `dtype`. */
  readonly qmin?: number;
  /** Largest integer of the result. */
  readonly qmax?: number;
  /** Integer dtype of the result. Default: int8. */
  readonly dtype?: D;
}

/** How products of integers are put on a grid: as `requantize`, with its multiplier. */
export interface Requantization<D extends DType = DType> extends RequantizeOptions<D> {
  /** Scale of the accumulators over the scale of the result. */
  readonly multiplier: Tensor | number;
}

const gridOptions = ['bias', 'zeroPoint', 'qmin', 'qmax', 'dtype'] as const;

/** The grid of `requantize`, checked. */
function gridOf(name: string, options: RequantizeOptions): ops.RequantizeAttrs {
  const { zeroPoint = 0, dtype = 'int8' } = options;
  checkIntegerDType(name, dtype);
  const { qmin = dtypes[dtype].min, qmax = dtypes[dtype].max } = options;
  checkInteger(name, 'zeroPoint', zeroPoint);
  checkGrid(name, dtype, qmin, qmax);
  return { grid: { zeroPoint, qmin, qmax }, dtype };
}

/** The inputs and attributes that put a product of `x` on a grid: none where the accumulators are wanted. */
export function requantizationOf(
  name: string,
  x: Tensor,
  given: Requantization | null | undefined,
): { readonly inputs: readonly [] | readonly [Tensor, Tensor]; readonly onGrid: ops.RequantizeAttrs | null } {
  if (given === undefined || given === null) return { inputs: [], onGrid: null };
  const { multiplier, bias = 0 } = optionsOf(`${name}: requantize`, given, ['multiplier', ...gridOptions]);
  return { inputs: [operand(x, multiplier, name), operand(x, bias, name)], onGrid: gridOf(name, given) };
}

/**
 * Accumulators of integer products on the grid of the next layer: `clamp(rint(acc * multiplier + bias) + zeroPoint, qmin, qmax)`.
 * Accumulators become float32 and every operation rounds to float32, half to even, so that results are the same everywhere.
 *
 * @param acc int32, as `matmulInteger` and `convInteger` give, or float32: sums of such times a scale each
 * @param multiplier scale of the accumulators over the scale of the result: a number, or float32 that broadcasts with acc
 * @throws DTypeError where acc is neither or `dtype` is not an integer dtype; ArgumentError for a grid that `dtype` cannot hold
 * @example
 * requantize(matmulInteger(a, b), 0.01, { dtype: 'uint8', zeroPoint: 128 });
 */
export function requantize<D extends DType = 'int8'>(
  acc: Tensor,
  multiplier: Tensor | number,
  options: RequantizeOptions<D> = {},
): Tensor<D> {
  checkTensor('requantize', 'acc', acc);
  const grid = gridOf('requantize', optionsOf('requantize', options, gridOptions));
  const inputs = [acc, operand(acc, multiplier, 'requantize'), operand(acc, options.bias ?? 0, 'requantize')] as const;
  return apply(ops.requantize, inputs, grid) as Tensor as Tensor<D>;
}

/** Integers and what they stand for: `(values + offset) * scale`. */
export interface ScaledIntegers {
  /** Positions on a grid, of an integer dtype. */
  readonly values: Tensor;
  /** The step of the grid, rounded to float32. */
  readonly scale: number;
  /** Position of zero: minus ONNX's zero point. Default: 0. */
  readonly offset?: number;
}

/** The grid that results are put on: `clamp(rint(x / scale) - offset, qmin, qmax)`. */
export interface ScaledGrid<D extends DType = DType> {
  /** The step of the grid, rounded to float32. */
  readonly scale: number;
  /** Default: 0. */
  readonly offset?: number;
  /** The smallest integer of the grid. Default: the smallest of `dtype`. */
  readonly qmin?: number;
  /** The largest integer of the grid. Default: the largest of `dtype`. */
  readonly qmax?: number;
  /** Integer dtype of the result. Default: int8. */
  readonly dtype?: D;
}

const binaryNames: readonly ScaledBinaryName[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum'];

/** Scale and offset as float32. */
export function scaleOf(name: string, what: string, given: unknown): ops.ScaleAttrs {
  if (typeof given !== 'object' || given === null)
    throw new ArgumentError(`${name}: ${what} must be an object with a scale, got ${described(given)}.`);
  const { scale, offset = 0 } = given as { scale?: unknown; offset?: unknown };
  checkNumber(name, `the scale of ${what}`, scale);
  checkNumber(name, `the offset of ${what}`, offset);
  return { scale: Math.fround(scale), offset: Math.fround(offset) };
}

/** Throws unless a value is a tensor of integers: ArgumentError for no tensor, DTypeError for another dtype. */
export function checkIntegerTensor(name: string, what: string, values: unknown): asserts values is Tensor {
  checkTensor(name, what, values);
  if (!isInt(values.dtype)) throw new DTypeError(`${name}: ${what} must have an integer dtype, got ${values.dtype}.`);
}

/** The grid of a result, checked. */
export function scaledGridOf(name: string, grid: ScaledGrid): Pick<ops.BinaryScaledAttrs, 'out' | 'dtype'> {
  const out = scaleOf(name, 'the grid', grid);
  const { dtype = 'int8' } = grid;
  checkIntegerDType(name, dtype);
  const { qmin = dtypes[dtype].min, qmax = dtypes[dtype].max } = grid;
  checkGrid(name, dtype, qmin, qmax);
  return { out: { ...out, qmin, qmax }, dtype };
}

/**
 * A function of two numbers that integers stand for, on a grid of its own: bit for bit what `dequantizeLinear` of both, the function,
 * and `quantizeLinear` give, without the floats between. Shapes broadcast; not differentiable.
 *
 * @param name `'add'`, `'sub'`, `'mul'`, `'div'`, `'maximum'` or `'minimum'`
 * @throws DTypeError where values or `dtype` are not of an integer dtype; ArgumentError for scales, offsets or a grid that are
 * none; ShapeError where shapes do not broadcast
 * @example
 * binaryScaled('add', { values: a, scale: 0.1 }, { values: b, scale: 0.2 }, { scale: 0.3, dtype: 'int8' });
 */
export function binaryScaled<D extends DType = 'int8'>(
  name: ScaledBinaryName,
  a: ScaledIntegers,
  b: ScaledIntegers,
  grid: ScaledGrid<D>,
): Tensor<D> {
  checkChoice('binaryScaled', 'name', name, binaryNames);
  const scales = { a: scaleOf('binaryScaled', 'a', a), b: scaleOf('binaryScaled', 'b', b) };
  checkIntegerTensor('binaryScaled', 'a', a.values);
  checkIntegerTensor('binaryScaled', 'b', b.values);
  const attrs = { name, ...scales, ...scaledGridOf('binaryScaled', grid) };
  return apply(ops.binaryScaled, [a.values, b.values], attrs) as Tensor as Tensor<D>;
}

/**
 * The entry of a table for each integer: `table[x - first]`. Not differentiable.
 *
 * @param table vector of any dtype
 * @param first the integer that the first entry is for. Default: 0
 * @throws DTypeError where x has no integer dtype; ShapeError for a table that is no vector; IndexError for integers without entry
 * @example
 * lookup(tensor([-1, 1], { dtype: 'int8' }), tensor([10, 20, 30]), -1); // [10, 30]
 */
export function lookup<D extends DType>(x: Tensor, table: Tensor<D>, first = 0): Tensor<D> {
  checkIntegerTensor('lookup', 'x', x);
  checkTensor('lookup', 'table', table);
  if (table.ndim !== 1) throw new ShapeError(`lookup: table must be a vector, got shape ${shown(table.shape)}.`);
  checkInteger('lookup', 'first', first);
  const { min, max } = dtypes[x.dtype];
  const end = first + table.numel;
  if (first > min || end <= max) {
    const outside = kernels.firstOutside(x, first, end);
    if (outside !== null)
      throw new IndexError(`lookup: ${outside} has no entry in a table from ${first} to ${end - 1}.`);
  }
  return apply(ops.lookup, [x, table as Tensor], { first }) as Tensor as Tensor<D>;
}
