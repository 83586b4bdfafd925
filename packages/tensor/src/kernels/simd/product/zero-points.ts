import type { KernelMemory } from '../../../memory.js';
import type { View } from '../../../storage.js';

/** Zero points up to this leave room for a byte in 16 bits. */
const LARGEST_ZERO = 32767 - 255;

/** Elements behind the numbers of lines that whole panels reach. */
export const PANEL = 16;

/** Zero points of lines: one for all, as activations have it, or one each. */
export type Zeros = number | Int32Array;

/** Zero points of the rows of A and of the columns of B. */
export interface ZeroPoints {
  readonly aZero: Zeros;
  readonly bZero: Zeros;
}

/** The zero points of one product of a batch, from `[batch, m, 1]` or `[batch, 1, n]`. */
function zerosOf({ storage, layout }: View, batch: number): Zeros {
  const { array, base } = storage;
  const count = layout.shape[1]! * layout.shape[2]!;
  const step = layout.shape[1] === 1 ? layout.strides[2]! : layout.strides[1]!;
  const first = base + layout.offset + batch * layout.strides[0]!;
  if (step === 0 || count === 1) return array[first]!;
  const zeros = new Int32Array(count);
  for (let i = 0, at = first; i < count; i++, at += step) zeros[i] = array[at]!;
  return zeros;
}

/** Whether a byte less a zero point fits 16 bits. */
export const isSmall = (zero: number): boolean => Math.abs(zero) <= LARGEST_ZERO;

/** The zero points of every product of a batch; null where a byte less one of them does not fit 16 bits. */
export function zeroPointsOf(aZero: View, bZero: View, batches: number): readonly ZeroPoints[] | null {
  const points: ZeroPoints[] = [];
  for (let i = 0; i < batches; i++) {
    const point = { aZero: zerosOf(aZero, i), bZero: zerosOf(bZero, i) };
    if (!everyZero(point.aZero, isSmall) || !everyZero(point.bZero, isSmall)) return null;
    points.push(point);
  }
  return points;
}

/** Whether a condition holds for all zero points. */
export const everyZero = (zeros: Zeros, holds: (zero: number) => boolean): boolean =>
  typeof zeros === 'number' ? holds(zeros) : zeros.every(holds);

/** Whether zero points take nothing away. */
export const areZero = (zeros: Zeros): boolean => everyZero(zeros, (zero) => zero === 0);

/** Zero points changed in one way. */
export const eachZero = (zeros: Zeros, change: (zero: number) => number): Zeros =>
  typeof zeros === 'number' ? change(zeros) : zeros.map(change);

/** Numbers for `count` lines as int32 in scratch memory, and more behind them so that whole panels can be read. */
export function placedZeros(memory: KernelMemory, zeros: Zeros, count: number): number {
  const at = memory.scratch((count + PANEL) * 4);
  const heap = memory.heap('int32');
  if (typeof zeros === 'number') heap.fill(zeros, at / 4, at / 4 + count + PANEL);
  else {
    heap.set(zeros, at / 4);
    heap.fill(0, at / 4 + count, at / 4 + count + PANEL);
  }
  return at;
}
