import { dtypes, type DType } from '../../../dtype.js';
import type { IntegerGrid, IntegerKernels } from '../../contract/integer.js';
import { i32x4 } from '../assembler/assembler.js';
import type { SimdEngine } from '../engine/engine.js';
import type { Lockstep, Wide } from '../elementwise/lockstep.js';
import type { Body } from '../elementwise/rows.js';
import { overPlanes, planeFamilies, type PlaneFamilies } from '../elementwise/planes.js';

/** Added to a number up to 2^22 from zero, it rounds that to an integer, half to even, in the low bits of the sum. */
const MAGIC = 1.5 * 2 ** 23;

/** Ends of grids and zero points up to which integers are counted in float32. */
const LARGEST = 2 ** 21;

/** Whether `rescaled` computes with a grid. */
export const countable = ({ zeroPoint, qmin, qmax }: IntegerGrid): boolean =>
  [zeroPoint, qmin, qmax].every((value) => Math.abs(value) <= LARGEST);

/** A grid as `rescaled` wants it: its ends seen from zero, and what turns the bits of a rounded sum into an integer. */
export const gridNumbers = ({ zeroPoint, qmin, qmax }: IntegerGrid): readonly [number, number, number] => [
  qmin - zeroPoint,
  qmax - zeroPoint,
  MAGIC - zeroPoint,
];

/**
 * Accumulators, as float32, to integers of a grid in int32 lanes; what lies outside is cut off first, which is the same. Without an
 * upper limit (null) they may be larger than the grid by anything.
 */
export function rescaled(
  code: Lockstep,
  acc: Wide,
  multiplier: Wide,
  bias: Wide,
  [low, high, base]: readonly [Wide, Wide | null, Wide],
): Wide {
  const steps = code.add(code.mul(acc, multiplier), bias);
  // The limit is the first operand: NaN is not larger.
  const above = code.max(low, steps);
  const inside = high ? code.min(above, high) : above;
  // Of larger numbers the bits grow on, up to those of infinity.
  return code.step(i32x4.sub, code.add(inside, MAGIC), base);
}

/** Whether integers that are written as a dtype end at the largest of a grid by themselves. */
export const saturates = (dtype: DType, { qmax }: IntegerGrid): boolean =>
  dtype !== 'int32' && dtypes[dtype].max === qmax;

/** `rescaled` of sums, multiplier and bias, with what `gridNumbers` gives behind them. */
export const rescaledBy =
  (clamps: boolean): Body =>
  (code, [acc, multiplier, bias, low, high, base]) =>
    rescaled(code, acc!, multiplier!, bias!, [low!, clamps ? high! : null, base!]);

const [clamping, saturating] = [true, false].map((clamps) => planeFamilies(3, rescaledBy(clamps), 'integers')) as [
  PlaneFamilies,
  PlaneFamilies,
];

/** `requantize` bit for bit as the reference; what float32 cannot count exactly and unusual layouts go to `fallback`. */
export function simdRequantize(
  engine: SimdEngine,
  fallback: Pick<IntegerKernels, 'requantize'>,
): Pick<IntegerKernels, 'requantize'> {
  return {
    requantize(acc, multiplier, bias, grid, out) {
      const families = saturates(out.storage.dtype, grid) ? saturating : clamping;
      const done = countable(grid) && overPlanes(engine, [acc, multiplier, bias], out, families, gridNumbers(grid));
      if (!done) fallback.requantize(acc, multiplier, bias, grid, out);
    },
  };
}
