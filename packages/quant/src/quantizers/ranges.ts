import { ShapeError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import { checkTensor, numel } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';

/** Throws QuantizationError unless every range goes from a finite number to a finite one that is not below it. */
export function checkRanges(operation: string, mins: ArrayLike<number>, maxs: ArrayLike<number>): void {
  for (let i = 0; i < mins.length; i++) {
    const [min, max] = [mins[i]!, maxs[i]!];
    if (Number.isFinite(min) && Number.isFinite(max) && min <= max) continue;
    throw new QuantizationError(
      `${operation}: a range goes from a finite min to a finite max that is not below it, got min=${min} and max=${max} in float32${mins.length > 1 ? ` at entry ${i}` : ''}.`,
    );
  }
}

/** One end of the ranges of a quantizer, spread to its shape. */
export function spreadEnd(
  operation: string,
  what: string,
  value: Tensor | number,
  shape: Shape,
  isBlockwise: boolean,
): Tensor {
  if (typeof value !== 'number') checkTensor(operation, what, value);
  const given = typeof value === 'number' ? tensor(value) : value.detach().to('float32');
  const count = numel(shape);
  // Block-wise analyzers see blocks as dims of their own, which have the same entries in the same order.
  if (given.numel === count && (isBlockwise || given.ndim > shape.length)) return given.reshape(shape);
  try {
    return given.broadcastTo(shape);
  } catch (cause) {
    throw new ShapeError(
      `${operation}: ${what} of shape ${shown(given.shape)} does not spread over shape ${shown(shape)}.`,
      { cause },
    );
  }
}
