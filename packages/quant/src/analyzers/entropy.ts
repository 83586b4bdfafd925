import type { Shape } from '@q/tensor';
import { checkKnownOptions } from '../arguments.js';
import type { Histogram } from '../observers/histogram.js';
import { analyzerFrom, settingsFrom } from './analyzer.js';
import { HistogramEncodingAnalyzer } from './histogram.js';
import { EPSILON, symmetricRange, tooNarrow, widened, type Ends } from './range.js';

/** Options of `EntropyEncodingAnalyzer`. */
export interface EntropyOptions {
  /** Bins of the histograms; 2048 where left out. */
  readonly numBins?: number;
}

/** How often each size of value occurs: bins of equal width from 0 to `limit`. */
interface Sizes {
  readonly counts: Float64Array;
  readonly limit: number;
}

function sizesOf({ min, max, histogram, spread: { low, step } }: Histogram): Sizes {
  const counts = new Float64Array(histogram.length);
  const limit = Math.max(Math.abs(min), Math.abs(max));
  const last = counts.length - 1;
  histogram.forEach((n, i) => {
    const size = Math.abs(low + (i + 0.5) * step);
    counts[limit === 0 ? 0 : Math.min(Math.floor((size / limit) * counts.length), last)]! += n;
  });
  return { counts, limit };
}

const xlogx = (x: number): number => (x > 0 ? x * Math.log(x) : 0);

/** Sums of the elements before each index. */
function sumsBefore(values: ArrayLike<number>, of: (value: number) => number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + of(values[i]!);
  return sums;
}

/**
 * Number of bins, from 0 on, after which clipping loses the least information: the Kullback-Leibler divergence between the
 * distribution clipped there and the same in `levels` levels is least. All the sums of one candidate come from sums up to
 * each bin, so that it costs a step per level and not per bin.
 */
export function bestCut(counts: Float64Array, levels: number): number {
  const bins = counts.length;
  const mass = sumsBefore(counts, (n) => n);
  const filled = sumsBefore(counts, (n) => (n > 0 ? 1 : 0));
  const entropies = sumsBefore(counts, xlogx);
  const total = mass[bins]!;
  let best = bins;
  let least = Infinity;
  for (let cut = levels; cut <= bins; cut++) {
    const kept = mass[cut]!;
    const clipped = total - kept;
    const end = counts[cut - 1]!;
    const width = Math.floor(cut / levels);
    let divergence = entropies[cut - 1]! + xlogx(end + clipped);
    for (let level = 0; level < levels; level++) {
      const from = level * width;
      const isLast = level === levels - 1;
      const to = isLast ? cut : from + width;
      const q = mass[to]! - mass[from]!;
      const p = isLast ? q + clipped : q;
      const places = filled[to]! - filled[from]! + (isLast && end === 0 && clipped > 0 ? 1 : 0);
      // Clipped values where the levels have none: infinitely far away.
      if (p > 0) divergence -= q > 0 ? p * Math.log(q / places) : -Infinity;
    }
    divergence = divergence / total + Math.log(kept / total);
    if (divergence < least) {
      least = divergence;
      best = cut;
    }
  }
  return best;
}

/**
 * The range that loses the least information: the distribution of the sizes of values is clipped where its
 * Kullback-Leibler divergence from the quantized one is least, as TensorRT and ONNX Runtime calibrate.
 */
export class EntropyEncodingAnalyzer extends HistogramEncodingAnalyzer {
  /** @throws QuantizationError for a number of bins that is not positive */
  constructor(shape: Shape | number, options: EntropyOptions = {}) {
    checkKnownOptions('EntropyEncodingAnalyzer', options, ['numBins']);
    super(shape, options.numBins ?? 2048);
  }

  override fresh(): EntropyEncodingAnalyzer {
    return new EntropyEncodingAnalyzer(this.shape, { numBins: this.numBins });
  }

  override toJSON(): unknown {
    const { shape, numBins } = this;
    return { type: 'EntropyEncodingAnalyzer', shape, numBins, stats: this.observer.toJSON() };
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static fromJSON(json: unknown): EntropyEncodingAnalyzer {
    const type = 'EntropyEncodingAnalyzer';
    return analyzerFrom(
      type,
      json,
      (shape, fields) => new EntropyEncodingAnalyzer(shape, settingsFrom(type, fields, ['numBins'])),
      ({ observer }, stats) => observer.restore(stats),
    );
  }

  protected override *rangesOf(stats: readonly Histogram[], numSteps: number, isSymmetric: boolean): Iterable<Ends> {
    const levels = Math.ceil((numSteps + 1) / 2);
    for (const entry of stats) {
      const { counts, limit } = sizesOf(entry);
      const size = limit * (bestCut(counts, levels) / counts.length);
      const ends: Ends = [
        Math.fround(Math.max(Math.min(entry.min, 0), -size)),
        Math.fround(Math.min(Math.max(entry.max, 0), size)),
      ];
      const wide = tooNarrow(ends, numSteps) ? widened(ends, numSteps, isSymmetric, EPSILON) : ends;
      yield isSymmetric ? symmetricRange(wide, numSteps) : wide;
    }
  }
}
