import { FormatError, ShapeError, shown, type Shape, type Tensor } from '@q/tensor';
import { QuantizationError } from '../errors.js';
import { rint } from '../rounding.js';
import { groupsOf, type Groups } from './groups.js';
import { fieldsOf, numberOf, numbersOf } from './numbers.js';

const { fround, trunc, min: least, max: most } = Math;

/** How the finite values of one encoding entry are distributed between `min` and `max`; infinities count in the outer bins. */
export class Histogram {
  constructor(
    /** Smallest finite value. */
    readonly min: number,
    /** Largest finite value. */
    readonly max: number,
    /** Number of values per bin. */
    readonly histogram: Float32Array,
  ) {}

  /** The ends of the bins, one more than bins, from `min` to `max` (half a unit further on each side where these are equal). */
  get binEdges(): Float32Array {
    const bins = this.histogram.length;
    const { low, step } = this.spread;
    const edges = new Float32Array(bins + 1);
    for (let i = 0; i <= bins; i++) edges[i] = fround(fround(fround(i) * step) + low);
    return edges;
  }

  /** Left end of the first bin and width of the bins. */
  get spread(): { readonly low: number; readonly step: number } {
    const even = this.min === this.max;
    const low = even ? fround(this.min - 0.5) : this.min;
    const high = even ? fround(this.max + 0.5) : this.max;
    return { low, step: fround(fround(high - low) / fround(this.histogram.length)) };
  }
}

/** Finite range of `values[start ... end]`. Throws where there is none. */
function finiteRange(values: Float32Array, start: number, end: number): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  if (low > high || !Number.isFinite(low) || !Number.isFinite(high)) {
    low = Infinity;
    high = -Infinity;
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high)
    throw new QuantizationError(
      'HistogramObserver: an encoding entry saw only infinities and NaN. Remove such inputs from the calibration data, or observe with MinMaxEncodingAnalyzer.',
    );
  return [low, high];
}

/**
 * Counts `values[start ... end]` into bins of equal width between `low` and `high`, as torch 1.13's histc does: divides
 * before it multiplies. Values outside, infinities too, count in the outer bins; NaN counts nowhere.
 */
function count(values: Float32Array, start: number, end: number, low: number, high: number, counts: Uint32Array): void {
  const bins = fround(counts.length);
  const last = counts.length - 1;
  const from = fround(low);
  const to = fround(high);
  const width = fround(to - from);
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    if (value < from) counts[0]!++;
    else if (value > to) counts[last]!++;
    else if (value === value) {
      const bin = fround(fround(fround(value - from) / width) * bins) | 0;
      counts[bin > last ? last : bin]!++;
    }
  }
}

/** Statistics of one batch alone, for one encoding entry. */
function histogramOf({ values, size }: Groups, group: number, bins: number): Histogram {
  const start = group * size;
  const [low, high] = finiteRange(values, start, start + size);
  const empty = new Histogram(low, high, new Float32Array(bins));
  const { low: first, step } = empty.spread;
  const counts = new Uint32Array(bins);
  count(values, start, start + size, first, fround(fround(fround(bins) * step) + first), counts);
  empty.histogram.set(counts);
  return empty;
}

/** Adds the counts of a histogram without width, whose values all equal `old.min`, to bins over `[low, high]`. */
function movePoint(old: Histogram, low: number, high: number, into: Float64Array): void {
  const bins = into.length;
  const own = least(trunc(fround(fround(0.5) * bins)), bins - 1);
  const at = least(trunc(fround(fround(fround(old.min - low) / fround(high - low)) * bins)), bins - 1);
  old.histogram.forEach((n, bin) => (into[bin === own || (bin > 0 && bin < bins - 1) ? at : bin]! += n));
}

/** Adds the counts of `old` to bins over `[low, high]`, a range that contains it: each old bin is cut in two at most, at a bin end. */
function rebin(old: Histogram, low: number, high: number, into: Float64Array): void {
  const bins = into.length;
  const counts = old.histogram;
  if (old.min === low && old.max === high) {
    for (let i = 0; i < bins; i++) into[i]! += counts[i]!;
    return;
  }
  if (old.min === old.max) return movePoint(old, low, high, into);
  const narrow = fround(fround(old.max - old.min) / bins);
  const wide = fround(fround(high - low) / bins);
  // A range so small or so large that float32 has no bin width for it: the same cut in double precision.
  const exact = narrow === 0 || wide === 0 || !Number.isFinite(wide) || fround(1 / wide) === Infinity;
  const f = exact ? (x: number): number => x : fround;
  const sw = exact ? (old.max - old.min) / bins : narrow;
  const dw = exact ? (high - low) / bins : wide;
  for (let i = 0; i < bins; i++) {
    const n = counts[i]!;
    if (n === 0) continue;
    const start = f(old.min + f(sw * i));
    const bin = least(trunc(f(f(start - low) / dw)), bins - 1);
    const end = f(low + f(dw * (bin + 1)));
    const part = least(rint(f(f(f(end - start) / sw) * n)), n);
    into[bin]! += part;
    if (part < n) into[most(least(trunc(f(f(f(start + dw) - low) / dw)), bins - 1), 0)]! += n - part;
  }
}

/** Collects histograms of tensors, per encoding entry, in memory that does not grow with the tensors. */
export class HistogramObserver {
  private histograms: readonly Histogram[] | null = null;

  /** @throws QuantizationError unless `numBins` is a positive integer */
  constructor(
    readonly shape: Shape,
    readonly numBins: number,
  ) {
    if (!Number.isSafeInteger(numBins) || numBins < 1)
      throw new QuantizationError(`HistogramObserver: the number of bins must be a positive integer, got ${numBins}.`);
  }

  /** Takes a tensor into account and returns the statistics of it alone. */
  observe(x: Tensor): readonly Histogram[] {
    const groups = groupsOf('HistogramObserver', x, this.shape);
    const batch = this.histogramsOf(groups);
    const before = this.histograms;
    this.histograms = before === null ? batch : before.map((old, g) => this.extended(old, batch[g]!, groups, g));
    return batch;
  }

  /** Statistics of one tensor alone, one histogram per encoding entry in row-major order. */
  collect(x: Tensor): readonly Histogram[] {
    return this.histogramsOf(groupsOf('HistogramObserver', x, this.shape));
  }

  /** Takes statistics of other data into account. Bins move, so this is less exact than observing the data. */
  merge(stats: readonly Histogram[]): void {
    const entries = this.shape.reduce((product, size) => product * size, 1);
    if (stats.length !== entries || stats.some(({ histogram }) => histogram.length !== this.numBins))
      throw new ShapeError(
        `HistogramObserver.merge: wants ${entries} histograms of ${this.numBins} bins for shape ${shown(this.shape)}, got ${stats.length} of ${stats[0]?.histogram.length ?? 0}.`,
      );
    const before = this.histograms;
    this.histograms =
      before === null
        ? [...stats]
        : before.map((old, g) => {
            const [low, high] = [least(old.min, stats[g]!.min), most(old.max, stats[g]!.max)];
            const counts = new Float64Array(this.numBins);
            rebin(old, low, high, counts);
            rebin(stats[g]!, low, high, counts);
            return new Histogram(low, high, Float32Array.from(counts));
          });
  }

  /** The histograms of everything seen so far, or null. */
  get stats(): readonly Histogram[] | null {
    return this.histograms;
  }

  /** Forgets everything. */
  reset(): void {
    this.histograms = null;
  }

  /** The statistics as JSON can hold them. */
  toJSON(): unknown {
    return this.histograms?.map(({ min, max, histogram }) => ({ min, max, histogram: Array.from(histogram) })) ?? null;
  }

  /** Replaces the statistics by those that `toJSON` wrote. Throws FormatError for anything else and changes nothing then. */
  restore(json: unknown): void {
    if (json === null) return this.reset();
    const entries = this.shape.reduce((product, size) => product * size, 1);
    if (!Array.isArray(json) || json.length !== entries)
      throw new FormatError(`statistics: wants ${entries} histograms.`);
    this.histograms = json.map((entry: unknown, g) => {
      const fields = fieldsOf(`statistics[${g}]`, entry);
      const low = fround(numberOf(`statistics[${g}].min`, fields['min']));
      const high = fround(numberOf(`statistics[${g}].max`, fields['max']));
      const counts = numbersOf(`statistics[${g}].histogram`, fields['histogram'], this.numBins);
      if (
        !(Number.isFinite(low) && Number.isFinite(high) && low <= high) ||
        counts.some((n) => !(n >= 0 && Number.isFinite(n)))
      )
        throw new FormatError(`statistics[${g}]: wants finite min <= max and counts that are finite and not negative.`);
      return new Histogram(low, high, counts);
    });
  }

  private histogramsOf(groups: Groups): Histogram[] {
    return Array.from({ length: groups.count }, (_, g) => histogramOf(groups, g, this.numBins));
  }

  /** `old` with the values of a batch, which are binned exactly; only the old counts are moved. */
  private extended(old: Histogram, batch: Histogram, { values, size }: Groups, group: number): Histogram {
    const [low, high] = [least(old.min, batch.min), most(old.max, batch.max)];
    const moved = new Float64Array(this.numBins);
    rebin(old, low, high, moved);
    const counts = new Uint32Array(this.numBins);
    const even = low === high;
    count(values, group * size, (group + 1) * size, even ? low - 1 : low, even ? high + 1 : high, counts);
    const sum = new Float32Array(this.numBins);
    for (let i = 0; i < sum.length; i++) sum[i] = fround(counts[i]!) + fround(moved[i]!);
    return new Histogram(low, high, sum);
  }
}
