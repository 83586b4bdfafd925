import { isFloat, ShapeError, shown, Tensor, type Shape } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';

/**
 * The dims of `x` that are observed together for an encoding of `shape` (aligned from the right): those where it is 1.
 *
 * @throws ShapeError where the shape does not reduce x; QuantizationError for integers and for a tensor without elements
 */
export function reducedDims(operation: string, x: Tensor, shape: Shape): number[] {
  checkTensor(operation, 'x', x);
  if (!isFloat(x.dtype))
    throw new QuantizationError(
      `${operation}: observes floating tensors, got ${x.dtype}. Convert it with to('float32').`,
    );
  const leading = x.ndim - shape.length;
  if (leading < 0 || shape.some((size, d) => size !== 1 && size !== x.shape[leading + d]))
    throw new ShapeError(
      `${operation}: a tensor of shape ${shown(x.shape)} cannot be observed with shape ${shown(shape)}. ` +
        'Each of its sizes must be 1 or the size of that dim, counted from the right.',
    );
  if (x.numel === 0)
    throw new QuantizationError(`${operation}: a tensor of shape ${shown(x.shape)} has no elements to observe.`);
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
