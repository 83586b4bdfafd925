import { arange, cat, described, full, leastErrorGrid, scope, tensor, type Shape, type Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { checkKnownOptions } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import type { Histogram } from '../observers/histogram.js';
import { rint } from '../rounding.js';
import { analyzerFrom, settingsFrom } from './analyzer.js';
import { HistogramEncodingAnalyzer } from './histogram.js';
import { EPSILON, type Ends } from './range.js';

const { fround } = Math;

/** Options of `SqnrEncodingAnalyzer`. */
export interface SqnrOptions {
  /** Bins of the histograms; 2048 where left out. */
  readonly numBins?: number;
  /** Step sizes tried for an asymmetric grid; 17 where left out. */
  readonly asymmetricDeltaCandidates?: number;
  /** Step sizes tried for a symmetric grid; 101 where left out. */
  readonly symmetricDeltaCandidates?: number;
  /** Offsets tried for each step size of an asymmetric grid; 21 where left out. */
  readonly offsetCandidates?: number;
  /** Weight of the noise of clipped values against that of rounding; 3 where left out. */
  readonly gamma?: number;
}

/** The names of the options. */
export const sqnrOptions = [
  'numBins',
  'asymmetricDeltaCandidates',
  'symmetricDeltaCandidates',
  'offsetCandidates',
  'gamma',
] as const;

/** Histograms that are searched together, so that memory stays bounded however many channels there are. */
const TOGETHER = 256;

/** Step sizes and offsets of the grids to try, each `[entries, grids]`. */
interface Candidates {
  readonly deltas: Tensor;
  readonly offsets: Tensor;
}

/** A column with one number per histogram. */
const column = (stats: readonly Histogram[], of: (entry: Histogram) => number): Tensor =>
  tensor(Float32Array.from(stats, of), { shape: [stats.length, 1] });

/** 1 to `count` parts of `count - 1` of each number of a column. */
const fractions = (whole: Tensor, count: number): Tensor => whole.mul(arange(1, count + 1)).div(count - 1);

/** The range whose grid leaves the best ratio of signal to quantization noise, searched among a set of candidates. */
export class SqnrEncodingAnalyzer extends HistogramEncodingAnalyzer {
  /** The options, defaults included. */
  protected readonly settings: Required<SqnrOptions>;
  /** The class in JSON, which minifiers must not change. */
  protected readonly type: string = 'SqnrEncodingAnalyzer';

  /** @throws QuantizationError for options that are not positive numbers */
  constructor(shape: Shape | number, options: SqnrOptions = {}) {
    const { name: type } = new.target;
    checkKnownOptions(type, options, sqnrOptions);
    const settings = {
      numBins: 2048,
      asymmetricDeltaCandidates: 17,
      symmetricDeltaCandidates: 101,
      offsetCandidates: 21,
      gamma: 3,
      ...options,
    };
    for (const name of ['asymmetricDeltaCandidates', 'symmetricDeltaCandidates', 'offsetCandidates'] as const)
      if (!Number.isSafeInteger(settings[name]) || settings[name] < 2)
        throw new QuantizationError(
          `${type}: ${name} must be an integer of at least 2, got ${described(settings[name])}.`,
        );
    const { gamma } = settings;
    if (typeof gamma !== 'number' || !(fround(gamma) > 0 && fround(gamma) < Infinity))
      throw new QuantizationError(`${type}: gamma must be a positive float32, got ${described(gamma)}.`);
    super(shape, settings.numBins);
    this.settings = settings;
  }

  override fresh(): SqnrEncodingAnalyzer {
    return new SqnrEncodingAnalyzer(this.shape, this.settings);
  }

  override toJSON(): unknown {
    return { type: this.type, shape: this.shape, ...this.settings, stats: this.observer.toJSON() };
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static fromJSON(json: unknown): SqnrEncodingAnalyzer {
    return sqnrFromJSON('SqnrEncodingAnalyzer', json, (shape, options) => new SqnrEncodingAnalyzer(shape, options));
  }

  /** Takes over statistics that `toJSON` wrote. */
  restore(stats: unknown): void {
    this.observer.restore(stats);
  }

  protected override *rangesOf(stats: readonly Histogram[], numSteps: number, isSymmetric: boolean): Iterable<Ends> {
    for (let from = 0; from < stats.length; from += TOGETHER) {
      const some = stats.slice(from, from + TOGETHER);
      yield* scope(() => this.searched(some, numSteps, isSymmetric));
    }
  }

  /** The ranges of the grids whose noise is least: squared errors of the middles of the bins, times their counts. */
  private searched(stats: readonly Histogram[], numSteps: number, isSymmetric: boolean): Ends[] {
    const { numBins, settings } = this;
    const width = column(stats, (entry) => entry.edge(1) - entry.edge(0));
    const middles = width.mul(arange(numBins)).add(column(stats, (entry) => entry.edge(0)).add(width.div(2)));
    const counts = new Float32Array(stats.length * numBins);
    stats.forEach(({ histogram }, g) => counts.set(histogram, g * numBins));
    const min = column(stats, (entry) => Math.min(entry.min, 0));
    const max = column(stats, (entry) => Math.max(entry.max, 0)).maximum(min.add(fround(EPSILON * numSteps)));
    const { deltas, offsets } = isSymmetric ? this.symmetric(min, max, numSteps) : this.asymmetric(min, max, numSteps);
    const { indices } = leastErrorGrid(middles, deltas, offsets, 0, numSteps, {
      weights: tensor(counts, { shape: middles.shape }),
      clipWeight: settings.gamma,
    });
    const best = indices.unsqueeze(1);
    const delta = deltas.gather(1, best);
    const low = offsets.gather(1, best).mul(delta);
    const [lows, highs] = elementsOf(low, low.add(delta.mul(numSteps)));
    return Array.from(lows, (value, g) => [value, highs[g]!]);
  }

  private symmetric(min: Tensor, max: Tensor, numSteps: number): Candidates {
    const widest = max.maximum(min.neg()).mul(2).div(numSteps);
    const deltas = fractions(widest, this.settings.symmetricDeltaCandidates).maximum(EPSILON);
    return { deltas, offsets: full([1], Math.floor(-numSteps / 2)).expand(deltas.shape) };
  }

  private asymmetric(min: Tensor, max: Tensor, numSteps: number): Candidates {
    const widest = max.sub(min).div(numSteps);
    const observed = min.div(widest).round();
    const low = widest.mul(observed).unsqueeze(2);
    const high = low.add(widest.mul(numSteps).unsqueeze(2));
    const delta = fractions(widest, this.settings.asymmetricDeltaCandidates).unsqueeze(2);
    const offset = cat([this.offsetsOf(numSteps).expand([observed.shape[0]!, -1]), observed], 1).unsqueeze(1);
    const start = delta.mul(offset);
    const from = start.maximum(low);
    const to = start.add(delta.mul(numSteps)).minimum(high);
    const deltas = to.sub(from).div(numSteps).maximum(EPSILON);
    const pairs = { startDim: 1 };
    return { deltas: deltas.flatten(pairs), offsets: from.div(deltas).round().flatten(pairs) };
  }

  /** Offsets from -n to about 0 in equal steps. */
  private offsetsOf(numSteps: number): Tensor {
    const count = Math.min(numSteps + 2, this.settings.offsetCandidates);
    const step = numSteps / (count - 2);
    const length = Math.ceil((step + numSteps) / step);
    return tensor(Float32Array.from({ length }, (_, i) => rint(fround(-numSteps + step * i))));
  }
}

/** Reads the JSON of an analyzer that searches as `SqnrEncodingAnalyzer` does. */
export const sqnrFromJSON = <T extends SqnrEncodingAnalyzer>(
  type: string,
  json: unknown,
  make: (shape: Shape, options: Required<SqnrOptions>) => T,
): T =>
  analyzerFrom(
    type,
    json,
    (shape, fields) => make(shape, settingsFrom(type, fields, sqnrOptions)),
    (analyzer, stats) => analyzer.restore(stats),
  );
