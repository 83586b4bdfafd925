import { described, ShapeError, shown, type Shape } from '@q/tensor';
import { isIntegers } from '@q/tensor/internal';

/** Elements per encoding entry along each dim of the encoding; -1 shares a dim out evenly. */
export type BlockSize = readonly number[];

/** Throws ShapeError unless what has `shape` can be spread over what has the shape `over`, without making that larger. */
export function checkSpread(
  operation: string,
  shape: Shape,
  over: Shape,
  what = 'an encoding',
  overWhat = 'a tensor',
): void {
  const leading = over.length - shape.length;
  if (leading < 0 || shape.some((size, d) => size !== 1 && size !== over[leading + d]))
    throw new ShapeError(
      `${operation}: ${what} of shape ${shown(shape)} does not spread over ${overWhat} of shape ${shown(over)}. ` +
        'Each of its sizes must be 1 or the size of that dim, counted from the right.',
    );
}

/** Throws ShapeError unless a block size is null or one size per dim of `shape`, each positive or -1. */
export function checkBlockSize(
  operation: string,
  blockSize: unknown,
  shape: Shape,
): asserts blockSize is BlockSize | null {
  if (blockSize === null) return;
  if (!Array.isArray(blockSize) || blockSize.length !== shape.length)
    throw new ShapeError(
      `${operation}: blockSize ${described(blockSize)} needs one entry per dim of the scale ${shown(shape)}.`,
    );
  if (!isIntegers(blockSize, -1) || blockSize.includes(0))
    throw new ShapeError(
      `${operation}: block sizes must be positive integers, or -1 to share a dim out evenly, got ${described(blockSize)}.`,
    );
}
