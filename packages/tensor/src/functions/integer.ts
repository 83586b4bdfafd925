import { checkInteger, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { checkDType, dtypes, isInt, type DType } from '../dtype.js';
import { ArgumentError, DTypeError } from '../errors.js';
import { requantize as requantizeOp } from '../ops/integer.js';
import type { Tensor } from '../tensor.js';
import { operand } from '../tensor/operand.js';

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

/**
 * Accumulators of integer products on the grid of the next layer: `clamp(rint(acc * multiplier + bias) + zeroPoint, qmin, qmax)`.
 * Accumulators become float32 and every operation rounds to float32, half to even, so that results are the same everywhere.
 *
 * @param acc int32, as `matmulInteger` and `convInteger` give
 * @param multiplier scale of the accumulators over the scale of the result: a number, or float32 that broadcasts with acc
 * @throws DTypeError where acc is not int32 or `dtype` is not an integer dtype; ArgumentError for a grid that `dtype` cannot hold
 * @example
 * requantize(matmulInteger(a, b), 0.01, { dtype: 'uint8', zeroPoint: 128 });
 */
export function requantize<D extends DType = 'int8'>(
  acc: Tensor,
  multiplier: Tensor | number,
  options: RequantizeOptions<D> = {},
): Tensor<D> {
  checkTensor('requantize', 'acc', acc);
  const { bias = 0, zeroPoint = 0, dtype = 'int8' as D } = optionsOf('requantize', options);
  checkDType('requantize', dtype);
  if (!isInt(dtype)) throw new DTypeError(`requantize: dtype must be an integer dtype, got ${dtype}.`);
  const limits = dtypes[dtype];
  const { qmin = limits.min, qmax = limits.max } = options;
  checkInteger('requantize', 'zeroPoint', zeroPoint);
  checkInteger('requantize', 'qmin', qmin);
  checkInteger('requantize', 'qmax', qmax);
  if (qmin > qmax || qmin < limits.min || qmax > limits.max)
    throw new ArgumentError(
      `requantize: ${dtype} holds no grid [${qmin}, ${qmax}], only integers from ${limits.min} to ${limits.max}.`,
    );
  const inputs = [acc, operand(acc, multiplier), operand(acc, bias)] as const;
  return apply(requantizeOp, inputs, { grid: { zeroPoint, qmin, qmax }, dtype }) as Tensor as Tensor<D>;
}
