import {
  ArgumentError,
  described,
  dtypes,
  FormatError,
  histograms,
  scope,
  ShapeError,
  shown,
  tensor,
  type Shape,
  type Tensor,
} from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import { QuantizationError } from '../errors.js';
import { rint } from '../rounding.js';
import { rowsOf } from './groups.js';
import { fieldsOf, numberOf, numbersOf } from './numbers.js';

const { fround, trunc, min: least, max: most } = Math;

/** A range of values. */
type Range = readonly [low: number, high: number];

/** Bins of equal width: the left end of the first, and the width. */
interface Spread {
  readonly low: number;
  readonly step: number;
}

/** The bins between two values, half a unit further on each side where these are equal. */
function spreadOf(min: number, max: number, bins: number): Spread {
  const even = min === max;
  const low = even ? fround(min - 0.5) : min;
  const high = even ? fround(max + 0.5) : max;
  const width = fround(high - low);
  // A range wider than the largest float32 still has bins, and one so narrow that float32 has no bin width, too.
  const step = fround((Number.isFinite(width) ? width : high - low) / fround(bins));
  return { low, step: step === 0 ? (high - low) / bins : step };
}

/** Edge `i` of `bins` bins, in float32 operations unless these overflow. */
function edgeOf({ low, step }: Spread, i: number, bins: number): number {
  const way = Number.isFinite(fround(bins * step)) ? fround(i * step) : i * step;
  return least(fround(low + way), dtypes.float32.max);
}

/** The first and the last edge of the bins between two values. */
function endsOf(min: number, max: number, bins: number): Range {
  const spread = spreadOf(min, max, bins);
  return [spread.low, edgeOf(spread, bins, bins)];
}

/**
 * How the finite values of one encoding entry are distributed between `min` and `max`; infinities count in the outer bins. Bins
 * are cut in float32, as torch cuts them; where that has no width for them, or none for the range, in double precision.
 */
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
    const { spread, histogram } = this;
    const edges = new Float32Array(histogram.length + 1);
    for (let i = 0; i < edges.length; i++) edges[i] = edgeOf(spread, i, histogram.length);
    return edges;
  }

  /** One of the bin edges. */
  edge(i: number): number {
    return edgeOf(this.spread, i, this.histogram.length);
  }

  /**
   * Left end of the first bin and width of the bins.
   *
   * @internal
   */
  get spread(): Spread {
    return spreadOf(this.min, this.max, this.histogram.length);
  }
}

/** Throws unless `stats` are histograms for the entries of a shape: ArgumentError for none, ShapeError for others. */
export function checkHistograms(
  operation: string,
  stats: unknown,
  shape: Shape,
  bins: number,
): asserts stats is readonly Histogram[] {
  // Unlike every(), find() does not skip the holes of an array.
  if (!Array.isArray(stats) || stats.findIndex((entry) => !(entry instanceof Histogram)) >= 0)
    throw new ArgumentError(`${operation}: wants the statistics of an analyzer, got ${described(stats)}.`);
  const entries = numel(shape);
  const sizes = (stats as readonly Histogram[]).map(({ histogram }) => histogram.length);
  if (sizes.length !== entries || sizes.some((size) => size !== bins))
    throw new ShapeError(
      `${operation}: wants ${entries} histograms of ${bins} bins for shape ${shown(shape)}, got ${sizes.length} of ${[...new Set(sizes)].join(', ') || 0}.`,
    );
}

/** Smallest and largest of the finite values of each row. Throws where a row has none. */
function finiteRanges(operation: string, rows: Tensor): Range[] {
  const ranges = (low: Tensor, high: Tensor): Range[] => {
    const [lows, highs] = elementsOf(low.amin(1), high.amax(1));
    return Array.from(lows, (value, row) => [value, highs[row]!]);
  };
  const all = ranges(rows, rows);
  if (all.flat().every(Number.isFinite)) return all;
  const finite = rows.isfinite();
  const some = ranges(rows.where(finite, Infinity), rows.where(finite, -Infinity));
  if (some.some(([low, high]) => low > high))
    throw new QuantizationError(
      `${operation}: an encoding entry saw only infinities and NaN. Remove such inputs from the calibration data, or observe with MinMaxEncodingAnalyzer.`,
    );
  return some;
}

/** The range that histc counts over: one without width grows by 1 on each side. */
const histcRange = ([from, to]: Range): Range => (from === to ? [fround(from - 1), fround(to + 1)] : [from, to]);

/** The bin in which `countsOf` counts a value. */
function binOf(value: number, range: Range, bins: number): number {
  const [from, to] = histcRange(range);
  const f = Number.isFinite(fround(to - from)) ? fround : Number;
  const place = trunc(f(f(f(value - from) / f(to - from)) * bins)) || 0;
  return most(0, least(place, bins - 1));
}

/**
 * Counts of the elements of each row in bins of equal width over a range, as torch 1.13's histc does: divides before it
 * multiplies, in float32. Values outside, infinities too, count in the outer bins; NaN counts nowhere.
 */
function countsOf(rows: Tensor, ranges: readonly Range[], bins: number): Float32Array[] {
  const counts: Float32Array[] = [];
  scope(() => {
    const [low, high] = ([0, 1] as const).map((end) =>
      tensor(Float32Array.from(ranges, (range) => histcRange(range)[end])),
    );
    const [all] = elementsOf(histograms(rows, bins, low!, high!, { clip: true }));
    for (let row = 0; row < ranges.length; row++)
      counts.push(new Float32Array(all.subarray(row * bins, (row + 1) * bins)));
  });
  return counts;
}

/** Statistics of one batch alone, per row. */
function histogramsOf(operation: string, rows: Tensor, bins: number): Histogram[] {
  const ranges = finiteRanges(operation, rows);
  const counts = countsOf(
    rows,
    ranges.map(([min, max]) => endsOf(min, max, bins)),
    bins,
  );
  return ranges.map(([min, max], row) => new Histogram(min, max, counts[row]!));
}

/** The counts of a histogram without width, whose values all equal `old.min`, in bins over a range. */
function movedPoint({ min, max, histogram }: Histogram, range: Range): Float64Array {
  const bins = histogram.length;
  const counts = new Float64Array(bins);
  const own = binOf(min, endsOf(min, max, bins), bins);
  const at = binOf(min, range, bins);
  histogram.forEach((n, bin) => (counts[bin === own || (bin > 0 && bin < bins - 1) ? at : bin]! += n));
  return counts;
}

/** The counts of a histogram in bins over a range that contains its own: each old bin is cut in two at most, at a bin end. */
function rebinned(old: Histogram, range: Range): Float32Array | Float64Array {
  const [low, high] = range;
  const counts = old.histogram;
  if (old.min === low && old.max === high) return counts;
  if (old.min === old.max) return movedPoint(old, range);
  const bins = counts.length;
  const into = new Float64Array(bins);
  const narrow = fround(fround(old.max - old.min) / bins);
  const wide = fround(fround(high - low) / bins);
  // A range so small or so large that float32 has no bin width for it: the same cut in double precision.
  const exact = narrow === 0 || wide === 0 || !Number.isFinite(wide);
  const f = exact ? Number : fround;
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
  return into;
}

const rangeOfBoth = (a: Histogram, b: Histogram): Range => [least(a.min, b.min), most(a.max, b.max)];

/** A histogram over a range, of counts that nobody else has and to which moved ones are added. */
function summed([low, high]: Range, counts: Float32Array, moved: ArrayLike<number>): Histogram {
  for (let i = 0; i < counts.length; i++) counts[i]! += fround(moved[i]!);
  return new Histogram(low, high, counts);
}

/** Histograms with the values of a batch, which are binned exactly; only the old counts are moved. */
function extended(before: readonly Histogram[], batch: readonly Histogram[], rows: Tensor): Histogram[] {
  const bins = before[0]!.histogram.length;
  const ranges = before.map((old, row) => rangeOfBoth(old, batch[row]!));
  const binned = before.map((old, row) => {
    const [low, high] = ranges[row]!;
    // Values that were all equal are counted anew with those of the batch, as if they were one batch.
    return old.min === old.max && low !== high ? endsOf(low, high, bins) : ranges[row]!;
  });
  const counts = countsOf(rows, binned, bins);
  return before.map((old, row) => summed(ranges[row]!, counts[row]!, rebinned(old, binned[row]!)));
}

/** Collects histograms of tensors, per encoding entry, in memory that does not grow with the tensors. */
export class HistogramObserver {
  private histograms: readonly Histogram[] | null = null;

  /**
   * @param name how messages call whoever observes
   * @throws QuantizationError unless `numBins` is a positive integer
   */
  constructor(
    readonly shape: Shape,
    readonly numBins: number,
    private readonly name = 'HistogramObserver',
  ) {
    if (!Number.isSafeInteger(numBins) || numBins < 1)
      throw new QuantizationError(`${name}: the number of bins must be a positive integer, got ${described(numBins)}.`);
  }

  /** Takes a tensor into account and returns the statistics of it alone. */
  observe(x: Tensor): readonly Histogram[] {
    const rows = rowsOf(this.name, x, this.shape);
    const batch = histogramsOf(this.name, rows, this.numBins);
    const before = this.histograms;
    this.histograms = before === null ? batch : extended(before, batch, rows);
    return batch;
  }

  /** Statistics of one tensor alone, one histogram per encoding entry in row-major order. */
  collect(x: Tensor): readonly Histogram[] {
    return histogramsOf(this.name, rowsOf(this.name, x, this.shape), this.numBins);
  }

  /** Takes statistics of other data into account. Bins move, so this is less exact than observing the data. */
  merge(stats: readonly Histogram[]): void {
    checkHistograms(`${this.name}.mergeStats`, stats, this.shape, this.numBins);
    const before = this.histograms;
    this.histograms =
      before === null
        ? [...stats]
        : before.map((old, g) => {
            const range = rangeOfBoth(old, stats[g]!);
            return summed(range, new Float32Array(rebinned(old, range)), rebinned(stats[g]!, range));
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
    const entries = numel(this.shape);
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
}
