import { checkDType, computeDType, isFloat, isHalf, type DType } from '../dtype.js';
import { DTypeError, ShapeError, shown } from '../errors.js';
import { apply } from '../autograd.js';
import { kernels } from '../kernels/active.js';
import type { ReduceName, QuantifierName } from '../kernels/contract/reduce.js';
import { numel, reducedShape, type Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { accumulated, computable, widened } from './accumulate.js';
import { cast } from './elementwise.js';
import { op, type Single } from './op.js';
import { exclusiveProd } from './scan.js';

/** Which dims a reduction folds (counted from the front) and whether they stay with size 1. */
export interface Reduction {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
  readonly dtype?: DType;
}

/** The reduced dims moved last, as kernels want them, and the shape of the others. */
export function grouped(x: View, dims: readonly number[]): { x: View; kept: Shape } {
  const { shape } = x.layout;
  const outer = shape.length - dims.length;
  if (dims.every((d, i) => d === outer + i)) return { x, kept: shape.slice(0, outer) };
  const others = shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const kept = others.map((d) => shape[d]!);
  return { x: { storage: x.storage, layout: x.layout.permute([...others, ...dims]) }, kept };
}

/** A result over the kept dims, with the reduced ones back as size 1 where asked for. */
export const shaped = <D extends DType>(out: View<D>, shape: Shape, { dims, keepdim }: Reduction): View<D> =>
  keepdim ? { storage: out.storage, layout: out.layout.reshape(reducedShape(shape, dims, true))! } : out;

/** Number of elements in each group. */
export const groupSize = (shape: Shape, dims: readonly number[]): number => numel(dims.map((d) => shape[d]!));

/** Throws where an operation that has no result for nothing would get an empty group. */
export function checkNotEmpty(name: string, { shape }: Tensor, dims: readonly number[]): void {
  const empty = dims.find((d) => shape[d] === 0);
  if (empty !== undefined)
    throw new ShapeError(
      `${name}: dim ${empty} of shape ${shown(shape)} is empty, and ${name} of nothing is not defined.`,
    );
}

/** Folds `dims` of a tensor, accumulating in `dtype`. */
export function reduce(name: ReduceName, x: View, reduction: Reduction, dtype: DType): View {
  const accumulator = computeDType(dtype);
  const { x: view, kept } = grouped(widened(isHalf(dtype) ? cast(x, dtype) : x, accumulator), reduction.dims);
  const out = empty(kept, accumulator);
  kernels.reduce(name, view, out);
  return shaped(cast(out, dtype), x.layout.shape, reduction);
}

/** A reduced tensor stretched back over the dims it lost. */
export const expandLike = (y: Tensor, x: Tensor, reduction: Reduction): Tensor =>
  unreduced(y, x, reduction).broadcastTo(x.shape);

/** A reduced tensor with size 1 for each dim it lost. */
export const unreduced = (y: Tensor, x: Tensor, { dims, keepdim }: Reduction): Tensor =>
  keepdim ? y : y.reshape(reducedShape(x.shape, dims, true));

export const sum = op<Single, Reduction>({
  name: 'sum',
  forward: ([x], attrs) => reduce('sum', x, attrs, accumulated('sum', x, attrs.dtype)),
  backward: (grad, [x], _y, attrs) => [expandLike(grad, x, attrs)],
  saves: 'none',
});

export const mean = op<Single, Reduction>({
  name: 'mean',
  forward: ([x], attrs) => {
    const dtype = attrs.dtype ?? computeDType(x.dtype);
    checkDType('mean', dtype);
    if (!isFloat(dtype))
      throw new DTypeError(
        `mean: the result of a ${x.dtype} tensor needs a floating dtype. Pass { dtype: 'float32' }.`,
      );
    const total = reduce('sum', x, attrs, computeDType(dtype));
    const count = empty([], computeDType(dtype));
    kernels.fill(groupSize(x.shape, attrs.dims), count);
    kernels.binary(
      'div',
      total,
      { storage: count.storage, layout: count.layout.broadcastTo(total.layout.shape) },
      total,
    );
    return cast(total, dtype);
  },
  backward: (grad, [x], _y, attrs) => [expandLike(grad.div(groupSize(x.shape, attrs.dims)), x, attrs)],
  saves: 'none',
});

/** The product; its gradient is exact where elements are 0. */
export const prod = op<Single, Reduction>({
  name: 'prod',
  forward: ([x], attrs) => reduce('prod', x, attrs, accumulated('prod', x, attrs.dtype)),
  backward: (grad, [x], _y, { dims, keepdim }) => {
    const others = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
    const order = [...others, ...dims];
    const kept = others.map((d) => x.shape[d]!);
    const lines = x
      .permute(order)
      .reshape([...kept, groupSize(x.shape, dims)])
      .to(grad.dtype);
    // Of each element: the product of those before times the product of those behind.
    const behind = apply(exclusiveProd, [lines], { dim: kept.length, reverse: true });
    const rest = apply(exclusiveProd, [lines], { dim: kept.length, reverse: false }).mul(behind);
    const inverse = order.map((_, d) => order.indexOf(d));
    const shape = order.map((d) => x.shape[d]!);
    return [
      rest
        .reshape(shape)
        .permute(inverse)
        .mul(expandLike(grad, x, { dims, keepdim })),
    ];
  },
  saves: 'inputs',
});

/** Sums over the dims that broadcasting had stretched, so that the result has `shape`: the adjoint of broadcasting. */
export const sumTo = op<Single, Shape>({
  name: 'sumTo',
  forward: ([x], shape) => {
    const added = x.ndim - shape.length;
    const dims = x.shape.flatMap((size, d) => (d < added || (shape[d - added] === 1 && size !== 1) ? [d] : []));
    if (added < 0 || x.shape.some((size, d) => d >= added && shape[d - added] !== size && shape[d - added] !== 1))
      throw new ShapeError(`sumTo: shape ${shown(shape)} does not broadcast to ${shown(x.shape)}.`);
    const { storage, layout } = reduce('sum', x, { dims, keepdim: true }, x.dtype);
    return { storage, layout: layout.reshape(shape)! };
  },
  backward: (grad, [x]) => [grad.broadcastTo(x.shape)],
  saves: 'none',
});

function quantified<D extends DType>(name: QuantifierName, x: Tensor, attrs: Reduction, dtype: D): View<D> {
  const { x: view, kept } = grouped(computable(x), attrs.dims);
  const out = empty(kept, dtype);
  kernels.quantify(name, view, out);
  return shaped(out, x.shape, attrs);
}

/** Bool, but uint8 for uint8, as in PyTorch. */
const quantifier = (name: 'all' | 'any') =>
  op<Single, Reduction>({
    name,
    forward: ([x], attrs) => quantified(name, x, attrs, x.dtype === 'uint8' ? 'uint8' : 'bool'),
    backward: null,
  });

export const all = quantifier('all');
export const any = quantifier('any');

export const countNonzero = op<Single, Reduction, View<'int32'>>({
  name: 'countNonzero',
  forward: ([x], attrs) => quantified('countNonzero', x, attrs, 'int32'),
  backward: null,
});
