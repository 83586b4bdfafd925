import { described, type Shape } from '@q/tensor';
import { checkKnownOptions } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import type { Histogram } from '../observers/histogram.js';
import { analyzerFrom, settingsFrom } from './analyzer.js';
import { HistogramEncodingAnalyzer } from './histogram.js';
import { bounded, EPSILON, symmetricRange, tooNarrow, widened, withZero, type Ends } from './range.js';

const { fround } = Math;

/** Options of `PercentileEncodingAnalyzer`. */
export interface PercentileOptions {
  /** Bins of the histograms; 2048 where left out. */
  readonly numBins?: number;
  /** Share of the values, in percent from 50 to 100, that the range covers on each side; 100 where left out. */
  readonly percentile?: number;
}

/** First index whose cumulated count reaches `wanted`. */
function reaching(cumulated: Float32Array, wanted: number): number {
  let low = 0;
  let high = cumulated.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle]! >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The left edges of the bins in which the two percentiles lie. */
function edgesOf(entry: Histogram, cumulated: Float32Array, share: number): Ends {
  const bins = cumulated.length;
  if (share === 100) return [entry.edge(0), entry.edge(bins)];
  const total = cumulated[bins - 1]!;
  const upper = reaching(cumulated, fround(fround(total * fround(share)) / 100));
  const lower = reaching(cumulated, fround(total * fround(1 - share / 100)));
  return [entry.edge(lower), entry.edge(upper)];
}

/** The range that leaves out the same share of values on each side. */
export class PercentileEncodingAnalyzer extends HistogramEncodingAnalyzer {
  private share: number;

  /** @throws QuantizationError for a percentile outside 50 to 100 or a number of bins that is not positive */
  constructor(shape: Shape | number, options: PercentileOptions = {}) {
    checkKnownOptions('PercentileEncodingAnalyzer', options, ['numBins', 'percentile']);
    super(shape, options.numBins ?? 2048);
    this.share = 100;
    this.percentile = options.percentile ?? 100;
  }

  /** Share of the values, in percent, up to the upper end of the range. */
  get percentile(): number {
    return this.share;
  }

  /** Throws QuantizationError unless it is from 50 to 100. */
  set percentile(percentile: number) {
    if (typeof percentile !== 'number' || !(percentile >= 50 && percentile <= 100))
      throw new QuantizationError(
        `PercentileEncodingAnalyzer: percentile must be from 50 to 100, got ${described(percentile)}.`,
      );
    this.share = percentile;
  }

  /** Sets `percentile`, as AIMET names it. */
  setPercentile(percentile: number): void {
    this.percentile = percentile;
  }

  override fresh(): PercentileEncodingAnalyzer {
    return new PercentileEncodingAnalyzer(this.shape, { numBins: this.numBins, percentile: this.share });
  }

  override toJSON(): unknown {
    const { shape, numBins, percentile } = this;
    return { type: 'PercentileEncodingAnalyzer', shape, numBins, percentile, stats: this.observer.toJSON() };
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static fromJSON(json: unknown): PercentileEncodingAnalyzer {
    const type = 'PercentileEncodingAnalyzer';
    return analyzerFrom(
      type,
      json,
      (shape, fields) => new PercentileEncodingAnalyzer(shape, settingsFrom(type, fields, ['numBins', 'percentile'])),
      ({ observer }, stats) => observer.restore(stats),
    );
  }

  protected override *rangesOf(stats: readonly Histogram[], numSteps: number, isSymmetric: boolean): Iterable<Ends> {
    const cumulated = new Float32Array(this.numBins);
    for (const entry of stats) {
      let total = 0;
      for (let i = 0; i < cumulated.length; i++) cumulated[i] = total += entry.histogram[i]!;
      const ends = bounded(withZero(edgesOf(entry, cumulated, this.share)));
      const wide = tooNarrow(ends, numSteps) ? widened(ends, numSteps, isSymmetric, EPSILON) : ends;
      yield isSymmetric ? symmetricRange(wide, numSteps) : wide;
    }
  }
}
