/** Observers of `torch.ao.quantization`: the statistics come from the analyzers, the scale and zero point by torch's rule. */
import type { Tensor } from '@q/tensor';
import { isTensorRecord, tensorFrom, type Fields } from '../../../tensor/test/golden/format.js';
import { firstDifference, toleranceAt, type Result } from '../../../tensor/test/golden/compare.js';
import { callMethod, exportedClass, property } from '../../../tensor/test/golden/library.js';
import { LeftOut, Mismatch, NotBuilt, same } from '../../../tensor/test/golden/runner.js';
import { topicOf } from './affine.js';
import { exportsOfQuant, numbersOf, record } from './quantizers.js';

const { fround } = Math;

/** torch's lower bound of a scale. */
const EPS = 2 ** -23;

/** Half to even. */
const rint = (x: number): number => {
  const low = Math.floor(x);
  return x - low === 0.5 ? 2 * Math.round(low / 2) : Math.round(x);
};

interface Grid {
  readonly qmin: number;
  readonly qmax: number;
  readonly symmetric: boolean;
  /** Zero point of a symmetric grid. */
  readonly middle: number;
}

/** The grid of an observer's `dtype`, `qscheme`, `reduce_range`, `quant_min` and `quant_max`. */
function gridOf(options: Fields): Grid {
  const unsigned = options.dtype !== 'torch.qint8';
  const size = options.reduce_range === true ? 128 : 256;
  const own = typeof options.quant_min === 'number' && typeof options.quant_max === 'number';
  const qmin = own ? Number(options.quant_min) : unsigned ? 0 : -size / 2;
  const qmax = own ? Number(options.quant_max) : qmin + size - 1;
  const middle = !unsigned ? 0 : own ? Math.floor((qmin + qmax) / 2) : 128;
  return { qmin, qmax, symmetric: String(options.qscheme).endsWith('symmetric'), middle };
}

/** Scale and zero point of one range, as `calculate_qparams` does. */
function parametersOf(low: number, high: number, { qmin, qmax, symmetric, middle }: Grid): readonly [number, number] {
  const [below, above] = [Math.min(low, 0), Math.max(high, 0)];
  if (symmetric) return [Math.max(fround(Math.max(-below, above) / ((qmax - qmin) / 2)), EPS), middle];
  const scale = Math.max(fround(fround(above - below) / (qmax - qmin)), EPS);
  return [scale, Math.min(Math.max(qmin - rint(fround(below / scale)), qmin), qmax)];
}

/** Squared error of values spread evenly within the bins of a histogram, where bins `start` to `end` become `levels` steps. */
function searchError(counts: readonly number[], width: number, start: number, end: number, levels: number): number {
  const step = (width * (end - start + 1)) / levels;
  if (step === 0) return 0;
  const levelAt = (x: number): number => Math.min(Math.max(Math.floor(x / step), 0), levels - 1);
  const cubes = (from: number, to: number): number => (to ** 3 - from ** 3) / 3;
  return counts.reduce((sum, count, bin) => {
    const [from, to] = [(bin - start) * width, (bin - start + 1) * width];
    const [first, last] = [levelAt(from), levelAt(to)];
    const norm =
      cubes(from - (first + 0.5) * step, step / 2) +
      (last - first - 1) * cubes(-step / 2, step / 2) +
      cubes(-step / 2, to - (last + 0.5) * step);
    return sum + (count / width) * norm;
  }, 0);
}

/**
 * The bins that torch's HistogramObserver keeps: outer ones go, the emptier side first, while the error falls. It counts
 * between the whole parts of `min` and `max`, and takes the counts for those between `min` and `max`.
 */
function searchedRange(x: Tensor, min: number, max: number, bins: number, levels: number): readonly [number, number] {
  const counts = numbersOf(x.histc(bins, { min: Math.trunc(min), max: Math.trunc(max) }));
  const width = (max - min) / counts.length;
  let total = 0;
  const cumulated = counts.map((count) => (total += count));
  let [alpha, beta, start, end, least] = [0, 1, 0, counts.length - 1, Infinity];
  while (alpha < beta) {
    const [lower, upper] = [alpha + 1e-5, beta - 1e-5];
    let [l, r] = [start, end];
    while (l < end && cumulated[l]! < fround(lower * total)) l++;
    while (r > start && cumulated[r]! > fround(upper * total)) r--;
    const left = l - start > end - r;
    if (left) alpha = lower;
    else beta = upper;
    const [nextStart, nextEnd] = left ? [l, end] : [start, r];
    if (nextStart === start && nextEnd === end) continue;
    const error = searchError(counts, width, nextStart, nextEnd, levels);
    if (error > least) break;
    [least, start, end] = [error, nextStart, nextEnd];
  }
  return [min + width * start, min + width * (end + 1)];
}

const result = (shape: readonly number[], dtype: string, values: readonly number[]): Result => ({
  shape,
  dtype,
  values: values.map((value) => (dtype === 'float32' ? fround(value) : value)),
});

/** The analyzer that stands for an observer. */
function analyzerOf(observer: string, options: Fields, ndim: number, channels: readonly number[]): object {
  const perChannel = observer.includes('PerChannel');
  const axis = Number(options.ch_axis ?? 0);
  const shape = perChannel ? Array.from({ length: ndim }, (_, d) => (d === axis ? channels[d] : 1)) : [];
  const construct = (name: string, ...rest: readonly unknown[]): object =>
    new (exportedClass(exportsOfQuant, name))(shape, ...rest);
  switch (observer) {
    case 'MinMaxObserver':
    case 'PerChannelMinMaxObserver':
      return construct('MinMaxEncodingAnalyzer');
    case 'MovingAverageMinMaxObserver':
    case 'MovingAveragePerChannelMinMaxObserver':
      return construct('MovingAverageMinMaxEncodingAnalyzer', {
        averagingConstant: options.averaging_constant ?? 0.01,
      });
    case 'HistogramObserver':
      return construct('PercentileEncodingAnalyzer', { numBins: options.bins ?? 2048 });
    default:
      throw new NotBuilt(observer);
  }
}

/** The one batch of a histogram: torch merges several by another rule than the analyzers here. */
function only(batches: readonly Tensor[]): Tensor {
  const [batch, another] = batches;
  if (batch === undefined || another !== undefined)
    throw new LeftOut('by design: histograms of several batches merge as in AIMET');
  return batch;
}

/** observers */
export const observers = topicOf(
  (golden) => String(golden.observer),
  (golden) => {
    const [options, expected] = [record(golden.options), record(golden.expected)];
    const batches = Object.values(record(golden.inputs))
      .filter(isTensorRecord)
      .map((batch) => tensorFrom(batch));
    const [first] = batches;
    if (first === undefined) throw new Mismatch('no batches');
    const analyzer = analyzerOf(String(golden.observer), options, first.ndim, first.shape);
    for (const batch of batches) callMethod(analyzer, 'updateStats', [batch]);

    const grid = gridOf(options);
    const stats = callMethod(analyzer, 'getStats', []);
    const found = Array.isArray(stats) ? (stats[0] as object) : record(stats);
    const [lows, highs] = [numbersOf(property(found, 'min')), numbersOf(property(found, 'max'))];
    if (lows.length !== highs.length) throw new Mismatch(`${lows.length} minima, ${highs.length} maxima`);
    const ranges = lows.map((low, g) => [low, highs[g]!] as const);
    const ends = Array.isArray(stats)
      ? ranges.map(([low, high]) => searchedRange(only(batches), low, high, Number(options.bins ?? 2048), 256))
      : ranges;
    const parameters = ends.map(([low, high]) => parametersOf(low, high, grid));

    const compare = (name: string, actual: Result): void => {
      const wanted = expected[name];
      if (!isTensorRecord(wanted)) return;
      same(name, firstDifference({ ...actual, shape: wanted.shape }, wanted, toleranceAt(golden.tol, name)));
    };
    const channels = [parameters.length];
    compare(
      'scale',
      result(
        channels,
        'float32',
        parameters.map(([scale]) => scale),
      ),
    );
    compare(
      'zero_point',
      result(
        channels,
        'int32',
        parameters.map(([, zeroPoint]) => zeroPoint),
      ),
    );
    compare('min_val', result(channels, 'float32', lows));
    compare('max_val', result(channels, 'float32', highs));
  },
);
