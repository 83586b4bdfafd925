import { checkInteger, checkNumber } from '../arguments.js';
import { isInt, type DType } from '../dtype.js';
import { ArgumentError, DTypeError, IndexError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { numel, sameShape } from '../shape.js';
import { alloc, empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, computable } from './accumulate.js';
import { element, reshaped } from './along.js';
import { contiguous } from './conv.js';
import { cast } from './elementwise.js';
import { op, type Pair, type Single, type Triple } from './op.js';

/** Equal bins between two bounds; equal bounds stand for those of the elements. */
export interface Bins {
  readonly bins: number;
  readonly min: number;
  readonly max: number;
}

/** Smallest and largest element of a view that has some. */
function range(x: View): [number, number] {
  const [low, high] = [empty([], x.storage.dtype), empty([], x.storage.dtype)];
  kernels.extrema(x, low, high);
  return [element(low), element(high)];
}

/** The bounds as the kernel wants them: rounded to the dtype, those of the elements where equal, never of width 0. */
function bounds(x: View, { min, max }: Bins): [number, number] {
  const round = x.storage.dtype === 'float32' ? Math.fround : Number;
  const given: [number, number] = [round(min), round(max)];
  const [lo, hi] = given[0] === given[1] && x.layout.numel > 0 ? range(x) : given;
  return lo === hi ? [round(lo - 1), round(hi + 1)] : [lo, hi];
}

function checkBins(name: string, dtype: DType, bins: number): void {
  checkFloat(name, dtype);
  checkInteger(name, 'bins', bins, 1);
}

/** Counts of elements in equal bins, as `torch.histc`. */
export const histc = op<Single, Bins>({
  name: 'histc',
  forward: ([x], attrs) => {
    const { bins, min, max } = attrs;
    checkBins('histc', x.dtype, bins);
    checkNumber('histc', 'min', min);
    checkNumber('histc', 'max', max);
    const view = computable(x);
    const [lo, hi] = bounds(view, attrs);
    if (!Number.isFinite(lo) || !Number.isFinite(hi))
      throw new ArgumentError(`histc: the range [${lo}, ${hi}] is not finite. Pass min and max.`);
    if (lo > hi) throw new ArgumentError(`histc: max must not be smaller than min, got [${lo}, ${hi}].`);
    const { dtype } = view.storage;
    const [low, high] = [lo, hi].map((bound) => {
      const single = empty([1], dtype);
      kernels.fill(bound, single);
      return single;
    }) as [View, View];
    const out = empty([1, bins], dtype);
    kernels.histogram(reshaped(view, [1, x.numel]), low, high, false, out);
    return reshaped(out, [bins]);
  },
  backward: null,
});

/** Throws unless every range is finite and goes upwards. */
function checkRanges(lo: View, hi: View): void {
  if (lo.layout.numel === 0) return;
  const [ordered, all] = [empty(lo.layout.shape, 'bool'), empty([], 'bool')];
  kernels.compare('le', lo, hi, ordered);
  kernels.quantify('all', ordered, all);
  const [lowest, highest] = [range(lo)[0], range(hi)[1]];
  if (element(all) === 0 || !Number.isFinite(lowest) || !Number.isFinite(highest))
    throw new ArgumentError('histograms: every range must be finite and go from min up to max.');
}

/** How lines are counted. */
export interface LineBins {
  readonly bins: number;
  /** Whether elements outside a range count in its outer bins. */
  readonly clip: boolean;
}

/** Counts of the elements of each line of x in equal bins between bounds of its own: `[x, min, max] -> [..., bins]`. */
export const histograms = op<Triple, LineBins>({
  name: 'histograms',
  forward: ([x, min, max], { bins, clip }) => {
    checkBins('histograms', x.dtype, bins);
    if (x.ndim === 0) throw new ShapeError('histograms: x must have a dim of values, got shape []. Reshape it to [1].');
    const view = computable(x);
    const lines = x.shape.slice(0, -1);
    const rows = numel(lines);
    const { dtype } = view.storage;
    const [lo, hi] = [min, max].map((bound) => {
      const { storage, layout } = cast(bound, dtype);
      return reshaped(contiguous({ storage, layout: layout.broadcastTo(lines, 'histograms') }), [rows]);
    }) as [View, View];
    checkRanges(lo, hi);
    const out = empty([rows, bins], dtype);
    kernels.histogram(reshaped(view, [rows, x.shape.at(-1)!]), lo, hi, clip, out);
    return reshaped(out, [...lines, bins]);
  },
  backward: null,
});

/** How many bins a count has at least. */
export interface Counting {
  readonly minlength: number;
}

function binsOf(x: Tensor, { minlength }: Counting): number {
  if (!isInt(x.dtype)) throw new DTypeError(`bincount: wants an integer tensor, got ${x.dtype}.`);
  if (x.ndim !== 1)
    throw new ShapeError(`bincount: wants a vector, got shape ${shown(x.shape)}. Flatten it with reshape([-1]).`);
  checkInteger('bincount', 'minlength', minlength, 0);
  if (x.numel === 0) return minlength;
  const [smallest, largest] = range(x);
  if (smallest < 0) throw new IndexError(`bincount: wants non-negative integers, got ${smallest}.`);
  return Math.max(minlength, largest + 1);
}

/** How often each integer from 0 on occurs. */
export const bincount = op<Single, Counting>({
  name: 'bincount',
  forward: ([x], attrs) => {
    const out = alloc([binsOf(x, attrs)], 'int32');
    kernels.bincount(x, null, out);
    return out;
  },
  backward: null,
});

/** The sum of the weights of each integer from 0 on: float32 for float32 weights, else float64. */
export const weightedBincount = op<Pair, Counting>({
  name: 'bincount',
  forward: ([x, weights], attrs) => {
    const bins = binsOf(x, attrs);
    if (!sameShape(x.shape, weights.shape))
      throw new ShapeError(`bincount: weights have shape ${shown(weights.shape)}, the integers ${shown(x.shape)}.`);
    const dtype: DType = weights.dtype === 'float32' ? 'float32' : 'float64';
    const out = alloc([bins], dtype);
    kernels.bincount(x, cast(weights, dtype), out);
    return out;
  },
  backward: null,
});

/** Which side of equal elements a value goes to. */
export interface Side {
  readonly right: boolean;
}

/** Where values would be inserted in a sorted tensor: `[sorted, values] -> int32` of the shape of `values`. */
export const searchsorted = op<Pair, Side, View<'int32'>>({
  name: 'searchsorted',
  forward: ([sorted, values], { right }) => {
    const leading = sorted.shape.slice(0, -1);
    if (sorted.ndim === 0)
      throw new ShapeError('searchsorted: the sorted tensor needs at least one dim, got shape [].');
    if (sorted.ndim > 1 && !sameShape(leading, values.shape.slice(0, -1)))
      throw new ShapeError(
        `searchsorted: all dims but the last must agree, got sorted ${shown(sorted.shape)} and values ${shown(values.shape)}.`,
      );
    if (values.weak === null && values.dtype !== sorted.dtype)
      throw new DTypeError(
        `searchsorted: sorted is ${sorted.dtype} but the values are ${values.dtype}. Convert one of them.`,
      );
    const out = empty(values.shape, 'int32');
    const lines = numel(leading);
    const count = sorted.ndim === 1 ? values.numel : values.shape[values.ndim - 1]!;
    const of = (x: View, size: number): View => reshaped(computable(x), [lines, size]);
    if (values.numel > 0)
      kernels.searchsorted(of(sorted, sorted.shape[sorted.ndim - 1]!), of(values, count), right, of(out, count));
    return out;
  },
  backward: null,
});
