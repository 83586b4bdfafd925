import type { Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';

/** The largest accumulator of 32 bits. */
export const LARGEST_ACCUMULATOR = 2 ** 31 - 1;

/** The largest distance of a position of a grid from its zero. */
export const reachOf = (qmin: number, qmax: number, zero: number): number =>
  Math.max(Math.abs(qmin - zero), Math.abs(qmax - zero));

/**
 * The largest sum of magnitudes of the values of one output channel (dim 0), each less the zero of its channel, or of one of so
 * many blocks of it: times the reach of the other operand it bounds the accumulators of a product.
 */
export function largestSum(values: Tensor, zero: ArrayLike<number> | null, blocks = 1): number {
  const [q] = elementsOf(values);
  const channels = values.shape[0]!;
  const size = q.length / channels / blocks;
  let most = 0;
  for (let c = 0, i = 0; c < channels; c++) {
    const centre = zero === null ? 0 : zero[zero.length === 1 ? 0 : c]!;
    for (let b = 0; b < blocks; b++) {
      let sum = 0;
      for (const end = i + size; i < end; i++) sum += Math.abs(q[i]! - centre);
      most = Math.max(most, sum);
    }
  }
  return most;
}

/** Why accumulators may overflow, and the way out; null where they cannot. `sum` times `reach` bounds them. */
export function overflow(sum: number, reach: number): string | null {
  if (sum * reach <= LARGEST_ACCUMULATOR) return null;
  return `sums of up to ${sum * reach} do not fit accumulators of 32 bits. Its weights allow inputs up to ${Math.floor(LARGEST_ACCUMULATOR / sum)} steps from zero, got ${reach}: use fewer bits`;
}
