import { FormatError, type Shape } from '@q/tensor';
import { checkOptions, QuantizationError } from '../errors.js';
import type { Histogram } from '../observers/histogram.js';
import { rint } from '../rounding.js';
import { analyzerFields } from './analyzer.js';
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

/** Adding 1.5 * 2^52 and taking it away rounds half to even; a number too large for that has no fraction and stays about as large. */
const BIG = 6755399441055744;

/** Grids to try, as pairs of step size and offset in float32. */
interface Candidates {
  readonly deltas: Float32Array;
  readonly offsets: Float32Array;
}

/** The middles and counts of the bins that are not empty, outermost first: there a clipping grid fails soonest. */
class Bins {
  readonly middles: Float32Array;
  readonly counts: Float32Array;
  /** Whether no square of an error can overflow, so that the noise of a grid is a number and grows bin by bin. */
  readonly tame: boolean;

  constructor({ histogram, spread: { low, step }, binEdges }: Histogram) {
    const width = fround(binEdges[1]! - binEdges[0]!);
    const first = fround(low + fround(width / 2));
    const middles: number[] = [];
    const counts: number[] = [];
    const last = histogram.length - 1;
    const tame = Math.max(Math.abs(low), Math.abs(fround(low + fround(step * histogram.length)))) < 1e15;
    for (let k = 0; k <= last; k++) {
      const i = k % 2 === 0 ? k / 2 : last - (k - 1) / 2;
      if (tame && histogram[i] === 0) continue;
      middles.push(fround(first + fround(width * fround(i))));
      counts.push(histogram[i]!);
    }
    this.middles = Float32Array.from(middles);
    this.counts = Float32Array.from(counts);
    this.tame = tame;
  }

  /** Noise of a grid: squared errors of the middles, times counts, clipped ones times gamma. Stops early above `limit`. */
  noise(delta: number, offset: number, n: number, gamma: number, limit: number): number {
    const { middles, counts } = this;
    const [d, o, top, weight] = [fround(delta), fround(offset), fround(n), fround(gamma)];
    let sum = 0;
    let i = 0;
    while (i < middles.length) {
      for (const end = Math.min(i + 32, middles.length); i < end; i++) {
        const middle = middles[i]!;
        const t = fround(fround(middle / d) - o);
        const q = t + BIG - BIG;
        const clipped = q < 0 ? 0 : q > top ? top : q;
        const error = fround(fround(fround(clipped + o) * d) - middle);
        const term = fround(fround(error * error) * counts[i]!);
        sum += q === clipped ? term : fround(term * weight);
      }
      if (sum > limit) return sum;
    }
    return sum;
  }
}

/** The range whose grid leaves the best ratio of signal to quantization noise, searched among a set of candidates. */
export class SqnrEncodingAnalyzer extends HistogramEncodingAnalyzer {
  protected readonly settings: Required<SqnrOptions>;
  /** The class in JSON, which minifiers must not change. */
  protected readonly type: string = 'SqnrEncodingAnalyzer';

  /** @throws QuantizationError for options that are not positive numbers */
  constructor(shape: Shape | number, options: SqnrOptions = {}) {
    checkOptions('SqnrEncodingAnalyzer', options, sqnrOptions);
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
          `SqnrEncodingAnalyzer: ${name} must be an integer of at least 2, got ${settings[name]}.`,
        );
    if (!(settings.gamma > 0 && Number.isFinite(settings.gamma)))
      throw new QuantizationError(`SqnrEncodingAnalyzer: gamma must be a positive number, got ${settings.gamma}.`);
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
    const n = fround(numSteps);
    let best = 0;
    for (const entry of stats) {
      const min = Math.min(entry.min, 0);
      const max = Math.max(entry.max, 0, fround(min + fround(EPSILON * numSteps)));
      const candidates = isSymmetric ? this.symmetric(min, max, numSteps) : this.asymmetric(min, max, numSteps);
      best = this.best(new Bins(entry), candidates, n, best);
      const delta = candidates.deltas[best]!;
      const low = fround(candidates.offsets[best]! * delta);
      yield [low, fround(low + fround(n * delta))];
    }
  }

  /**
   * Index of the first candidate with the least noise; a noise that is no number is taken for the least, as torch's argmin
   * does. `guess` is tried first: the better it is, the sooner the others are given up.
   */
  private best(bins: Bins, { deltas, offsets }: Candidates, n: number, guess: number): number {
    const { gamma } = this.settings;
    let best = bins.tame ? guess : 0;
    let least = bins.tame ? bins.noise(deltas[guess]!, offsets[guess]!, n, gamma, Infinity) : Infinity;
    for (let i = 0; i < deltas.length; i++) {
      if (i > 0 && deltas[i] === deltas[i - 1] && offsets[i] === offsets[i - 1]) continue;
      const noise = bins.noise(deltas[i]!, offsets[i]!, n, gamma, bins.tame ? least : Infinity);
      if (noise !== noise) return i;
      if (noise < least || (noise === least && i < best)) {
        least = noise;
        best = i;
      }
    }
    return best;
  }

  private symmetric(min: number, max: number, numSteps: number): Candidates {
    const count = this.settings.symmetricDeltaCandidates;
    const widest = fround(fround(2 * Math.max(max, -min)) / fround(numSteps));
    const deltas = new Float32Array(count);
    for (let k = 1; k <= count; k++)
      deltas[k - 1] = Math.max(fround(fround(widest * fround(k)) / fround(count - 1)), EPSILON);
    return { deltas, offsets: new Float32Array(count).fill(Math.floor(-numSteps / 2)) };
  }

  private asymmetric(min: number, max: number, numSteps: number): Candidates {
    const n = fround(numSteps);
    const count = this.settings.asymmetricDeltaCandidates;
    const widest = fround(fround(max - min) / n);
    const observed = rint(fround(min / widest));
    const low = fround(widest * observed);
    const high = fround(low + fround(widest * n));
    const starts = this.offsetsOf(numSteps, observed);
    const deltas = new Float32Array(count * starts.length);
    const offsets = new Float32Array(deltas.length);
    for (let k = 1, i = 0; k <= count; k++) {
      const delta = fround(fround(widest * fround(k)) / fround(count - 1));
      for (const start of starts) {
        const from = Math.max(low, fround(delta * start));
        const to = Math.min(high, fround(fround(delta * start) + fround(delta * n)));
        const step = Math.max(fround(fround(to - from) / n), EPSILON);
        deltas[i] = step;
        offsets[i++] = rint(fround(from / step));
      }
    }
    return { deltas, offsets };
  }

  /** Offsets from -n to about 0 in equal steps, then the one of the observed range. */
  private offsetsOf(numSteps: number, observed: number): Float32Array {
    const count = Math.min(numSteps + 2, this.settings.offsetCandidates);
    const step = numSteps / (count - 2);
    const length = Math.ceil((step + numSteps) / step);
    return Float32Array.from([...Array.from({ length }, (_, i) => rint(fround(-numSteps + step * i))), observed]);
  }
}

/** Reads the JSON of an analyzer that searches as `SqnrEncodingAnalyzer` does. */
export function sqnrFromJSON<T extends SqnrEncodingAnalyzer>(
  type: string,
  json: unknown,
  make: (shape: Shape, options: Required<SqnrOptions>) => T,
): T {
  const { shape, fields } = analyzerFields(type, json);
  const number = (name: keyof SqnrOptions): number => {
    const value = fields[name];
    if (typeof value !== 'number') throw new FormatError(`${type}.fromJSON: ${name} must be a number.`);
    return value;
  };
  const analyzer = make(shape, {
    numBins: number('numBins'),
    asymmetricDeltaCandidates: number('asymmetricDeltaCandidates'),
    symmetricDeltaCandidates: number('symmetricDeltaCandidates'),
    offsetCandidates: number('offsetCandidates'),
    gamma: number('gamma'),
  });
  analyzer.restore(fields['stats']);
  return analyzer;
}
