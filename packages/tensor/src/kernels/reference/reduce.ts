import { newArray, type TypedArray } from '../../dtype.js';
import type { ReduceKernels, ReduceName } from '../contract/reduce.js';
import { Layout } from '../../layout.js';
import { positions, walk } from './walk.js';

/** Folds n elements from x[xi] in steps of xs into acc[0]; the accumulator's own dtype rounds and wraps each step. */
type Fold = (acc: TypedArray, x: TypedArray, xi: number, xs: number, n: number) => void;

/** Independent partial sums: they hide the latency of an addition and keep the rounding error of long sums small. */
const LANES = 8;

const folds: Record<ReduceName, { start: number | 'first'; fold: Fold }> = {
  sum: {
    start: 0,
    fold(acc, x, xi, xs, n) {
      let i = 0;
      if (n >= 2 * LANES) {
        for (let lane = 1; lane <= LANES; lane++) acc[lane] = 0;
        for (; i + LANES <= n; i += LANES)
          for (let lane = 1; lane <= LANES; lane++, xi += xs) acc[lane]! += x[xi]!;
        for (let width = LANES / 2; width >= 1; width /= 2)
          for (let lane = 1; lane <= width; lane++) acc[lane]! += acc[lane + width]!;
        acc[0]! += acc[1]!;
      }
      for (; i < n; i++, xi += xs) acc[0]! += x[xi]!;
    },
  },
  prod: {
    start: 1,
    fold(acc, x, xi, xs, n) {
      for (let i = 0; i < n; i++, xi += xs) acc[0]! *= x[xi]!;
    },
  },
  amax: {
    start: 'first',
    fold(acc, x, xi, xs, n) {
      let best = acc[0]!;
      for (let i = 0; i < n; i++, xi += xs) best = Math.max(best, x[xi]!);
      acc[0] = best;
    },
  },
  amin: {
    start: 'first',
    fold(acc, x, xi, xs, n) {
      let best = acc[0]!;
      for (let i = 0; i < n; i++, xi += xs) best = Math.min(best, x[xi]!);
      acc[0] = best;
    },
  },
};

export const reduce: ReduceKernels = {
  reduce(name, x, out) {
    const { start, fold } = folds[name];
    const outer = out.layout.ndim;
    const { shape, strides, offset } = x.layout;
    const groups = positions(new Layout(shape.slice(0, outer), strides.slice(0, outer), offset), x.storage.base);
    const inner = new Layout(shape.slice(outer), strides.slice(outer), 0);
    const from = x.storage.array;
    const to = out.storage.array;
    const acc = newArray(out.storage.dtype, LANES + 1);
    let next = out.layout.offset + out.storage.base;
    for (const group of groups) {
      acc[0] = start === 'first' ? from[group]! : start;
      walk([inner], [group], (at, step, n) => fold(acc, from, at[0]!, step[0]!, n));
      to[next++] = acc[0]!;
    }
  },
};
