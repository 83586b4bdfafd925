import type { DType } from '../../dtype.js';
import { alloc, type View } from '../../storage.js';

/** One number for all elements of a shape. */
export function constant<D extends DType>(value: number, dtype: D, shape: readonly number[]): View<D> {
  const { storage, layout } = alloc([1], dtype);
  storage.array[storage.base] = value;
  return { storage, layout: layout.broadcastTo(shape) };
}
