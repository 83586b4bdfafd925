import { checkIntegers } from '../arguments.js';
import { dtypes } from '../dtype.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { checkFits } from '../shape.js';
import { alloc, empty } from '../storage.js';
import { op, type Single } from './op.js';

/** How many positions are added before and after a dim; negative numbers crop. */
export type Margin = readonly [before: number, after: number];

/** How `pad` fills: one value, mirrored without the edge, the edge repeated, or wrapped around. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** PyTorch's flat list (last dim first, two numbers each) as one margin per dim. */
export function margins(pad: readonly number[], ndim: number): readonly Margin[] {
  checkIntegers('pad', 'margins', pad);
  if (pad.length % 2 !== 0 || pad.length > 2 * ndim)
    throw new ArgumentError(
      `pad: wants two numbers for each of the last dims (at most ${2 * ndim} for rank ${ndim}), got ${pad.length}.`,
    );
  return Array.from({ length: ndim }, (_, d) => {
    const at = 2 * (ndim - 1 - d);
    return [pad[at] ?? 0, pad[at + 1] ?? 0];
  });
}

/** A border of one value around (or a crop of) a tensor. */
export const padConstant = op<Single, { readonly margins: readonly Margin[]; readonly value: number }>({
  name: 'pad',
  forward: ([x], { margins, value }) => {
    const shape = x.shape.map((size, d) => size + margins[d]![0] + margins[d]![1]);
    if (shape.some((size) => size < 0))
      throw new ShapeError(`pad: margins ${margins.map(shown).join(', ')} leave nothing of shape ${shown(x.shape)}.`);
    checkFits('pad', shape, dtypes[x.dtype].bytes);
    const out = value === 0 ? alloc(shape, x.dtype) : empty(shape, x.dtype);
    if (value !== 0) kernels.fill(value, out);
    let from = x.layout;
    let to = out.layout;
    margins.forEach(([before, after], d) => {
      const size = x.shape[d]!;
      const length = Math.max(0, size - Math.max(0, -before) - Math.max(0, -after));
      const start = Math.max(0, -before);
      from = from.range(d, [start, start + length]);
      to = to.range(d, [Math.max(0, before), Math.max(0, before) + length]);
    });
    kernels.copy({ storage: x.storage, layout: from }, { storage: out.storage, layout: to });
    return out;
  },
  backward: (grad, _inputs, _y, { margins }) => [
    grad.pad(margins.toReversed().flatMap(([before, after]) => [-before, -after])),
  ],
  saves: 'none',
});

/** For every position of the padded dim the position of the original it shows. */
export function mirrored(
  mode: Exclude<PadMode, 'constant'>,
  size: number,
  [before, after]: Margin,
  dim: number,
): Int32Array {
  const most = mode === 'reflect' ? size - 1 : mode === 'circular' ? size : Infinity;
  if (size === 0 || before > most || after > most)
    throw new ShapeError(
      `pad: mode ${mode} can add at most ${Math.max(0, most)} to dim ${dim} of size ${size}, asked for ${before} and ${after}.`,
    );
  const length = size + before + after;
  checkFits('pad', [Math.max(0, length)], Int32Array.BYTES_PER_ELEMENT);
  if (length < 0)
    throw new ShapeError(`pad: margins ${before} and ${after} leave nothing of dim ${dim} of size ${size}.`);
  return Int32Array.from({ length }, (_, i) => {
    const p = i - before;
    if (mode === 'circular') return ((p % size) + size) % size;
    if (mode === 'replicate') return Math.min(Math.max(p, 0), size - 1);
    return p < 0 ? -p : p >= size ? 2 * (size - 1) - p : p;
  });
}
