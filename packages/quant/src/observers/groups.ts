import { isFloat, ShapeError, shown, type Shape, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { QuantizationError } from '../errors.js';

/** The elements of a tensor, those that share one encoding entry lying together: group g is `values[g * size ... (g + 1) * size]`. */
export interface Groups {
  readonly values: Float32Array;
  readonly count: number;
  readonly size: number;
}

/**
 * Sorts the elements of `x` by the entry of an encoding of `shape` they belong to: dims where the shape (aligned from the
 * right) is 1 are observed together.
 *
 * @throws ShapeError where the shape does not reduce x; QuantizationError for integers and for a tensor without elements
 */
export function groupsOf(operation: string, x: Tensor, shape: Shape): Groups {
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
  const kept: number[] = [];
  const reduced: number[] = [];
  for (let d = 0; d < x.ndim; d++) (d >= leading && shape[d - leading] !== 1 ? kept : reduced).push(d);
  const count = kept.reduce((product, d) => product * x.shape[d]!, 1);
  const order = [...kept, ...reduced];
  const plain = x.detach().to('float32');
  const moved = order.every((dim, i) => dim === i) ? plain : plain.permute(order);
  const [values] = elementsOf(moved);
  return { values: values as Float32Array, count, size: x.numel / count };
}
