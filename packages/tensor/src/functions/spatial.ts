import { checkTensor, isIntegers } from '../arguments.js';
import { ArgumentError, described, ShapeError, shown } from '../errors.js';
import type { Tensor } from '../tensor.js';

/** One number for all spatial dims, or one per dim. */
export type PerDim = number | readonly number[];

/** The largest size, step or border of a dim: kernels count in 32 bits. */
const MOST = 2 ** 31 - 1;

/** `value` as one integer per spatial dim, each at least `least`. */
export function perDim(name: string, what: string, value: PerDim, rank: number, least: number): readonly number[] {
  const values =
    typeof value === 'number'
      ? Array<number>(rank).fill(value)
      : Array.isArray(value) && value.length === 1
        ? Array<number>(rank).fill(value[0]!)
        : value;
  if (!isIntegers(values, least) || values.length !== rank || values.some((entry) => entry > MOST))
    throw new ArgumentError(
      `${name}: ${what} must be one integer or ${rank} of them, at least ${least} and below 2^31, got ${described(value)}.`,
    );
  return values;
}

/** A batch, and how to bring a result of it back to the rank of the tensor it was made of. */
export interface Batch {
  readonly x: Tensor;
  restore(y: Tensor): Tensor;
}

/** `x` with a batch dim, added where `x` has none; `rank` counts the spatial dims. */
export function batchOf(name: string, x: Tensor, rank: number): Batch {
  checkTensor(name, 'x', x);
  if (x.ndim === rank + 2) return { x, restore: (y) => y };
  if (x.ndim !== rank + 1)
    throw new ShapeError(
      `${name}: x must have rank ${rank + 2} ([batch, channels, ...]) or ${rank + 1} ([channels, ...]), got ${shown(x.shape)}.`,
    );
  return { x: x.unsqueeze(0), restore: (y) => y.reshape(y.shape.slice(1)) };
}

/** Runs `compute` on a batch: of one, where `x` has no batch dim. */
export function inBatch(name: string, x: Tensor, rank: number, compute: (x: Tensor) => Tensor): Tensor {
  const batch = batchOf(name, x, rank);
  return batch.restore(compute(batch.x));
}
