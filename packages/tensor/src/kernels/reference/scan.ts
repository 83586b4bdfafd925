import { isFloat, type TypedArray } from '../../dtype.js';
import type { ScanKernels, ScanName } from '../contract/scan.js';
import { lines } from './lines.js';

/** log(exp(a) + exp(b)); equal infinities have no difference to take. */
function logAddExp(a: number, b: number): number {
  const low = Math.min(a, b);
  const high = Math.max(a, b);
  return low === high && !Number.isFinite(low) ? low : high + Math.log1p(Math.exp(low - high));
}

/** One line: n elements from x[xi] in steps of xs to y[yi] in steps of ys. */
type Line = (
  x: TypedArray,
  xi: number,
  xs: number,
  y: TypedArray,
  yi: number,
  ys: number,
  n: number,
  exclusive: boolean,
) => void;

const scans: Record<ScanName, Line> = {
  sum: (x, xi, xs, y, yi, ys, n, exclusive) => {
    for (let i = 0, acc = 0; i < n; i++, xi += xs, yi += ys) {
      const before = acc;
      acc += x[xi]!;
      y[yi] = exclusive ? before : acc;
    }
  },
  prod: (x, xi, xs, y, yi, ys, n, exclusive) => {
    for (let i = 0, acc = 1; i < n; i++, xi += xs, yi += ys) {
      const before = acc;
      acc *= x[xi]!;
      y[yi] = exclusive ? before : acc;
    }
  },
  logsumexp: (x, xi, xs, y, yi, ys, n, exclusive) => {
    for (let i = 0, acc = -Infinity; i < n; i++, xi += xs, yi += ys) {
      const before = acc;
      acc = logAddExp(acc, x[xi]!);
      y[yi] = exclusive ? before : acc;
    }
  },
};

/** Integers wrap to 32 bits at each step: a double would lose the low bits of a large product. */
const wrapping: Line = (x, xi, xs, y, yi, ys, n, exclusive) => {
  for (let i = 0, acc = 1; i < n; i++, xi += xs, yi += ys) {
    const before = acc;
    acc = Math.imul(acc, x[xi]!);
    y[yi] = exclusive ? before : acc;
  }
};

export const scan: ScanKernels = {
  scan(name, x, { reverse, exclusive }, out) {
    const from = lines(x);
    const to = lines(out);
    const line = name === 'prod' && !isFloat(out.storage.dtype) ? wrapping : scans[name];
    const n = from.size;
    const sign = reverse ? -1 : 1;
    const [xEnd, yEnd] = reverse ? [(n - 1) * from.step, (n - 1) * to.step] : [0, 0];
    for (let l = 0; l < from.starts.length; l++)
      line(
        x.storage.array,
        from.starts[l]! + xEnd,
        sign * from.step,
        out.storage.array,
        to.starts[l]! + yEnd,
        sign * to.step,
        n,
        exclusive,
      );
  },
  scanExtremum(name, x, values, indices) {
    const [from, to, at] = [lines(x), lines(values), lines(indices)];
    const [read, write, mark] = [x.storage.array, values.storage.array, indices.storage.array];
    const sign = name === 'max' ? 1 : -1;
    for (let l = 0; l < from.starts.length; l++) {
      let best = -Infinity;
      let index = 0;
      for (let i = 0; i < from.size; i++) {
        const v = sign * read[from.starts[l]! + i * from.step]!;
        if (v >= best || v !== v) {
          best = v;
          index = i;
        }
        write[to.starts[l]! + i * to.step] = read[from.starts[l]! + index * from.step]!;
        mark[at.starts[l]! + i * at.step] = index;
      }
    }
  },
  recurrence(grad, x, reverse, out) {
    const [g, factor, to] = [lines(grad), lines(x), lines(out)];
    const [gs, xs, ys] = [grad.storage.array, x.storage.array, out.storage.array];
    const n = to.size;
    for (let l = 0; l < to.starts.length; l++) {
      let acc = 0;
      for (let k = 0; k < n; k++) {
        const i = reverse ? n - 1 - k : k;
        ys[to.starts[l]! + i * to.step] = acc;
        acc = gs[g.starts[l]! + i * g.step]! + xs[factor.starts[l]! + i * factor.step]! * acc;
      }
    }
  },
};
