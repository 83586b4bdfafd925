import { checkInteger, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { tensor } from '../create.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described, DTypeError, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/linear-integer.js';
import type { Tensor } from '../tensor.js';
import { checkIntegerTensor, requantizationOf, type Requantization } from './integer.js';

/** A weight `[n, k]` of integers of 4 bits, two a byte. */
export interface HalfByteWeight {
  /** uint8 `[n, ceil(k / 2)]`, the first of two values in the low half of a byte. */
  readonly halves: Tensor;
  /** Whether the halves are in two's complement. */
  readonly signed: boolean;
  /** uint8 `[n, blocks]`: multiplies the values of each of so many blocks of equal size, which then fit a byte. */
  readonly factors?: Tensor | null;
}

/** Options of `linearInteger`. */
export interface LinearIntegerOptions<D extends DType = DType> {
  /** What stands for 0 in x. Default: 0. */
  readonly xZeroPoint?: number;
  /** What stands for 0 in the weight: one number, or one per output (`[n]`). Default: 0. */
  readonly wZeroPoint?: Tensor | number;
  /** Puts the result on a grid, as `requantize` does; multiplier and bias are numbers, or vectors with one per output. */
  readonly requantize?: Requantization<D> | null;
}

/** Throws unless a weight is one of 4 bits with `k` values a row. */
function checkHalves(name: string, { halves, signed, factors }: HalfByteWeight, k: number): void {
  checkTensor(name, 'weight.halves', halves);
  if (halves.dtype !== 'uint8' || halves.ndim !== 2 || halves.shape[1] !== Math.ceil(k / 2))
    throw new ShapeError(
      `${name}: halves for rows of ${k} must be uint8 [n, ${Math.ceil(k / 2)}], got ${halves.dtype} ${shown(halves.shape)}.`,
    );
  if (typeof signed !== 'boolean')
    throw new ArgumentError(`${name}: weight.signed must be true or false, got ${described(signed)}.`);
  if (factors === undefined || factors === null) return;
  checkTensor(name, 'weight.factors', factors);
  const fits = factors.ndim === 2 && factors.shape[0] === halves.shape[0] && k % factors.shape[1]! === 0;
  if (factors.dtype !== 'uint8' || !fits)
    throw new ShapeError(
      `${name}: factors must be uint8 [${halves.shape[0]}, blocks], with blocks of equal size in rows of ${k}, got ${factors.dtype} ${shown(factors.shape)}.`,
    );
}

const isHalves = (weight: Tensor | HalfByteWeight): weight is HalfByteWeight =>
  typeof weight === 'object' && weight !== null && 'halves' in weight;

const signOf = ({ signed }: HalfByteWeight): 'signed' | 'unsigned' => (signed ? 'signed' : 'unsigned');

/**
 * `(x - xZeroPoint) @ (weight - wZeroPoint).T` over the last dim of x, exact in int32 with wrap-around: a linear layer on integers.
 * A weight of 4 bits stays packed.
 *
 * @param x `[..., k]`, @param weight `[n, k]`, or halves of bytes
 * @returns `[..., n]` in int32, or the dtype of the grid; not differentiable
 * @throws DTypeError where an operand is not an integer tensor; ShapeError where shapes do not fit; ArgumentError for a zero point
 * or a grid that is none
 */
export function linearInteger<D extends DType = 'int32'>(
  x: Tensor,
  weight: Tensor | HalfByteWeight,
  options: LinearIntegerOptions<D> = {},
): Tensor<D> {
  const name = 'linearInteger';
  checkIntegerTensor(name, 'x', x);
  if (x.ndim === 0) throw new ShapeError(`${name}: x needs at least one dim.`);
  const k = x.shape.at(-1)!;
  const packed = isHalves(weight) ? weight : null;
  if (packed) checkHalves(name, packed, k);
  else {
    checkIntegerTensor(name, 'weight', weight);
    if (weight.dtype !== 'int8' && weight.dtype !== 'uint8')
      throw new DTypeError(
        `${name}: weight must be int8 or uint8, got ${weight.dtype}. Use matmulInteger() for others.`,
      );
    if (weight.ndim !== 2 || weight.shape[1] !== k)
      throw new ShapeError(`${name}: weight must be [n, ${k}] for x ${shown(x.shape)}, got ${shown(weight.shape)}.`);
  }
  const values = packed ? packed.halves : (weight as Tensor);
  const {
    xZeroPoint = 0,
    wZeroPoint = 0,
    requantize,
  } = optionsOf(name, options, ['xZeroPoint', 'wZeroPoint', 'requantize']);
  checkInteger(name, 'xZeroPoint', xZeroPoint);
  const zeros = zerosOf(name, wZeroPoint, values.shape[0]!);
  const { inputs: scales, onGrid } = requantizationOf(name, x, requantize);
  const inputs = [x, values];
  /** Adds inputs, and gives the place of the first. */
  const place = (tensors: readonly Tensor[]): number | null =>
    tensors.length === 0 ? null : inputs.push(...tensors) - tensors.length;
  const factors = place(packed?.factors ? [packed.factors] : []);
  return apply(ops.linearInteger, inputs, {
    xZero: xZeroPoint,
    factors,
    zeros: place(zeros ? [zeros] : []),
    multiplier: place(scales),
    onGrid,
    halves: packed && signOf(packed),
  }) as Tensor as Tensor<D>;
}

/** Zero points of a weight with `n` outputs as int32; null where all are 0. */
function zerosOf(name: string, given: Tensor | number, n: number): Tensor | null {
  if (given === 0) return null;
  if (typeof given === 'number') {
    checkInteger(name, 'wZeroPoint', given);
    return tensor(given, { dtype: 'int32' });
  }
  checkTensor(name, 'wZeroPoint', given);
  if (given.dtype !== 'int32') throw new DTypeError(`${name}: wZeroPoint must be int32, got ${given.dtype}.`);
  if (given.numel !== 1 && (given.ndim !== 1 || given.numel !== n))
    throw new ShapeError(
      `${name}: zero points of shape ${shown(given.shape)} for ${n} outputs. Give one number, or one per output.`,
    );
  return given;
}

/**
 * The values of a weight of 4 bits as bytes `[n, k]`, times their factors.
 *
 * @throws ShapeError where the parts of the weight do not fit `k`; ArgumentError for parts that are none
 */
export function unpackHalves(weight: HalfByteWeight, k: number): Tensor<'int8' | 'uint8'> {
  const name = 'unpackHalves';
  if (!isHalves(weight))
    throw new ArgumentError(`${name}: weight must be { halves, signed }, got ${described(weight)}.`);
  checkInteger(name, 'k', k, 0);
  checkHalves(name, weight, k);
  const inputs = weight.factors ? [weight.halves, weight.factors] : [weight.halves];
  return apply(ops.unpackWeight, inputs, { halves: signOf(weight), k }) as Tensor as Tensor<'int8' | 'uint8'>;
}
