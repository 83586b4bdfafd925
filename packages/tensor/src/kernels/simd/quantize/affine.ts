import { isInt } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { AffineGrid, AffineKernels } from '../../contract/affine.js';
import { f32x4 } from '../assembler/assembler.js';
import type { SimdEngine } from '../engine/engine.js';
import type { Lockstep, Wide } from '../elementwise/lockstep.js';
import { overPlanes, planeFamilies, type PlaneFamilies } from '../elementwise/planes.js';

/** clamp(rint(x / scale) - offset, low, high), keeping NaN and the sign of zero. */
export const quantized = (code: Lockstep, x: Wide, scale: Wide, offset: Wide, low: Wide, high: Wide): Wide => {
  const rounded = code.step(f32x4.nearest, code.div(x, scale));
  return code.min(code.max(code.sub(rounded, offset), low), high);
};

/** (q + offset) * scale. */
export const dequantized = (code: Lockstep, q: Wide, scale: Wide, offset: Wide): Wide =>
  code.mul(code.add(q, offset), scale);

const families = {
  quantize: planeFamilies(2, (code, [x, scale, offset, low, high]) =>
    quantized(code, x!, scale!, offset!, low!, high!),
  ),
  fakeQuantize: planeFamilies(2, (code, [x, scale, offset, low, high]) =>
    dequantized(code, quantized(code, x!, scale!, offset!, low!, high!), scale!, offset!),
  ),
  dequantize: planeFamilies(0, (code, [q, scale, offset]) => dequantized(code, q!, scale!, offset!)),
};

/** Whether the integers of a grid are written from float32. */
export const writesFloats = ({ qmin, qmax }: Omit<AffineGrid, 'wide'>): boolean =>
  Math.max(Math.abs(qmin), Math.abs(qmax)) <= 2 ** 22;

const areFloats = (...views: readonly View[]): boolean => views.every(({ storage }) => storage.dtype === 'float32');

/** Affine quantization of float32 onto a grid in float32, bit for bit as the reference; everything else goes to `fallback`. */
export function simdAffine(engine: SimdEngine, fallback: AffineKernels): Partial<AffineKernels> {
  const onGrid =
    (name: 'quantize' | 'fakeQuantize', chosen: PlaneFamilies) =>
    (x: View, scale: View, offset: View, grid: AffineGrid, out: View): void => {
      const limits = [grid.qmin, grid.qmax];
      const countable = !isInt(out.storage.dtype) || writesFloats(grid);
      const done =
        !grid.wide &&
        countable &&
        areFloats(x, scale, offset) &&
        overPlanes(engine, [x, scale, offset], out, chosen, limits);
      if (!done) fallback[name](x, scale, offset, grid, out);
    };
  return {
    quantize: onGrid('quantize', families.quantize),
    fakeQuantize: onGrid('fakeQuantize', families.fakeQuantize),
    dequantize(q, scale, offset, out) {
      const done = areFloats(scale, offset, out) && overPlanes(engine, [q, scale, offset], out, families.dequantize);
      if (!done) fallback.dequantize(q, scale, offset, out);
    },
  };
}
