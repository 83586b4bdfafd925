import type { HistogramKernels } from '../contract/histogram.js';
import { lines } from './lines.js';
import { walk } from './walk.js';

export const histogram: HistogramKernels = {
  histogram(x, lo, hi, out) {
    const from = x.storage.array;
    const bins = out.layout.numel;
    const counts = new Float64Array(bins);
    const single = from instanceof Float32Array;
    const width = single ? Math.fround(hi - lo) : hi - lo;
    walk([x.layout], [x.storage.base], ([at], [step], n) => {
      for (let i = 0, p = at!; i < n; i++, p += step!) {
        const v = from[p]!;
        if (!(v >= lo && v <= hi)) continue;
        // PyTorch 1.13 divides before it multiplies, each in the tensor's own precision.
        const place = single ? Math.fround(Math.fround(Math.fround(v - lo) / width) * bins) : ((v - lo) / width) * bins;
        counts[Math.min(Math.trunc(place), bins - 1)]!++;
      }
    });
    out.storage.array.set(counts, out.storage.base + out.layout.offset);
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
