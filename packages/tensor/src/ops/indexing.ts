import { apply } from '../autograd.js';
import { computeDType, dtypes, isFloat, isInt, type DType } from '../dtype.js';
import { ArgumentError, DTypeError, IndexError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { ScatterName } from '../kernels/contract/indexing.js';
import { numel, sameShape, type Shape } from '../shape.js';
import { alloc, empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast, copied } from './elementwise.js';
import { op, type Op, type Pair, type Triple } from './op.js';

/** Throws unless `index` is an integer tensor whose values lie in `[low, size)`. */
export function checkIndex(operation: string, index: Tensor, size: number, dim: number, low = 0): void {
  if (typeof index !== 'object' || index === null || !('storage' in index))
    throw new ArgumentError(`${operation}: an index is a tensor. Make one with tensor([...], { dtype: 'int32' }).`);
  if (!isInt(index.dtype))
    throw new DTypeError(
      `${operation}: an index is an integer tensor, got ${index.dtype}. Convert it with to('int32').`,
    );
  const outside = kernels.firstOutside(index, low, size);
  if (outside !== null)
    throw new IndexError(
      `${operation}: index ${outside} is out of range for dim ${dim} of size ${size} (${low} to ${size - 1}).`,
    );
}

/** `index` of rank 1 (a 0-d one counts as one element), its values checked against a dim of `x`. */
function checkLine(operation: string, x: Tensor, dim: number, index: Tensor): void {
  if (index.ndim > 1)
    throw new ShapeError(
      `${operation}: the index has one dim, got shape ${shown(index.shape)}. Use gather() or index() for more.`,
    );
  if (x.ndim === 0 && index.numel !== 1)
    throw new ShapeError(`${operation}: a 0-d tensor has one position, the index names ${index.numel}.`);
  checkIndex(operation, index, x.ndim === 0 ? 1 : x.shape[dim]!, dim);
}

/** `x` as `[dims before, dim, dims after]`, copied only where no strides can express it. */
function threeDims(x: View, dim: number): View {
  const { shape } = x.layout;
  const sizes = [numel(shape.slice(0, dim)), shape[dim] ?? 1, numel(shape.slice(dim + 1))];
  const layout = x.layout.reshape(sizes);
  if (layout) return { storage: x.storage, layout };
  const copy = copied(x);
  return { storage: copy.storage, layout: copy.layout.reshape(sizes)! };
}

/** Shape of the tensor that was picked from, and the dim. */
interface Adjoint {
  readonly shape: Shape;
  readonly dim: number;
}

const line = (index: View): View => ({ storage: index.storage, layout: index.layout.reshape([index.layout.numel])! });

/** Positions of a dim picked out by a one-dimensional index. */
export const indexSelect = op<Pair, number>({
  name: 'indexSelect',
  forward: ([x, index], dim) => {
    checkLine('indexSelect', x, dim, index);
    const out = empty(x.ndim === 0 ? [] : x.shape.with(dim, index.numel), x.dtype);
    kernels.indexSelect(threeDims(x, dim), line(index), threeDims(out, dim));
    return out;
  },
  backward: (grad, [x, index], _y, dim) => [apply(indexSum, [grad, index], { shape: x.shape, dim }), null],
  saves: [1],
  moves: true,
});

/** Zeros with rows added at the positions an index names: the adjoint of `indexSelect`. */
const indexSum: Op<Pair, Adjoint, View> = op<Pair, Adjoint>({
  name: 'indexSum',
  forward: ([source, index], { shape, dim }) => {
    const out = alloc(shape, computeDType(source.dtype));
    kernels.indexScatter('add', threeDims(cast(source, out.storage.dtype), dim), line(index), threeDims(out, dim));
    return out;
  },
  backward: (grad, [, index], _y, { dim }) => [grad.indexSelect(dim, index), null],
  saves: [1],
});

/** The shape of a source must be that of `x` with as many positions in `dim` as the index has. */
function checkSource(operation: string, x: Tensor, dim: number, index: Tensor, source: Tensor): void {
  checkLine(operation, x, dim, index);
  const wanted = x.ndim === 0 ? [] : x.shape.with(dim, index.numel);
  if (!sameShape(source.shape, wanted) && !(x.ndim === 0 && source.numel === 1))
    throw new ShapeError(`${operation}: source has shape ${shown(source.shape)}, wanted ${shown(wanted)}.`);
  checkSameDType(operation, x, source);
}

/** Throws DTypeError unless a source has the dtype of what it goes into. */
export function checkSameDType(operation: string, x: Tensor, source: Tensor): void {
  if (source.dtype !== x.dtype)
    throw new DTypeError(
      `${operation}: source is ${source.dtype} but the tensor ${x.dtype}. Convert it with to('${x.dtype}').`,
    );
}

/** On bools adding is "or" and multiplying is "and". */
const nameFor = (name: ScatterName, { dtype }: Tensor): ScatterName =>
  dtype !== 'bool' ? name : name === 'add' ? 'amax' : name === 'prod' ? 'amin' : name;

/** A copy to scatter into: half precision tensors keep their bits where elements are only replaced, and widen to compute. */
function writable(name: ScatterName, x: Tensor): View {
  const dtype = name === 'set' ? x.dtype : computeDType(x.dtype);
  return dtype === x.dtype ? copied(x) : cast(x, dtype);
}

function indexScattered(name: ScatterName, x: Tensor, dim: number, index: Tensor, source: View): View {
  const out = writable(name, x);
  kernels.indexScatter(
    nameFor(name, x),
    threeDims(cast(source, out.storage.dtype), dim),
    line(index),
    threeDims(out, dim),
  );
  return out;
}

/** A copy of `x` with rows added to the positions an index names; repeated positions add up. */
export const indexAdd = op<Triple, number>({
  name: 'indexAdd',
  forward: ([x, index, source], dim) => {
    checkSource('indexAdd', x, dim, index, source);
    return indexScattered('add', x, dim, index, source);
  },
  backward: (grad, [, index, source], _y, dim) => [
    grad,
    null,
    source.requiresGrad ? grad.indexSelect(dim, index).reshape(source.shape) : null,
  ],
  saves: [1],
});

/** A copy of `x` with the positions an index names replaced; of repeated positions the last one stays. */
export const indexCopy = op<Triple, number>({
  name: 'indexCopy',
  forward: ([x, index, source], dim) => {
    checkSource('indexCopy', x, dim, index, source);
    return indexScattered('set', x, dim, index, source);
  },
  backward: (grad, [x, index, source], _y, dim) => [
    x.requiresGrad ? grad.indexFill(dim, index, 0) : null,
    null,
    source.requiresGrad ? grad.indexSelect(dim, index).reshape(source.shape) : null,
  ],
  saves: [1],
});

/** A copy of `x` with the positions an index names set to one value: the single element of the third input. */
export const indexFill = op<Triple, { readonly dim: number }>({
  name: 'indexFill',
  forward: ([x, index, value], { dim }) => {
    checkLine('indexFill', x, dim, index);
    const filler = empty([], x.dtype);
    kernels.fill(value.item(), filler);
    const layout = filler.layout.broadcastTo(x.ndim === 0 ? [] : x.shape.with(dim, index.numel));
    return indexScattered('set', x, dim, index, { storage: filler.storage, layout });
  },
  backward: (grad, [x, index, value], _y, { dim }) => [
    x.requiresGrad ? grad.indexFill(dim, index, 0) : null,
    null,
    // A position named twice is filled once.
    value.requiresGrad
      ? grad
          .where(grad.zerosLike().indexFill(dim, index, 1).ne(0), 0)
          .sum()
          .reshape(value.shape)
      : null,
  ],
  saves: [1],
});

/** The shape of an index against a tensor: equal rank, no larger in any dim but `dim`. */
function checkReach(operation: string, index: Tensor, dim: number, against: Tensor, what: string, all: boolean): void {
  const limit = against.ndim === 0 ? [1] : against.shape;
  const sizes = index.ndim === 0 ? [1] : index.shape;
  if (sizes.length !== limit.length || sizes.some((size, d) => (all || d !== dim) && size > limit[d]!))
    throw new ShapeError(
      `${operation}: index of shape ${shown(index.shape)} does not fit the ${what} of shape ${shown(against.shape)}` +
        `${all ? '' : ` (apart from dim ${dim})`}: equal rank, no larger size.`,
    );
}

/** One element per entry of an index, picked along `dim`. */
export const gather = op<Pair, number>({
  name: 'gather',
  forward: ([x, index], dim) => {
    if (index.numel > 0) checkReach('gather', index, dim, x, 'tensor', false);
    checkIndex('gather', index, x.ndim === 0 ? 1 : x.shape[dim]!, dim);
    const out = empty(index.shape, x.dtype);
    kernels.gather(x, dim, index, out);
    return out;
  },
  backward: (grad, [x, index], _y, dim) => [apply(gatherSum, [grad, index], { shape: x.shape, dim }), null],
  saves: [1],
  moves: true,
});

/** Zeros with elements added at the places an index names along `dim`: the adjoint of `gather`. */
const gatherSum: Op<Pair, Adjoint, View> = op<Pair, Adjoint>({
  name: 'gatherSum',
  forward: ([source, index], { shape, dim }) => {
    const out = alloc(shape, computeDType(source.dtype));
    if (index.numel > 0) kernels.scatter('add', cast(source, out.storage.dtype), dim, index, out);
    return out;
  },
  backward: (grad, [, index], _y, { dim }) => [grad.gather(dim, index), null],
  saves: [1],
});

/** The part of a source that an index covers. */
function covered(source: Tensor, index: Tensor): View {
  const layout = index.shape.reduce((part, size, d) => part.range(d, [0, size]), source.layout);
  return { storage: source.storage, layout };
}

/** Everything a scatter checks before it starts. */
function checkScatter(operation: string, x: Tensor, dim: number, index: Tensor, source?: Tensor): void {
  if (index.numel > 0) {
    checkReach(operation, index, dim, x, 'tensor', false);
    if (source) checkReach(operation, index, dim, source, 'source', true);
  }
  if (source) checkSameDType(operation, x, source);
  checkIndex(operation, index, x.ndim === 0 ? 1 : x.shape[dim]!, dim);
}

/** Where the index covers only part of the source, the rest of the source has no gradient. */
const sourceGrad = (grad: Tensor, source: Tensor, index: Tensor, dim: number): Tensor => {
  const picked = grad.gather(dim, index);
  if (sameShape(picked.shape, source.shape)) return picked;
  return picked.pad(source.shape.flatMap((size, d) => [size - index.shape[d]!, 0]).toReversed());
};

function scattered(name: ScatterName, x: Tensor, dim: number, index: Tensor, source: View): View {
  const out = writable(name, x);
  if (index.numel > 0) kernels.scatter(nameFor(name, x), cast(source, out.storage.dtype), dim, index, out);
  return out;
}

/** A copy of `x` with one element per entry of an index replaced along `dim`; of repeated places the last entry stays. */
export const scatter = op<Triple, number>({
  name: 'scatter',
  forward: ([x, index, source], dim) => {
    checkScatter('scatter', x, dim, index, source);
    return scattered('set', x, dim, index, covered(source, index));
  },
  backward: (grad, [x, index, source], _y, dim) => [
    x.requiresGrad ? grad.scatter(dim, index, 0) : null,
    null,
    source.requiresGrad ? sourceGrad(grad, source, index, dim) : null,
  ],
  saves: [1],
});

/** `scatter` of one value. */
export const scatterValue = op<Pair, { readonly dim: number; readonly value: number }>({
  name: 'scatter',
  forward: ([x, index], { dim, value }) => {
    checkScatter('scatter', x, dim, index);
    const filler = empty([], x.dtype);
    kernels.fill(value, filler);
    return scattered('set', x, dim, index, { storage: filler.storage, layout: filler.layout.broadcastTo(index.shape) });
  },
  backward: (grad, [, index], _y, { dim }) => [grad.scatter(dim, index, 0), null],
  saves: [1],
});

/** A copy of `x` with elements added to the places an index names along `dim`. */
export const scatterAdd = op<Triple, number>({
  name: 'scatterAdd',
  forward: ([x, index, source], dim) => {
    checkScatter('scatterAdd', x, dim, index, source);
    return scattered('add', x, dim, index, covered(source, index));
  },
  backward: (grad, [, index, source], _y, dim) => [
    grad,
    null,
    source.requiresGrad ? sourceGrad(grad, source, index, dim) : null,
  ],
  saves: [1],
});

/** How `scatterReduce` folds. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

/** Attributes of `scatterReduce`. */
export interface ScatterReduceAttrs {
  readonly dim: number;
  readonly reduce: ScatterReduction;
  readonly includeSelf: boolean;
}

/** The value that a fold starts from where the tensor's own element does not count. */
function neutral(reduce: ScatterReduction, dtype: DType): number {
  const { min, max, kind } = dtypes[dtype];
  if (reduce === 'amax') return kind === 'float' ? -Infinity : min;
  if (reduce === 'amin') return kind === 'float' ? Infinity : max;
  return reduce === 'prod' ? 1 : 0;
}

/** How many elements each result of a mean was made of, at least 1. */
function counts({ dim, includeSelf }: ScatterReduceAttrs, x: Tensor, index: Tensor): Tensor {
  const ones = x.wrap(alloc(index.shape, x.dtype)).onesLike();
  const start = includeSelf ? x.onesLike() : x.zerosLike();
  return start.scatterAdd(dim, index, ones).maximum(1);
}

/** Folds elements into the places an index names along `dim`, after torch.scatter_reduce. */
export const scatterReduce = op<Triple, ScatterReduceAttrs>({
  name: 'scatterReduce',
  forward: ([x, index, source], attrs) => {
    const { dim, reduce, includeSelf } = attrs;
    checkScatter('scatterReduce', x, dim, index, source);
    const start = includeSelf ? x : x.scatter(dim, index, neutral(reduce, x.dtype));
    const name = reduce === 'sum' || reduce === 'mean' ? 'add' : reduce;
    const out = scattered(name, start, dim, index, covered(source, index));
    if (reduce !== 'mean') return out;
    return x.wrap(out).div(counts(attrs, x, index), isFloat(x.dtype) ? {} : { roundingMode: 'floor' });
  },
  backward: (grad, [x, index, source], y, attrs) => {
    const { dim, reduce, includeSelf } = attrs;
    const part = source.slice(...index.shape.map((size): [number, number] => [0, size]));
    const widened = (picked: Tensor): Tensor =>
      picked.pad(source.shape.flatMap((size, d) => [size - index.shape[d]!, 0]).toReversed());
    const own = (g: Tensor): Tensor => (includeSelf ? g : g.scatter(dim, index, 0));
    if (reduce === 'sum') return [own(grad), null, widened(grad.gather(dim, index))];
    if (reduce === 'mean') {
      const each = grad.div(counts(attrs, x, index));
      return [own(each), null, widened(each.gather(dim, index))];
    }
    if (reduce === 'prod')
      return prodGrads(grad, x, index, part, y, attrs).map((g, i) => (g && i === 0 ? own(g) : g && widened(g)));
    // Elements equal to the extreme share its gradient evenly.
    const winners = own(x.eq(y).to(grad.dtype));
    const winning = part.eq(y.gather(dim, index)).to(grad.dtype);
    const each = grad.div(winners.scatterAdd(dim, index, winning));
    return [each.mul(winners), null, widened(winning.mul(each.gather(dim, index)))];
  },
  saves: 'both',
});

/**
 * Gradients of a product: the product of the others. Dividing the result by an element fails for zeros, so a place's only
 * zero is left out of the product instead, after PyTorch's scatter_reduce_backward.
 */
function prodGrads(
  grad: Tensor,
  x: Tensor,
  index: Tensor,
  source: Tensor,
  y: Tensor,
  { dim, includeSelf }: ScatterReduceAttrs,
): (Tensor | null)[] {
  const options = { includeSelf };
  const safe = x.where(x.ne(0), 1);
  const self = grad.mul(safe.scatterReduce(dim, index, source, 'prod', options)).div(safe);
  const zero = source.eq(0);
  const alike = x.zerosLike().scatterAdd(dim, index, zero.to(x.dtype)).gather(dim, index);
  const single = zero.mul(alike.eq(1));
  const others = x.scatterReduce(dim, index, source.where(single.eq(0), 1), 'prod', options);
  const divided = grad
    .mul(y)
    .gather(dim, index)
    .div(source.where(zero.eq(0), 1));
  return [self, null, grad.mul(others).gather(dim, index).where(single, divided)];
}

/** Several broadcast index tensors (negative values count from the end) as one index into the flattened dims of `sizes`. */
export function linearIndex(indices: readonly View[], sizes: readonly number[]): View<'int32'> {
  const out = empty([indices[0]!.layout.numel], 'int32');
  kernels.linearIndex(indices, sizes, out);
  return out;
}

/** Row-major positions of the elements that are not zero, as int32. */
export function nonzeroPositions(x: View): View<'int32'> {
  const out = empty([kernels.countNonzero(x)], 'int32');
  kernels.nonzero(x, out);
  return out;
}
