import type { DType } from '../dtype.js';
import { Layout } from '../layout.js';
import type { Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { copied } from './elementwise.js';

/** The view with `dim` moved last, so that kernels see lines; a 0-d view is one line of one element. */
export function along({ storage, layout }: View, dim: number): View {
  if (layout.ndim === 0) return { storage, layout: new Layout([1], undefined, layout.offset) };
  if (dim === layout.ndim - 1) return { storage, layout };
  const order = layout.shape.map((_, d) => d).filter((d) => d !== dim);
  return { storage, layout: layout.permute([...order, dim]) };
}

/** The first element of a view that is not half precision. */
export const element = ({ storage, layout }: View): number => storage.array[storage.base + layout.offset]!;

/** Another shape for the same elements, copied only where no strides can express it. */
export function reshaped<D extends DType>(x: View<D>, shape: Shape): View<D> {
  const layout = x.layout.reshape(shape);
  return layout ? { storage: x.storage, layout } : { storage: copied(x).storage, layout: new Layout(shape) };
}

/** A new view of a shape, and the same elements with `dim` last for a kernel to write. */
export function allocAlong<D extends DType>(shape: Shape, dtype: D, dim: number): { view: View<D>; target: View } {
  const view = empty(shape, dtype);
  return { view, target: along(view, dim) };
}

/** The gradient of values taken from positions along a dim: each goes back to where it came from. */
export function scattered(grad: Tensor, x: Tensor, indices: Tensor, dim: number): Tensor {
  const zeros = x.zerosLike().to(grad.dtype);
  return x.ndim === 0 ? grad.reshape([]) : zeros.scatterAdd(dim, indices, grad);
}

/** As `scattered`, for values that lost the dim unless `keepdim`. */
export function scatteredOne(grad: Tensor, x: Tensor, indices: Tensor, dim: number, keepdim: boolean): Tensor {
  if (x.ndim === 0 || keepdim) return scattered(grad, x, indices, dim);
  return scattered(grad.unsqueeze(dim), x, indices.unsqueeze(dim), dim);
}
