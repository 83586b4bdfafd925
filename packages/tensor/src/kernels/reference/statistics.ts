import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { ReduceKernels } from '../contract/reduce.js';
import { groups, type Groups } from './lines.js';

/** Where the first element of an output lies. */
const first = ({ storage, layout }: View): number => storage.base + layout.offset;

/** Sum of `term(x)` over the runs of a group. The calls hide in the cost of the terms. */
function total(x: TypedArray, start: number, { runs, step, count }: Groups, term: (x: number) => number): number {
  let sum = 0;
  for (let r = 0; r < runs.length; r++)
    for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) sum += term(x[p]!);
  return sum;
}

/** Largest of `term(x)` over a group, -Infinity where it is empty; NaN propagates. */
function largest(x: TypedArray, start: number, { runs, step, count }: Groups, term: (x: number) => number): number {
  let best = -Infinity;
  for (let r = 0; r < runs.length; r++)
    for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) {
      const v = term(x[p]!);
      if (v > best || v !== v) best = v;
    }
  return best;
}

const itself = (x: number): number => x;
const negAbs = (x: number): number => -Math.abs(x);

/** The norm of one group. */
type Norm = (x: TypedArray, start: number, group: Groups) => number;

function normOf(p: number): Norm {
  if (p === 2) return (x, start, group) => Math.sqrt(total(x, start, group, (v) => v * v));
  if (p === 1) return (x, start, group) => total(x, start, group, Math.abs);
  if (p === 0) return (x, start, group) => total(x, start, group, (v) => (v === 0 ? 0 : 1));
  if (p === Infinity) return (x, start, group) => largest(x, start, group, Math.abs);
  if (p === -Infinity) return (x, start, group) => -largest(x, start, group, negAbs);
  return (x, start, group) => total(x, start, group, (v) => Math.abs(v) ** p) ** (1 / p);
}

export const statistics: Omit<ReduceKernels, 'reduce'> = {
  quantify(name, x, out) {
    const from = x.storage.array;
    const to = out.storage.array;
    const { starts, runs, step, count } = groups(x, out.layout.ndim);
    const size = runs.length * count;
    let next = first(out);
    for (const start of starts) {
      let nonzero = 0;
      for (let r = 0; r < runs.length; r++)
        for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) if (from[p] !== 0) nonzero++;
      to[next++] = name === 'countNonzero' ? nonzero : Number(name === 'all' ? nonzero === size : nonzero > 0);
    }
  },
  extrema(x, min, max) {
    const from = x.storage.array;
    const low = min.storage.array;
    const high = max.storage.array;
    const { starts, runs, step, count } = groups(x, min.layout.ndim);
    starts.forEach((start, g) => {
      let smallest = Infinity;
      let greatest = -Infinity;
      for (let r = 0; r < runs.length; r++)
        for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) {
          const v = from[p]!;
          if (v < smallest || v !== v) smallest = v;
          if (v > greatest || v !== v) greatest = v;
        }
      low[first(min) + g] = smallest;
      high[first(max) + g] = greatest;
    });
  },
  argReduce(name, x, values, indices) {
    const from = x.storage.array;
    const { starts, runs, step, count } = groups(x, indices.layout.ndim);
    const sign = name === 'max' ? 1 : -1;
    starts.forEach((start, g) => {
      let best = sign * from[start + runs[0]!]!;
      let index = 0;
      for (let r = 0; r < runs.length && best === best; r++)
        for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) {
          const v = sign * from[p]!;
          if (v > best || v !== v) {
            best = v;
            index = r * count + i;
            if (v !== v) break;
          }
        }
      indices.storage.array[first(indices) + g] = index;
      if (values)
        values.storage.array[first(values) + g] =
          from[start + runs[Math.floor(index / count)]! + (index % count) * step]!;
    });
  },
  variance(x, correction, variance, mean) {
    const from = x.storage.array;
    const group = groups(x, mean.layout.ndim);
    const { starts, runs, step, count } = group;
    const size = runs.length * count;
    starts.forEach((start, g) => {
      const centre = total(from, start, group, itself) / size;
      let squares = 0;
      for (let r = 0; r < runs.length; r++)
        for (let i = 0, p = start + runs[r]!; i < count; i++, p += step) {
          const deviation = from[p]! - centre;
          squares += deviation * deviation;
        }
      mean.storage.array[first(mean) + g] = centre;
      variance.storage.array[first(variance) + g] = squares / Math.max(0, size - correction);
    });
  },
  norm(p, x, out) {
    const group = groups(x, out.layout.ndim);
    const norm = normOf(p);
    group.starts.forEach((start, g) => (out.storage.array[first(out) + g] = norm(x.storage.array, start, group)));
  },
  logsumexp(x, out) {
    const from = x.storage.array;
    const group = groups(x, out.layout.ndim);
    group.starts.forEach((start, g) => {
      const most = largest(from, start, group, itself);
      // An infinite maximum would turn the differences into NaN.
      const shift = Number.isFinite(most) ? most : 0;
      out.storage.array[first(out) + g] = Math.log(total(from, start, group, (v) => Math.exp(v - shift))) + shift;
    });
  },
};
