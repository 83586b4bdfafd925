import { shown, Tensor, type Shape } from '@q/tensor';
import { checkFloating } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { checkSpread } from '../spread.js';

/**
 * The dims of `x` that are observed together for an encoding of `shape` (aligned from the right): those where it is 1.
 *
 * @throws DTypeError for integers; ShapeError where the shape does not reduce x; QuantizationError for a tensor without elements
 */
export function reducedDims(operation: string, x: Tensor, shape: Shape): number[] {
  checkFloating(operation, 'x', x);
  checkSpread(operation, shape, x.shape);
  if (x.numel === 0)
    throw new QuantizationError(`${operation}: a tensor of shape ${shown(x.shape)} has no elements to observe.`);
  const leading = x.ndim - shape.length;
  return x.shape.map((_, d) => d).filter((d) => d < leading || shape[d - leading] === 1);
}

/** The elements of `x` as float32, outside the graph and without an encoding. */
export const observable = (x: Tensor): Tensor => new Tensor(x.storage, x.layout).to('float32');

/** The elements of `x` as a contiguous `[entries, elements]`: in one row those that share an entry of an encoding of `shape`. */
export function rowsOf(operation: string, x: Tensor, shape: Shape): Tensor {
  const reduced = reducedDims(operation, x, shape);
  const kept = x.shape.map((_, d) => d).filter((d) => !reduced.includes(d));
  const order = [...kept, ...reduced];
  const entries = kept.reduce((product, d) => product * x.shape[d]!, 1);
  const plain = observable(x);
  const moved = order.every((dim, i) => dim === i) ? plain : plain.permute(order);
  return moved.reshape([entries, x.numel / entries]).contiguous();
}
