import { computeDType } from '../dtype.js';
import { ArgumentError, described, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { computable } from './accumulate.js';
import { allocAlong, along, reshaped, scattered, scatteredOne } from './along.js';
import { spreadOverAll } from './extrema.js';
import { op, type Single } from './op.js';
import { checkNotEmpty, grouped, shaped, type Reduction } from './reduce.js';

/** Values and where they were: the outputs of everything that orders. */
type Ordered = readonly [View, View<'int32'>];

/** The sorted dim and how many elements of it are kept. */
export interface Ordering {
  readonly dim: number;
  readonly descending: boolean;
  /** How many leading elements; all where left out. */
  readonly count?: number;
}

/** Sizes and positions along a dim; a 0-d tensor counts as one element. */
export const sizeOf = (x: Tensor, dim: number): number => (x.ndim === 0 ? 1 : x.shape[dim]!);

/** The elements in order (or the first `count` of them), stable, NaN as the largest: `[values, indices]`. */
export const sort = op<Single, Ordering, Ordered>({
  name: 'sort',
  forward: ([x], { dim, descending, count }) => {
    const size = sizeOf(x, dim);
    const kept = count ?? size;
    if (!Number.isInteger(kept) || kept < 0 || kept > size)
      throw new ArgumentError(
        `topk: k must be an integer from 0 to ${size}, the size of dim ${dim} of ${shown(x.shape)}; got ${described(kept)}.`,
      );
    const shape = x.shape.map((n, d) => (d === dim ? kept : n));
    const values = allocAlong(shape, computeDType(x.dtype), dim);
    const indices = allocAlong(shape, 'int32', dim);
    if (x.numel > 0 && kept > 0) kernels.sort(along(computable(x), dim), descending, values.target, indices.target);
    return [values.view, indices.view];
  },
  backward: ([grad], [x], [, indices], { dim }) => [grad && scattered(grad, x, indices, dim)],
});

/** One line in, one element and its position out. */
function pick<A extends Reduction>(
  name: string,
  kernel: (x: View, attrs: A, values: View, indices: View) => void,
  check?: (x: Tensor, attrs: A) => void,
) {
  return op<Single, A, Ordered>({
    name,
    forward: ([x], attrs) => {
      check?.(x, attrs);
      checkNotEmpty(name, x, attrs.dims);
      const { kept } = grouped(x, attrs.dims);
      const [values, indices] = [empty(kept, computeDType(x.dtype)), empty(kept, 'int32')];
      if (values.layout.numel > 0) kernel(along(computable(x), attrs.dims[0] ?? 0), attrs, values, indices);
      return [shaped(values, x.shape, attrs), shaped(indices, x.shape, attrs)];
    },
    backward: ([grad], [x], [, indices], { dims, keepdim }) => [
      grad && scatteredOne(grad, x, indices, dims[0] ?? 0, keepdim),
    ],
  });
}

/** The k-th smallest element, counted from 1. */
export interface Kth extends Reduction {
  readonly k: number;
}

export const kthvalue = pick<Kth>(
  'kthvalue',
  (x, { k }, values, indices) => kernels.kth(x, k - 1, values, indices),
  (x, { k, dims }) => {
    const size = sizeOf(x, dims[0] ?? 0);
    if (!Number.isInteger(k) || k < 1 || k > size)
      throw new ArgumentError(
        `kthvalue: k must be an integer from 1 to ${size}, the size of the dim in ${shown(x.shape)}; got ${described(k)}.`,
      );
  },
);

export const mode = pick<Reduction>('mode', (x, _attrs, values, indices) => kernels.mode(x, values, indices));

/** A median that leaves NaN out or returns it. */
export interface Median extends Reduction {
  readonly skipNaN: boolean;
}

export const medianAlong = pick<Median>('median', (x, { skipNaN }, values, indices) =>
  kernels.median(x, skipNaN, values, indices),
);

/** The lower median of all elements; NaN for none. */
export const median = op<Single, { readonly skipNaN: boolean }>({
  name: 'median',
  forward: ([x], { skipNaN }) => {
    const value = empty([], computeDType(x.dtype));
    if (x.numel === 0) kernels.fill(NaN, value);
    else kernels.median(reshaped(computable(x), [x.numel]), skipNaN, value, empty([], 'int32'));
    return value;
  },
  backward: (grad, [x], y) => [spreadOverAll(grad, x, y)],
});

/** The distinct rows of a matrix: `[position of the first occurrence, number of occurrences, distinct row of each row]`. */
export const unique = op<Single, void, readonly [View<'int32'>, View<'int32'>, View<'int32'>]>({
  name: 'unique',
  forward: ([x]) => {
    const n = x.shape[0]!;
    const [first, counts, inverse] = [empty([n], 'int32'), empty([n], 'int32'), empty([n], 'int32')];
    const found = kernels.unique(computable(x), first, counts, inverse);
    const leading = ({ storage, layout }: View<'int32'>): View<'int32'> => ({
      storage,
      layout: layout.range(0, [0, found]),
    });
    return [leading(first), leading(counts), inverse];
  },
  backward: null,
});
