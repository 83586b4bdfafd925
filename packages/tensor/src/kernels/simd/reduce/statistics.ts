import { alloc, type View } from '../../../storage.js';
import type { ElementwiseKernels } from '../../contract/elementwise.js';
import type { NormalizeKernels } from '../../contract/normalize.js';
import type { ReduceKernels } from '../../contract/reduce.js';
import { worthwhile } from '../elementwise/rows.js';

type Statistics = Pick<ReduceKernels, 'norm' | 'variance' | 'logsumexp'>;

/** What they are made of. */
type Parts = Pick<NormalizeKernels, 'moments'> &
  Pick<ReduceKernels, 'reduce'> &
  Pick<ElementwiseKernels, 'unary' | 'binary'>;

/** Writes what becomes of one float64 for each group, whose memory is free then. */
function write({ storage, layout }: View, values: View<'float64'>, of: (value: number) => number): void {
  const from = values.storage;
  storage.beginWrite();
  const start = storage.base + layout.offset;
  for (let i = 0; i < from.length; i++) storage.array[start + i] = of(from.array[from.base + i]!);
  from.free();
}

/**
 * Variances, Euclidean norms and logarithms of sums of exponentials of contiguous float32 groups, by other kernels; everything else
 * goes to those of the same name.
 */
export function simdStatistics(kernels: Statistics & Parts): Statistics {
  /** Whether there are groups of float32 in order, and enough to do. */
  const fits = (x: View, groups: number): boolean =>
    groups > 0 && x.layout.isContiguous && worthwhile([x], x.layout.numel);

  /** Mean and mean squared deviation of the groups of x, or 0 and their mean square; null where they are few or lie otherwise. */
  function momentsOf({ storage, layout }: View, groups: number, centered: boolean) {
    if (!fits({ storage, layout }, groups)) return null;
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

    logsumexp(x, out) {
      const groups = out.layout.numel;
      if (!fits(x, groups)) return kernels.logsumexp(x, out);
      const lines = { storage: x.storage, layout: x.layout.reshape([groups, x.layout.numel / groups])! };
      const [shifts, sums] = [alloc([groups], 'float32'), alloc([groups], 'float32')];
      const powers = alloc(lines.layout.shape, 'float32');
      kernels.reduce('amax', lines, shifts);
      shifts.storage.beginWrite();
      const { array, base } = shifts.storage;
      // An infinite maximum would turn the differences into NaN.
      for (let g = base; g < base + groups; g++) if (!Number.isFinite(array[g]!)) array[g] = 0;
      kernels.binary(
        'sub',
        lines,
        { storage: shifts.storage, layout: shifts.layout.reshape([groups, 1])!.broadcastTo(lines.layout.shape) },
        powers,
      );
      kernels.unary('exp', powers, powers);
      kernels.reduce('sum', powers, sums);
      out.storage.beginWrite();
      const to = out.storage.base + out.layout.offset;
      for (let g = 0; g < groups; g++)
        out.storage.array[to + g] =
          Math.log(sums.storage.array[sums.storage.base + g]!) + shifts.storage.array[shifts.storage.base + g]!;
      for (const { storage } of [shifts, sums, powers]) storage.free();
    },
  };
}
