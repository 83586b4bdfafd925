import type { View } from '../../storage.js';
import type { AffineGrid, AffineKernels } from '../contract/affine.js';
import { f32x4 } from './assembler.js';
import type { Family, SimdEngine } from './engine.js';
import type { Lockstep, Wide } from './lockstep.js';
import { emitRow, overRows, worthwhile, type Access, type Body } from './rows.js';

/** Rows differ in how scale and offset are read: one pair for the row, or one per element. */
const variants = { s: 'scalar', v: 'vector' } as const;

/** clamp(rint(x / scale) - offset, low, high), keeping NaN and the sign of zero. */
const quantized = (code: Lockstep, x: Wide, scale: Wide, offset: Wide, low: Wide, high: Wide): Wide => {
  const rounded = code.step(f32x4.nearest, code.div(x, scale));
  return code.min(code.max(code.sub(rounded, offset), low), high);
};

const bodies: Record<'quantize' | 'fakeQuantize', Body> = {
  quantize: (code, [x, scale, offset, low, high]) => quantized(code, x!, scale!, offset!, low!, high!),
  fakeQuantize: (code, [x, scale, offset, low, high]) =>
    code.mul(code.add(quantized(code, x!, scale!, offset!, low!, high!), offset!), scale!),
};

const family =
  (name: keyof typeof bodies): Family =>
  (emission) => {
    for (const [suffix, access] of Object.entries(variants) as [string, Access][])
      emitRow(emission, suffix, ['vector', access, access, 'number', 'number'], bodies[name]);
  };

const dequantizeFamily: Family = (emission) => {
  for (const [suffix, access] of Object.entries(variants) as [string, Access][])
    emitRow(emission, suffix, ['vector', access, access], (code, [q, scale, offset]) =>
      code.mul(code.add(q!, offset!), scale!),
    );
};

const families = { quantize: family('quantize'), fakeQuantize: family('fakeQuantize') };

/** Affine quantization of float32 onto a grid in float32, bit for bit as the reference; everything else goes to `fallback`. */
export function simdAffine(engine: SimdEngine, fallback: AffineKernels): Partial<AffineKernels> {
  const rows = (chosen: Family, views: readonly View[], out: View, numbers: readonly number[]): boolean =>
    worthwhile([...views, out], out.layout.numel) &&
    overRows(
      engine,
      views,
      out,
      ([x, scale, offset]) => {
        const kind = x !== 1 || scale !== offset ? null : scale === 0 ? 's' : scale === 1 ? 'v' : null;
        return kind && [chosen, kind];
      },
      numbers,
    );
  const onGrid =
    (name: keyof typeof families) =>
    (x: View, scale: View, offset: View, grid: AffineGrid, out: View): void => {
      const limits = [grid.qmin, grid.qmax];
      if (grid.wide || !rows(families[name], [x, scale, offset], out, limits))
        fallback[name](x, scale, offset, grid, out);
    };
  return {
    quantize: onGrid('quantize'),
    fakeQuantize: onGrid('fakeQuantize'),
    dequantize(q, scale, offset, out) {
      if (!rows(dequantizeFamily, [q, scale, offset], out, [])) fallback.dequantize(q, scale, offset, out);
    },
  };
}
