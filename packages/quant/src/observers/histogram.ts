import { FormatError, ShapeError, shown, type Shape, type Tensor, type TypedArray } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { QuantizationError } from '../errors.js';
import { rint } from '../rounding.js';
import { rowsOf } from './groups.js';
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
    return Float32Array.from({ length: this.histogram.length + 1 }, (_, i) => this.edge(i));
  }

  /** One of the bin edges. */
  edge(i: number): number {
    const { low, step } = this.spread;
    // In float32 operations unless these overflow.
    return fround(low + (Number.isFinite(fround(this.histogram.length * step)) ? fround(i * step) : i * step));
  }

  /** The first and the last edge. */
  get ends(): readonly [number, number] {
    return [this.edge(0), this.edge(this.histogram.length)];
  }

  /** Left end of the first bin and width of the bins. */
  get spread(): { readonly low: number; readonly step: number } {
    const even = this.min === this.max;
    const low = even ? fround(this.min - 0.5) : this.min;
    const high = even ? fround(this.max + 0.5) : this.max;
    const width = fround(high - low);
    // A range wider than the largest float32 still has bins.
    return { low, step: fround((Number.isFinite(width) ? width : high - low) / fround(this.histogram.length)) };
  }
}

/** Finite range of values. Throws where there is none. */
function finiteRange(values: TypedArray): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high)
    throw new QuantizationError(
      'HistogramObserver: an encoding entry saw only infinities and NaN. Remove such inputs from the calibration data, or observe with MinMaxEncodingAnalyzer.',
    );
  return [low, high];
}

/** Elements from which a kernel counts faster than a loop, the call included. */
const MANY = 8192;

/** The elements of one row of a contiguous matrix, to be read before any operation runs. */
function valuesOf(rows: Tensor, row: number): TypedArray {
  const size = rows.shape[1]!;
  return elementsOf(rows)[0].subarray(row * size, (row + 1) * size);
}

/** The range that histc counts over: one without width grows by 1 on each side. */
function histcRange(low: number, high: number): readonly [number, number] {
  const [from, to] = [fround(low), fround(high)];
  return from === to ? [fround(from - 1), fround(to + 1)] : [from, to];
}

/** The bin of a value between `from` and `to`. */
function binOf(value: number, from: number, to: number, bins: number): number {
  const width = fround(to - from);
  const wide = !Number.isFinite(width);
  const share = wide ? (value - from) / (to - from) : fround(fround(value - from) / width);
  // A range too narrow for its bins to differ divides by zero.
  return least(trunc(wide ? share * bins : fround(share * bins)) || 0, bins - 1);
}

/**
 * Counts the elements of a row into bins of equal width between `low` and `high`, as torch 1.13's histc does: divides before
 * it multiplies, in float32. Values outside, infinities too, count in the outer bins; NaN counts nowhere.
 */
function count(rows: Tensor, row: number, low: number, high: number, bins: number): Float64Array {
  const counts = new Float64Array(bins);
  const [from, to] = histcRange(low, high);
  const width = fround(to - from);
  const size = rows.shape[1]!;
  if (size >= MANY && width > 0 && Number.isFinite(width)) {
    const [inside] = elementsOf(rows.select(0, row).histc(bins, { min: from, max: to }));
    counts.set(inside);
    if (counts.reduce((sum, n) => sum + n, 0) < size) countOutside(valuesOf(rows, row), from, to, counts);
    return counts;
  }
  const values = valuesOf(rows, row);
  // A range that float32 cannot measure is measured in float64.
  const wide = !Number.isFinite(width);
  const last = bins - 1;
  let outside = 0;
  for (let i = 0; i < size; i++) {
    const value = values[i]!;
    if (value >= from && value <= to) {
      const place = wide
        ? ((value - from) / (to - from)) * bins
        : fround(fround(fround(value - from) / width) * fround(bins));
      // A range too narrow for its bins to differ divides by zero: NaN counts in bin 0.
      const bin = place | 0;
      counts[bin > last ? last : bin]!++;
    } else outside++;
  }
  if (outside > 0) countOutside(values, from, to, counts);
  return counts;
}

/** Adds values below and above a range to the outer bins. */
function countOutside(values: TypedArray, from: number, to: number, counts: Float64Array): void {
  let below = 0;
  let above = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < from) below++;
    if (values[i]! > to) above++;
  }
  counts[0]! += below;
  counts[counts.length - 1]! += above;
}

/** Statistics of one batch alone, per row. */
function histogramsOf(rows: Tensor, bins: number): Histogram[] {
  const [lows, highs] = elementsOf(rows.amin(1), rows.amax(1)).map((ends) => Float32Array.from(ends)) as [
    Float32Array,
    Float32Array,
  ];
  lows.forEach((low, row) => {
    if (!Number.isFinite(low) || !Number.isFinite(highs[row]!))
      [lows[row], highs[row]] = finiteRange(valuesOf(rows, row));
  });
  return Array.from(lows, (low, row) => {
    const empty = new Histogram(low, highs[row]!, new Float32Array(bins));
    empty.histogram.set(count(rows, row, ...empty.ends, bins));
    return empty;
  });
}

/** Adds the counts of a histogram without width, whose values all equal `old.min`, to bins over `[low, high]`. */
function movePoint(old: Histogram, low: number, high: number, into: Float64Array): void {
  const bins = into.length;
  const own = binOf(old.min, ...histcRange(...old.ends), bins);
  const at = binOf(old.min, low, high, bins);
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
  const exact = narrow === 0 || wide === 0 || !Number.isFinite(wide);
  const f = exact ? (x: number): number => x : fround;
  const sw = exact ? (old.max - old.min) / bins : narrow;
  const dw = exact ? (high - low) / bins : wide;
  for (let i = 0; i < bins; i++) {
    const n = counts[i]!;
    if (n === 0) continue;
    const start = f(old.min + f(sw * i));
    const bin = least(trunc(f(f(start - low) / dw)), bins - 1);
    const end = f(low + f(dw * (bin + 1)));
    const part = most(least(rint(f(f(f(end - start) / sw) * n)), n), 0);
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
    const rows = rowsOf('HistogramObserver', x, this.shape);
    const batch = histogramsOf(rows, this.numBins);
    const before = this.histograms;
    this.histograms = before === null ? batch : before.map((old, row) => this.extended(old, batch[row]!, rows, row));
    return batch;
  }

  /** Statistics of one tensor alone, one histogram per encoding entry in row-major order. */
  collect(x: Tensor): readonly Histogram[] {
    return histogramsOf(rowsOf('HistogramObserver', x, this.shape), this.numBins);
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

  /** `old` with the values of a batch, which are binned exactly; only the old counts are moved. */
  private extended(old: Histogram, batch: Histogram, rows: Tensor, row: number): Histogram {
    const [low, high] = [least(old.min, batch.min), most(old.max, batch.max)];
    const grown = new Histogram(low, high, new Float32Array(this.numBins));
    const moved = new Float64Array(this.numBins);
    // Values that were all equal are counted anew with those of the batch, as if they were one batch.
    const anew = old.min === old.max && low !== high;
    const [from, to] = anew ? grown.ends : [low, high];
    if (anew) movePoint(old, from, to, moved);
    else rebin(old, low, high, moved);
    count(rows, row, from, to, this.numBins).forEach((n, i) => (grown.histogram[i] = fround(n) + fround(moved[i]!)));
    return grown;
  }
}
