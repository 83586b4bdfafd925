import type { IntegerKernels } from '../contract/integer.js';
import { f32x4 } from './assembler.js';
import type { SimdEngine } from './engine.js';
import { overPlanes, planeFamilies } from './planes.js';

const families = planeFamilies(3, (code, [acc, multiplier, bias, zero, low, high]) => {
  const steps = code.step(f32x4.nearest, code.add(code.mul(acc!, multiplier!), bias!));
  return code.min(code.max(code.add(steps, zero!), low!), high!);
});

/** Integers that float32 can count, and add to each other. */
const LARGEST = 2 ** 22;

/** `requantize` bit for bit as the reference; what float32 cannot count exactly and unusual layouts go to `fallback`. */
export function simdRequantize(
  engine: SimdEngine,
  fallback: Pick<IntegerKernels, 'requantize'>,
): Pick<IntegerKernels, 'requantize'> {
  return {
    requantize(acc, multiplier, bias, grid, out) {
      const numbers = [grid.zeroPoint, grid.qmin, grid.qmax];
      const done =
        numbers.every((value) => Math.abs(value) <= LARGEST) &&
        overPlanes(engine, [acc, multiplier, bias], out, families, numbers);
      if (!done) fallback.requantize(acc, multiplier, bias, grid, out);
    },
  };
}
