import { newArray, type TypedArray } from '../../dtype.js';
import { Layout } from '../../layout.js';
import type { View } from '../../storage.js';
import type { ReduceKernels, ReduceName } from '../contract/reduce.js';
import { groups } from './lines.js';
import { distances, positions } from './walk.js';

/** Folds n elements from x[at] in steps of `step`, going on from `acc`. */
type Fold = (x: TypedArray, at: number, step: number, n: number, acc: number) => number;

/** How an accumulator rounds: as float32, not at all, or by wrapping to 32 bits. */
type Rounding = 'float32' | 'float64' | 'int';

const roundingOf = (out: TypedArray): Rounding =>
  out instanceof Float32Array ? 'float32' : out instanceof Float64Array ? 'float64' : 'int';

/** Elements summed in lanes before they join the total: keeps the rounding error of long sums small. */
const BLOCK = 4096;

function sumFloat32(x: TypedArray, at: number, step: number, n: number, acc: number): number {
  const round = Math.fround;
  let i = 0;
  let p = at;
  while (n - i >= 16) {
    // Independent partial sums hide the latency of an addition.
    let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
    const end = Math.min(n, i + BLOCK);
    for (; i + 8 <= end; i += 8, p += 8 * step) {
      s0 = round(s0 + x[p]!);
      s1 = round(s1 + x[p + step]!);
      s2 = round(s2 + x[p + 2 * step]!);
      s3 = round(s3 + x[p + 3 * step]!);
      s4 = round(s4 + x[p + 4 * step]!);
      s5 = round(s5 + x[p + 5 * step]!);
      s6 = round(s6 + x[p + 6 * step]!);
      s7 = round(s7 + x[p + 7 * step]!);
    }
    const low = round(round(s0 + s4) + round(s2 + s6));
    const high = round(round(s1 + s5) + round(s3 + s7));
    acc = round(acc + round(low + high));
  }
  for (; i < n; i++, p += step) acc = round(acc + x[p]!);
  return acc;
}

function sumFloat64(x: TypedArray, at: number, step: number, n: number, acc: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  let p = at;
  for (; i + 4 <= n; i += 4, p += 4 * step) {
    s0 += x[p]!;
    s1 += x[p + step]!;
    s2 += x[p + 2 * step]!;
    s3 += x[p + 3 * step]!;
  }
  acc += s0 + s2 + (s1 + s3);
  for (; i < n; i++, p += step) acc += x[p]!;
  return acc;
}

/** Neither comparison lets go of a NaN once it is the accumulator. */
const larger: Fold = (x, at, step, n, acc) => {
  for (let i = 0, p = at; i < n; i++, p += step) {
    const v = x[p]!;
    if (v > acc || v !== v) acc = v;
  }
  return acc;
};

const smaller: Fold = (x, at, step, n, acc) => {
  for (let i = 0, p = at; i < n; i++, p += step) {
    const v = x[p]!;
    if (v < acc || v !== v) acc = v;
  }
  return acc;
};

const folds: Record<ReduceName, { start: number } & Record<Rounding, Fold>> = {
  sum: {
    start: 0,
    float32: sumFloat32,
    float64: sumFloat64,
    int: (x, at, step, n, acc) => {
      for (let i = 0, p = at; i < n; i++, p += step) acc = (acc + x[p]!) | 0;
      return acc;
    },
  },
  prod: {
    start: 1,
    float32: (x, at, step, n, acc) => {
      for (let i = 0, p = at; i < n; i++, p += step) acc = Math.fround(acc * x[p]!);
      return acc;
    },
    float64: (x, at, step, n, acc) => {
      for (let i = 0, p = at; i < n; i++, p += step) acc *= x[p]!;
      return acc;
    },
    int: (x, at, step, n, acc) => {
      for (let i = 0, p = at; i < n; i++, p += step) acc = Math.imul(acc, x[p]!);
      return acc;
    },
  },
  amax: { start: -Infinity, float32: larger, float64: larger, int: larger },
  amin: { start: Infinity, float32: smaller, float64: smaller, int: smaller },
};

/** One step of a fold for a row of accumulators: y[yi + j] with x[xi + j * xs]. */
type Step = (x: TypedArray, xi: number, xs: number, y: TypedArray, yi: number, n: number) => void;

const steps: Record<ReduceName, Step> = {
  sum: (x, xi, xs, y, yi, n) => {
    for (let j = 0; j < n; j++, xi += xs) y[yi + j]! += x[xi]!;
  },
  prod: (x, xi, xs, y, yi, n) => {
    if (roundingOf(y) === 'int') for (let j = 0; j < n; j++, xi += xs) y[yi + j] = Math.imul(y[yi + j]!, x[xi]!);
    else for (let j = 0; j < n; j++, xi += xs) y[yi + j]! *= x[xi]!;
  },
  amax: (x, xi, xs, y, yi, n) => {
    for (let j = 0; j < n; j++, xi += xs) if (x[xi]! > y[yi + j]! || x[xi] !== x[xi]) y[yi + j] = x[xi]!;
  },
  amin: (x, xi, xs, y, yi, n) => {
    for (let j = 0; j < n; j++, xi += xs) if (x[xi]! < y[yi + j]! || x[xi] !== x[xi]) y[yi + j] = x[xi]!;
  },
};

/** Rows added up before they join the total. */
const ROWS = 128;

/** Folds whole rows of the last kept dim at once: memory order where the reduced dims are the outer ones. */
function reduceRows(name: ReduceName, x: View, out: View, kept: number): void {
  const { shape, strides, offset } = x.layout;
  const width = shape[kept - 1]!;
  const step = strides[kept - 1]!;
  const starts = positions(new Layout(shape.slice(0, kept - 1), strides.slice(0, kept - 1), offset), x.storage.base);
  const inner = distances(new Layout(shape.slice(kept), strides.slice(kept)));
  const from = x.storage.array;
  const to = out.storage.array;
  const fold = steps[name];
  const blocked = name === 'sum' && inner.length > ROWS;
  const block = newArray(out.storage.dtype, blocked ? width : 0);
  let next = out.storage.base + out.layout.offset;
  for (const start of starts) {
    const extremum = name === 'amax' || name === 'amin';
    for (let j = 0; j < width; j++) to[next + j] = extremum ? from[start + inner[0]! + j * step]! : folds[name].start;
    for (let i = extremum ? 1 : 0; i < inner.length; i++) {
      if (!blocked) fold(from, start + inner[i]!, step, to, next, width);
      else {
        fold(from, start + inner[i]!, step, block, 0, width);
        if ((i + 1) % ROWS === 0 || i + 1 === inner.length) {
          fold(block, 0, 1, to, next, width);
          block.fill(0);
        }
      }
    }
    next += width;
  }
}

/** Whether a row of accumulators walks memory in shorter steps than the group it folds. */
function prefersRows({ layout }: View, kept: number): boolean {
  if (kept === 0 || layout.isContiguous || layout.numel === 0 || layout.shape[kept - 1]! < 4) return false;
  const inner = layout.strides.filter((_, d) => d >= kept && layout.shape[d]! > 1).map(Math.abs);
  return inner.length > 0 && Math.abs(layout.strides[kept - 1]!) < Math.min(...inner);
}

export const reduce: Pick<ReduceKernels, 'reduce'> = {
  reduce(name, x, out) {
    const kept = out.layout.ndim;
    if (prefersRows(x, kept)) return reduceRows(name, x, out, kept);
    const from = x.storage.array;
    const to = out.storage.array;
    const fold = folds[name][roundingOf(to)];
    const { starts, runs, step, count } = groups(x, kept);
    let next = out.storage.base + out.layout.offset;
    for (const start of starts) {
      let acc = folds[name].start;
      for (let r = 0; r < runs.length; r++) acc = fold(from, start + runs[r]!, step, count, acc);
      to[next++] = acc;
    }
  },
};
