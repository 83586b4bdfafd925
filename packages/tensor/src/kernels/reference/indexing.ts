import type { TypedArray } from '../../dtype.js';
import { Layout } from '../../layout.js';
import type { View } from '../../storage.js';
import type { IndexingKernels, ScatterName } from '../contract/indexing.js';
import { positions, walk } from './walk.js';

/** y[yi] (op)= x[xi] for n elements. */
type Row = (x: TypedArray, xi: number, xs: number, y: TypedArray, yi: number, ys: number, n: number) => void;

const rows: Record<ScatterName, Row> = {
  set: (x, xi, xs, y, yi, ys, n) => {
    if (xs === 1 && ys === 1 && n > 32) y.set(x.subarray(xi, xi + n), yi);
    else for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]!;
  },
  add: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi]! += x[xi]!;
  },
  prod: (x, xi, xs, y, yi, ys, n) => {
    // A double cannot hold the product of two int32: the low 32 bits are what wrap-around wants.
    if (y instanceof Int32Array) for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.imul(y[yi]!, x[xi]!);
    else for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi]! *= x[xi]!;
  },
  amax: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.max(y[yi]!, x[xi]!);
  },
  amin: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.min(y[yi]!, x[xi]!);
  },
};

/** The values of a one-dimensional index. */
const valuesOf = ({ storage, layout }: View): Int32Array => {
  const { array, base } = storage;
  const start = base + layout.offset;
  if (array instanceof Int32Array && layout.isContiguous) return array.subarray(start, start + layout.numel);
  const values = new Int32Array(layout.numel);
  for (let k = 0, p = start; k < values.length; k++, p += layout.strides[0]!) values[k] = array[p]!;
  return values;
};

/**
 * One element per entry of an index: `y[yi + (v * ystep)] (op)= x[xi + (v * xstep)]` where v is the entry, for the many
 * rows of length 1 for which a call of `Row` would cost more than the element.
 */
function eachElement(
  name: ScatterName,
  [x, xi, xs, xstep]: readonly [TypedArray, number, number, number],
  [y, yi, ys, ystep]: readonly [TypedArray, number, number, number],
  [picks, pi, ps]: readonly [TypedArray, number, number],
  n: number,
): void {
  if (name === 'set')
    for (let i = 0; i < n; i++) {
      const v = picks[pi + i * ps]!;
      y[yi + i * ys + v * ystep] = x[xi + i * xs + v * xstep]!;
    }
  else if (name === 'add')
    for (let i = 0; i < n; i++) {
      const v = picks[pi + i * ps]!;
      y[yi + i * ys + v * ystep]! += x[xi + i * xs + v * xstep]!;
    }
  else {
    const row = rows[name];
    for (let i = 0; i < n; i++) {
      const v = picks[pi + i * ps]!;
      row(x, xi + i * xs + v * xstep, 1, y, yi + i * ys + v * ystep, 1, 1);
    }
  }
}

/** Rows of a three-dimensional view picked out by an index over its middle dim, against all rows of another. */
function eachRow(name: ScatterName, x: View, y: View, index: View, indexed: 'x' | 'y'): void {
  const from = x.storage.array;
  const to = y.storage.array;
  const values = valuesOf(index);
  const [xa, xk, xb] = x.layout.strides as [number, number, number];
  const [ya, yk, yb] = y.layout.strides as [number, number, number];
  const [outer, , inner] = x.layout.shape as [number, number, number];
  const x0 = x.storage.base + x.layout.offset;
  const y0 = y.storage.base + y.layout.offset;
  // The indexed side steps by the value of the index, the other by its position.
  const [xv, xp, yv, yp] = indexed === 'x' ? [xk, 0, 0, yk] : [0, xk, yk, 0];
  const row = rows[name];
  for (let a = 0; a < outer; a++) {
    const xi = x0 + a * xa;
    const yi = y0 + a * ya;
    if (inner === 1) eachElement(name, [from, xi, xp, xv], [to, yi, yp, yv], [values, 0, 1], values.length);
    else
      for (let k = 0; k < values.length; k++) {
        const v = values[k]!;
        row(from, xi + k * xp + v * xv, xb, to, yi + k * yp + v * yv, yb, inner);
      }
  }
}

/** The layout of the elements beside an index: without steps along `dim`, which the index takes. */
const beside = ({ layout }: View, dim: number, index: View): Layout => {
  const { shape } = index.layout;
  const steps = shape.length === 0 || layout.ndim === 0 ? shape.map(() => 0) : layout.strides.with(dim, 0);
  return new Layout(shape, steps, layout.offset);
};

/** Half precision zeros have two bit patterns: their sign does not count. */
const maskOf = ({ storage: { dtype } }: View): number | null =>
  dtype === 'float16' || dtype === 'bfloat16' ? 0x7fff : null;

export const indexing: IndexingKernels = {
  firstOutside({ storage, layout }, low, high) {
    const { array, base } = storage;
    let found: number | null = null;
    walk([layout], [base], ([at], [step], n) => {
      for (let i = 0, p = at!; i < n && found === null; i++, p += step!)
        if (array[p]! < low || array[p]! >= high) found = array[p]!;
    });
    return found;
  },
  indexSelect: (x, index, out) => eachRow('set', x, out, index, 'x'),
  indexScatter: (name, x, index, out) => eachRow(name, x, out, index, 'y'),
  gather(x, dim, index, out) {
    const stride = x.layout.strides[dim] ?? 0;
    const [from, picks, to] = [x.storage.array, index.storage.array, out.storage.array];
    walk(
      [beside(x, dim, index), index.layout, out.layout],
      [x.storage.base, index.storage.base, out.storage.base],
      ([xi, ii, yi], [xs, is, ys], n) =>
        eachElement('set', [from, xi!, xs!, stride], [to, yi!, ys!, 0], [picks, ii!, is!], n),
    );
  },
  scatter(name, x, dim, index, out) {
    const stride = out.layout.strides[dim] ?? 0;
    const [from, picks, to] = [x.storage.array, index.storage.array, out.storage.array];
    walk(
      [x.layout, index.layout, beside(out, dim, index)],
      [x.storage.base, index.storage.base, out.storage.base],
      ([xi, ii, yi], [xs, is, ys], n) =>
        eachElement(name, [from, xi!, xs!, 0], [to, yi!, ys!, stride], [picks, ii!, is!], n),
    );
  },
  accumulate(x, out) {
    const from = x.storage.array;
    const to = out.storage.array;
    walk([x.layout, out.layout], [x.storage.base, out.storage.base], ([xi, yi], [xs, ys], n) =>
      rows.add(from, xi!, xs!, to, yi!, ys!, n),
    );
  },
  linearIndex(indices, sizes, out) {
    const to = out.storage.array;
    const start = out.storage.base + out.layout.offset;
    indices.forEach((index, k) => {
      const { array, base } = index.storage;
      const size = sizes[k]!;
      const from = positions(index.layout, base);
      for (let i = 0; i < from.length; i++) {
        const v = array[from[i]!]!;
        to[start + i] = (k === 0 ? 0 : to[start + i]! * size) + (v < 0 ? v + size : v);
      }
    });
  },
  countNonzero(x) {
    const { array, base } = x.storage;
    const mask = maskOf(x);
    let count = 0;
    walk([x.layout], [base], ([at], [step], n) => {
      if (mask === null) for (let i = 0, p = at!; i < n; i++, p += step!) count += array[p] !== 0 ? 1 : 0;
      else for (let i = 0, p = at!; i < n; i++, p += step!) count += (array[p]! & mask) !== 0 ? 1 : 0;
    });
    return count;
  },
  nonzero(x, out) {
    const { array, base } = x.storage;
    const mask = maskOf(x);
    const to = out.storage.array;
    let next = out.storage.base + out.layout.offset;
    let first = 0;
    walk([x.layout], [base], ([at], [step], n) => {
      for (let i = 0, p = at!; i < n; i++, p += step!)
        if ((mask === null ? array[p]! : array[p]! & mask) !== 0) to[next++] = first + i;
      first += n;
    });
  },
  unravel(places, shape, out) {
    const to = out.storage.array;
    const start = out.storage.base + out.layout.offset;
    valuesOf(places).forEach((place, i) => {
      for (let d = shape.length - 1; d >= 0; d--) {
        to[start + i * shape.length + d] = place % shape[d]!;
        place = Math.floor(place / shape[d]!);
      }
    });
  },
};
