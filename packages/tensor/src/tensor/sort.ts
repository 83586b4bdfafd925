import { checkChoice, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, ShapeError } from '../errors.js';
import * as histogram from '../ops/histogram.js';
import { cat } from '../ops/join.js';
import { quantiles, type Interpolation } from '../ops/quantile.js';
import * as ops from '../ops/sort.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { oneDim, paired, type ValuesAndIndices } from './extrema.js';
import { operand } from './operand.js';
import type { ReduceOptions } from './reduce.js';
import { ScanMethods } from './scan.js';

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** Largest first; default false. */
  readonly descending?: boolean;
  /** Sorting here is always stable; accepted as PyTorch does. */
  readonly stable?: boolean;
}

/** Options of `topk`. */
export interface TopkOptions {
  /** Default: the last dim. */
  readonly dim?: number;
  /** The largest (default) or the smallest. */
  readonly largest?: boolean;
  /** The result is always in order; accepted as PyTorch does. */
  readonly sorted?: boolean;
}

/** Options of `kthvalue` and others along a dim. */
export interface AlongOptions extends ReduceOptions {
  /** Default: the last dim. */
  readonly dim?: number;
}

/** Options of `quantile`. */
export interface QuantileOptions extends ReduceOptions {
  /** Default: all elements. */
  readonly dim?: number | null;
  /** What lies between two elements; default 'linear'. */
  readonly interpolation?: Interpolation;
}

/** Options of `unique`. */
export interface UniqueOptions {
  /** The result is always sorted; accepted as PyTorch does. */
  readonly sorted?: boolean;
  /** Also return where each element went. Default: false. */
  readonly returnInverse?: boolean;
  /** Also return how often each element occurs. Default: false. */
  readonly returnCounts?: boolean;
  /** Compare the slices along this dim; default: the elements. */
  readonly dim?: number | null;
}

/** What `unique` found beside the values. */
export interface Unique {
  /** The different elements, in order. */
  readonly values: Tensor;
  /** For each element (or slice) of the input the position of its value, int32. */
  readonly inverse?: Tensor<'int32'>;
  /** How often each value occurs, int32. */
  readonly counts?: Tensor<'int32'>;
}

/** Options of `searchsorted` and `bucketize`. */
export interface SearchOptions {
  /** Behind equal elements instead of before them; default false. */
  readonly right?: boolean;
  /** 'right' is `right: true`. */
  readonly side?: 'left' | 'right';
  /** Indices are int32 always; accepted as PyTorch does. */
  readonly outInt32?: boolean;
}

function side(operation: string, options: SearchOptions): histogram.Side {
  const { right, side: named = right ? 'right' : 'left' } = optionsOf(operation, options, [
    'right',
    'side',
    'outInt32',
  ]);
  checkChoice(operation, 'side', named, ['left', 'right'] as const);
  if (right && named === 'left')
    throw new ArgumentError(`${operation}: right: true and side: 'left' contradict each other.`);
  return { right: named === 'right' };
}

/** Order, ranks and counts. NaN is larger than everything. */
export abstract class SortMethods<D extends DType = DType> extends ScanMethods<D> {
  /** The elements in order along `dim` (default the last) and where they were. Stable. */
  sort(this: Tensor, dim = -1, options: SortOptions = {}): ValuesAndIndices {
    const { descending = false } = optionsOf('sort', options, ['descending', 'stable']);
    return paired(apply(ops.sort, [this], { dim: wrapDim('sort', dim, this.ndim), descending }));
  }

  /** The positions that sort along `dim`, int32. Stable. */
  argsort(this: Tensor, dim = -1, options: SortOptions = {}): Tensor<'int32'> {
    return this.detach().sort(dim, options).indices;
  }

  /** The `k` largest (or smallest) elements along a dim in order, and where they were. */
  topk(this: Tensor, k: number, options: TopkOptions = {}): ValuesAndIndices {
    const { dim = -1, largest = true } = optionsOf('topk', options, ['dim', 'largest', 'sorted']);
    return paired(apply(ops.sort, [this], { dim: wrapDim('topk', dim, this.ndim), descending: largest, count: k }));
  }

  /** The `k`-th smallest element (from 1) along a dim and where it is. */
  kthvalue(this: Tensor, k: number, options: AlongOptions = {}): ValuesAndIndices {
    const { dim = -1, keepdim = false } = optionsOf('kthvalue', options, ['dim', 'keepdim']);
    return paired(apply(ops.kthvalue, [this], { ...oneDim('kthvalue', dim, this.ndim, keepdim), k }));
  }

  /** The lower median of all elements, or along `dim` with its position; NaN where there is one. */
  median(this: Tensor): Tensor;
  median(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  median(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
    const { keepdim = false } = optionsOf('median', options, ['keepdim']);
    if (dim === undefined || dim === null) return apply(ops.median, [this], { skipNaN: false });
    return paired(apply(ops.medianAlong, [this], { ...oneDim('median', dim, this.ndim, keepdim), skipNaN: false }));
  }

  /** As `median`, leaving NaN out. */
  nanmedian(this: Tensor): Tensor;
  nanmedian(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  nanmedian(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
    const { keepdim = false } = optionsOf('nanmedian', options, ['keepdim']);
    if (dim === undefined || dim === null) return apply(ops.median, [this], { skipNaN: true });
    return paired(apply(ops.medianAlong, [this], { ...oneDim('nanmedian', dim, this.ndim, keepdim), skipNaN: true }));
  }

  /** The most frequent element along `dim` (default the last), the smallest of several, and its last position. */
  mode(this: Tensor, dim = -1, options: ReduceOptions = {}): ValuesAndIndices {
    const { keepdim = false } = optionsOf('mode', options, ['keepdim']);
    return paired(apply(ops.mode, [this], oneDim('mode', dim, this.ndim, keepdim)));
  }

  /**
   * The `q`-quantiles (0 to 1) along a dim or of all elements; several q (a vector) come as a new first dim.
   *
   * @throws ArgumentError for q outside [0, 1], DTypeError for integers, ShapeError for nothing
   */
  quantile(this: Tensor, q: number | Tensor, options: QuantileOptions = {}): Tensor {
    const {
      dim,
      keepdim = false,
      interpolation = 'linear',
    } = optionsOf('quantile', options, ['dim', 'interpolation', 'keepdim']);
    const overall = dim === undefined || dim === null;
    const d = wrapDim('quantile', overall ? 0 : dim, overall ? 1 : this.ndim);
    if (typeof q !== 'number') checkTensor('quantile', 'q', q);
    if (typeof q !== 'number' && q.ndim > 1)
      throw new ShapeError(`quantile: q is a number or a vector, got rank ${q.ndim}.`);
    const qs = typeof q === 'number' ? [q] : Array.from(q.to('float64').data);
    const found = quantiles(overall ? this.reshape([-1]) : this, qs, d, interpolation).map((value) => {
      if (!keepdim) return value;
      return value.reshape(this.shape.map((size, k) => (overall || k === d ? 1 : size)));
    });
    if (qs.length === 0) return this.quantile(0.5, options).unsqueeze(0).narrow(0, 0, 0);
    return typeof q === 'number' || q.ndim === 0
      ? found[0]!
      : apply(
          cat,
          found.map((value) => value.unsqueeze(0)),
          0,
        );
  }

  /** The distinct elements in order as a vector; with `dim`, the distinct slices along it. NaN equals nothing. */
  unique(
    this: Tensor,
    options?: UniqueOptions & { readonly returnInverse?: false; readonly returnCounts?: false },
  ): Tensor;
  unique(this: Tensor, options: UniqueOptions): Unique;
  unique(this: Tensor, options: UniqueOptions = {}): Tensor | Unique {
    const {
      returnInverse = false,
      returnCounts = false,
      dim,
    } = optionsOf('unique', options, ['sorted', 'returnInverse', 'returnCounts', 'dim']);
    const whole = dim === undefined || dim === null;
    const base = whole ? this.detach().reshape([this.numel]) : this.detach();
    const d = whole ? 0 : wrapDim('unique', dim, this.ndim);
    const size = base.shape[d] ?? 1;
    const rows = (base.ndim > 1 ? base.transpose(0, d) : base).reshape([size, size === 0 ? 1 : base.numel / size]);
    const [first, counts, inverse] = apply(ops.unique, [rows], undefined);
    const values = base.indexSelect(d, first);
    if (!returnInverse && !returnCounts) return values;
    return {
      values,
      ...(returnInverse && { inverse: whole ? inverse.reshape(this.shape) : inverse }),
      ...(returnCounts && { counts }),
    };
  }

  /**
   * Where `values` would be inserted into this tensor, sorted along its last dim, as int32 of their shape. A vector serves
   * all values; otherwise the dims before the last must agree.
   */
  searchsorted(this: Tensor, values: Tensor | number, options: SearchOptions = {}): Tensor<'int32'> {
    return apply(histogram.searchsorted, [this, operand(this, values, 'searchsorted')], side('searchsorted', options));
  }

  /** The bucket of each element between sorted `boundaries` (a vector), as int32: i where `b[i-1] < x <= b[i]`. */
  bucketize(this: Tensor, boundaries: Tensor, options: SearchOptions = {}): Tensor<'int32'> {
    checkTensor('bucketize', 'boundaries', boundaries);
    if (boundaries.ndim !== 1)
      throw new ShapeError(`bucketize: boundaries must be a vector, got rank ${boundaries.ndim}.`);
    return boundaries.searchsorted(this, options);
  }

  /**
   * Counts in `bins` equal bins from `min` to `max` (both included; elements outside and NaN are left out), in the input's
   * dtype. Equal bounds (the default) stand for the smallest and largest element.
   *
   * @throws ArgumentError for bins < 1, max < min or a range that is not finite; DTypeError for integers
   */
  histc(this: Tensor, bins = 100, options: { readonly min?: number; readonly max?: number } = {}): Tensor {
    const { min = 0, max = 0 } = optionsOf('histc', options, ['min', 'max']);
    return apply(histogram.histc, [this], { bins, min, max });
  }

  /** How often each integer from 0 on occurs in a vector (int32), or the sum of its weights. */
  bincount(this: Tensor, options: { readonly weights?: Tensor; readonly minlength?: number } = {}): Tensor {
    const { weights, minlength = 0 } = optionsOf('bincount', options, ['weights', 'minlength']);
    if (weights != null) checkTensor('bincount', 'weights', weights);
    return weights
      ? apply(histogram.weightedBincount, [this, weights], { minlength })
      : apply(histogram.bincount, [this], { minlength });
  }
}
