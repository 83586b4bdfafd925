import { isInt, type DType } from '../dtype.js';
import { ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { ReduceName } from '../kernels/contract/reduce.js';
import { reducedShape, type Shape } from '../shape.js';
import { alloc, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { op, type Single } from './op.js';

/** Which dims a reduction folds (counted from the front) and whether they stay with size 1. */
export interface Reduction {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
  readonly dtype?: DType;
}

/** Folds `dims` of a view in `dtype`. */
export function reduce(name: ReduceName, x: Tensor, { dims, keepdim }: Reduction, dtype: DType): View {
  const kept = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const view = cast(x, dtype);
  const out = alloc(kept.map((d) => x.shape[d]!), dtype);
  kernels.reduce(name, { storage: view.storage, layout: view.layout.permute([...kept, ...dims]) }, out);
  return { storage: out.storage, layout: out.layout.reshape(reducedShape(x.shape, dims, keepdim))! };
}

/** A reduced tensor stretched back over the dims it lost. */
export const expandLike = (y: Tensor, x: Tensor, { dims, keepdim }: Reduction): Tensor =>
  (keepdim ? y : y.reshape(reducedShape(x.shape, dims, true))).broadcastTo(x.shape);

/** Sums; integers and bools sum to int32, as torch's int64 without the 64 bits. */
export const sum = op<Single, Reduction>({
  name: 'sum',
  forward: ([x], attrs) => reduce('sum', x, attrs, attrs.dtype ?? (isInt(x.dtype) || x.dtype === 'bool' ? 'int32' : x.dtype)),
  backward: (grad, [x], _y, attrs) => [expandLike(grad, x, attrs)],
  saves: 'none',
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
