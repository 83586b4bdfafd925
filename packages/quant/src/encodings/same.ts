import type { AffineEncoding } from './affine.js';
import { entriesOf } from './grid-values.js';

const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};

/** Whether two encodings give all integers of a tensor the same meaning. */
export function sameEncoding(a: AffineEncoding, b: AffineEncoding): boolean {
  if (a === b) return true;
  if (a.qmin !== b.qmin || a.qmax !== b.qmax) return false;
  if (!sameNumbers(a.scale.shape, b.scale.shape) || !sameNumbers(a.blockSize ?? [], b.blockSize ?? [])) return false;
  const [left, right] = [entriesOf(a), entriesOf(b)];
  return sameNumbers(left.scale, right.scale) && sameNumbers(left.offset, right.offset);
}
