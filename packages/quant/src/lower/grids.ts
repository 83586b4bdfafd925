import { AffineEncoding } from '../encodings/affine.js';

/** The widest grids that integer layers compute with. */
const MOST_BITS = 16;

/** Why an encoding does not suit an activation, or null where it does. */
export function unsuited(encoding: unknown): string | null {
  if (!(encoding instanceof AffineEncoding)) return 'is not on an integer grid';
  if (encoding.scale.numel !== 1) return 'is not quantized per tensor';
  if (encoding.numSteps >= 2 ** MOST_BITS) return `has more than ${MOST_BITS} bits`;
  if (encoding.qmin < -(2 ** 15) || encoding.qmax > 2 ** 16 - 1) return 'has a grid outside 16 bits';
  const [scale, offset] = [encoding.scale.item(), encoding.offset.item()];
  if (!(scale > 0 && Number.isFinite(scale))) return `has the scale ${scale}`;
  return Math.abs(offset) < 2 ** 20 ? null : `has the offset ${offset}`;
}

/** The integer that stands for zero: minus the offset. */
export const zeroOf = ({ offset }: AffineEncoding): number => 0 - offset.item();

/** Whether two encodings say the same. */
export const sameEncoding = (a: AffineEncoding, b: AffineEncoding): boolean =>
  a === b ||
  (a.qmin === b.qmin &&
    a.qmax === b.qmax &&
    a.scale.numel === 1 &&
    b.scale.numel === 1 &&
    a.scale.item() === b.scale.item() &&
    a.offset.item() === b.offset.item());

/** The positions of a grid that accumulators are put on, from `low` to `high`. */
export interface Target {
  readonly encoding: AffineEncoding;
  readonly low: number;
  readonly high: number;
}

/** All positions of a grid. */
export const wholeGrid = (encoding: AffineEncoding): Target => ({
  encoding,
  low: encoding.qmin,
  high: encoding.qmax,
});

/** Whether two targets are the same positions of the same grid. */
export const sameTarget = (a: Target, b: Target): boolean =>
  a.low === b.low && a.high === b.high && sameEncoding(a.encoding, b.encoding);
