import type { AffineEncoding } from '../encodings/affine.js';
import { entriesOf } from '../encodings/grid-values.js';
import { sameEncoding } from '../encodings/same.js';

/** The widest grids that integer layers compute with. */
const MOST_BITS = 16;

/** Why an encoding does not suit an activation, or null where it does. */
export function unsuited(encoding: AffineEncoding): string | null {
  if (encoding.scale.numel !== 1) return 'is not quantized per tensor';
  if (encoding.numSteps >= 2 ** MOST_BITS) return `has more than ${MOST_BITS} bits`;
  if (encoding.qmin < -(2 ** 15) || encoding.qmax > 2 ** 16 - 1) return 'has a grid outside 16 bits';
  const [scale, offset] = [scaleOf(encoding), offsetOf(encoding)];
  if (!(scale > 0 && Number.isFinite(scale))) return `has the scale ${scale}`;
  return Math.abs(offset) < 2 ** 20 ? null : `has the offset ${offset}`;
}

/** The integer that stands for zero: minus the offset. */
export const zeroOf = (encoding: AffineEncoding): number => 0 - offsetOf(encoding);

/** The scale and the offset of all integers of a per-tensor encoding. */
export const scaleOf = (encoding: AffineEncoding): number => entriesOf(encoding).scale[0]!;
export const offsetOf = (encoding: AffineEncoding): number => entriesOf(encoding).offset[0]!;

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
