import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { GridSearchKernels, SearchedGrid } from '../contract/grid-search.js';
import { rint } from './rint.js';

/** Terms that are summed before they join the total. */
const BLOCK = 32;

/** Numbers smaller than this have differences whose squares are finite. */
const TAME = 1e18;

/** The elements of a row in the order in which their errors are summed. */
interface Elements {
  readonly x: TypedArray;
  readonly weights: TypedArray;
  /** Whether no error is NaN or negative: sums then only grow, and elements of weight 0 are left out. */
  readonly tame: boolean;
}

const isTame = (value: number): boolean => Math.abs(value) < TAME;

/** From both ends inwards, first what weighs something. */
function ordered(x: TypedArray, weights: TypedArray, tameGrids: boolean): Elements {
  const [ownX, ownWeights] = [x.slice(), weights.slice()];
  const last = x.length - 1;
  let tame = tameGrids;
  let count = 0;
  const take = (weighty: boolean): void => {
    for (let k = 0; k <= last; k++) {
      const i = k % 2 === 0 ? k / 2 : last - (k - 1) / 2;
      const [value, weight] = [x[i]!, weights[i]!];
      tame &&= isTame(value) && weight >= 0 && weight < Infinity;
      if ((weight !== 0) !== weighty) continue;
      ownX[count] = value;
      ownWeights[count++] = weight;
    }
  };
  take(true);
  if (!tame) take(false);
  return { x: ownX.subarray(0, count), weights: ownWeights.subarray(0, count), tame };
}

/** A row of a contiguous matrix. */
function rowOf({ storage, layout }: View, row: number): TypedArray {
  const size = layout.shape[1]!;
  const start = storage.base + layout.offset + row * size;
  return storage.array.subarray(start, start + size);
}

/** The summed error of a grid, or some number above `limit` where it lies above. */
function errorOf(
  { x, weights }: Elements,
  s: number,
  o: number,
  { qmin, qmax, clipped }: SearchedGrid,
  sums: TypedArray,
  f: (value: number) => number,
  limit: number,
): number {
  let total = 0;
  for (let i = 0; i < x.length && !(total > limit);) {
    sums.fill(0);
    for (const end = Math.min(i + BLOCK, x.length); i < end; i++) {
      const value = x[i]!;
      const q = rint(f(f(value / s) - o));
      const kept = q < qmin ? qmin : q > qmax ? qmax : q;
      const error = f(f(f(kept + o) * s) - value);
      const term = f(f(error * error) * weights[i]!);
      sums[i & 3]! += q === kept ? term : f(term * clipped);
    }
    total += f(f(sums[0]! + sums[2]!) + f(sums[1]! + sums[3]!));
  }
  return total;
}

export const gridSearch: GridSearchKernels = {
  leastErrorGrid(x, weights, scale, offset, grid, values, indices) {
    const single = x.storage.dtype === 'float32';
    const f = single ? Math.fround : Number;
    const sums = single ? new Float32Array(4) : new Float64Array(4);
    const limits = { qmin: f(grid.qmin), qmax: f(grid.qmax), clipped: f(grid.clipped) };
    let best = 0;
    for (let row = 0; row < indices.layout.numel; row++) {
      const [scales, offsets] = [rowOf(scale, row), rowOf(offset, row)];
      const tameGrids = scales.every(
        (s, i) => s > 0 && isTame((offsets[i]! + grid.qmin) * s) && isTame((offsets[i]! + grid.qmax) * s),
      );
      const elements = ordered(rowOf(x, row), rowOf(weights, row), tameGrids);
      const { tame } = elements;
      // The winner of the row before is often the next one, too: most others can then be given up soon.
      const from = tame ? best : 0;
      let least = Infinity;
      best = from;
      for (let visit = 0; visit < scales.length && least === least; visit++) {
        const i = (from + visit) % scales.length;
        const [s, o] = [scales[i]!, offsets[i]!];
        if (i > 0 && s === scales[i - 1] && o === offsets[i - 1]) continue;
        const error = errorOf(elements, s, o, limits, sums, f, tame ? least : Infinity);
        if (error > least || (error === least && i > best)) continue;
        best = i;
        least = error;
      }
      values.storage.array[values.storage.base + values.layout.offset + row] = least;
      indices.storage.array[indices.storage.base + indices.layout.offset + row] = best;
    }
  },
};
