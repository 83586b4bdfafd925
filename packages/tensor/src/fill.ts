import { dtypes, type DType } from './dtype.js';
import { kernels } from './kernels/active.js';
import { Layout } from './layout.js';
import { checkFits, checkShape, numel, type Shape } from './shape.js';
import { empty, Storage, type View } from './storage.js';

/** Elements that are computed before they are rounded to the dtype together. */
const BATCH = 65536;

/**
 * A new view whose elements are computed as doubles, one after the other in row-major order, and rounded to `dtype`. Its
 * memory is there before the first of them, so that a size nobody can have fails at once.
 *
 * @throws ShapeError for no shape; MemoryError for one that does not fit
 */
export function filled<D extends DType>(
  operation: string,
  shape: Shape,
  dtype: D,
  element: (position: number) => number,
): View<D> {
  const sizes = [...checkShape(operation, shape)];
  checkFits(operation, sizes, dtypes[dtype].bytes);
  const out = empty(sizes, dtype);
  const count = numel(sizes);
  const values = new Float64Array(Math.min(count, BATCH));
  const source = new Storage('float64', values.length, values, true);
  for (let start = 0; start < count; start += BATCH) {
    const part = new Layout([Math.min(BATCH, count - start)]);
    for (let i = 0; i < part.numel; i++) values[i] = element(start + i);
    const place = new Layout(part.shape, [1], out.layout.offset + start);
    kernels.copy({ storage: source, layout: part }, { storage: out.storage, layout: place });
  }
  return out;
}
