import { alloc, type View } from '../../../storage.js';
import type { NormalizeKernels } from '../../contract/normalize.js';
import type { ReduceKernels } from '../../contract/reduce.js';
import { worthwhile } from '../elementwise/rows.js';

type Statistics = Pick<ReduceKernels, 'norm' | 'variance'>;

/** Writes what becomes of one float64 for each group, whose memory is free then. */
function write({ storage, layout }: View, values: View<'float64'>, of: (value: number) => number): void {
  const from = values.storage;
  storage.beginWrite();
  const start = storage.base + layout.offset;
  for (let i = 0; i < from.length; i++) storage.array[start + i] = of(from.array[from.base + i]!);
  from.free();
}

/**
 * Variances and Euclidean norms of contiguous float32 groups, by the `moments` among the kernels; everything else goes to them as
 * it is.
 */
export function simdStatistics(kernels: Statistics & Pick<NormalizeKernels, 'moments'>): Statistics {
  /** Mean and mean squared deviation of the groups of x, or 0 and their mean square; null where they are few or lie otherwise. */
  function momentsOf({ storage, layout }: View, groups: number, centered: boolean) {
    if (groups === 0 || !layout.isContiguous || !worthwhile([{ storage, layout }], layout.numel)) return null;
    const count = layout.numel / groups;
    const [mean, square] = [alloc([groups, 1], 'float64'), alloc([groups, 1], 'float64')];
    kernels.moments({ storage, layout: layout.reshape([1, groups, 1, 1, count])! }, centered, mean, square);
    return { count, mean, square };
  }

  return {
    norm(p, x, out) {
      const moments = p === 2 ? momentsOf(x, out.layout.numel, false) : null;
      if (!moments) return kernels.norm(p, x, out);
      write(out, moments.square, (square) => Math.sqrt(square * moments.count));
      moments.mean.storage.free();
    },

    variance(x, correction, variance, mean) {
      const moments = momentsOf(x, variance.layout.numel, true);
      if (!moments) return kernels.variance(x, correction, variance, mean);
      const factor = moments.count / Math.max(0, moments.count - correction);
      write(variance, moments.square, (square) => square * factor);
      write(mean, moments.mean, (value) => value);
    },
  };
}
