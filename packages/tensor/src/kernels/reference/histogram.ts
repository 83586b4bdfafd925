import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { HistogramKernels } from '../contract/histogram.js';
import { lines } from './lines.js';

const { fround, trunc } = Math;

/** The elements of a contiguous view. */
function elements({ storage, layout }: View): TypedArray {
  const start = storage.base + layout.offset;
  return storage.array.subarray(start, start + layout.numel);
}

export const histogram: HistogramKernels = {
  histogram(x, lo, hi, clip, out) {
    const from = x.storage.array;
    const { starts, step, size } = lines(x);
    const [lows, highs] = [elements(lo), elements(hi)];
    const bins = out.layout.shape[1]!;
    const counts = new Float64Array(bins);
    const target = out.storage.base + out.layout.offset;
    for (let row = 0; row < starts.length; row++) {
      const [low, high] = [lows[row]!, highs[row]!];
      // PyTorch 1.13 divides before it multiplies, each in the tensor's own precision.
      const f = from instanceof Float32Array && Number.isFinite(fround(high - low)) ? fround : Number;
      const width = f(high - low);
      counts.fill(0);
      for (let i = 0, p = starts[row]!; i < size; i++, p += step) {
        const v = from[p]!;
        if (clip ? v !== v : !(v >= low && v <= high)) continue;
        // 0 / 0 where the range has no width.
        const place = trunc(f(f(f(v - low) / width) * bins)) || 0;
        counts[place < 0 ? 0 : place < bins ? place : bins - 1]!++;
      }
      out.storage.array.set(counts, target + row * bins);
    }
  },
  bincount(x, weights, out) {
    const to = out.storage.array;
    const base = out.storage.base + out.layout.offset;
    const [at, steps] = [lines(x), weights && lines(weights)];
    for (let i = 0; i < at.size; i++) {
      const bin = x.storage.array[at.starts[0]! + i * at.step]!;
      to[base + bin]! += weights && steps ? weights.storage.array[steps.starts[0]! + i * steps.step]! : 1;
    }
  },
  searchsorted(sorted, values, right, out) {
    const [from, wanted, to] = [lines(sorted), lines(values), lines(out)];
    const [read, keys, write] = [sorted.storage.array, values.storage.array, out.storage.array];
    for (let l = 0; l < to.starts.length; l++) {
      for (let i = 0; i < to.size; i++) {
        const key = keys[wanted.starts[l]! + i * wanted.step]!;
        let low = 0;
        let high = from.size;
        while (low < high) {
          const middle = (low + high) >> 1;
          const v = read[from.starts[l]! + middle * from.step]!;
          // Written as negations, so that a NaN key goes behind everything.
          if (right ? !(v > key) : !(v >= key)) low = middle + 1;
          else high = middle;
        }
        write[to.starts[l]! + i * to.step] = low;
      }
    }
  },
};
