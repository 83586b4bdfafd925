import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import { inferShape, type Shape } from '../shape.js';
import { alloc, type View } from '../storage.js';
import { op, type Single } from './op.js';

/** The same storage walked another way. */
const view = (x: View, layout: Layout): View => ({ storage: x.storage, layout });

/** A contiguous copy. */
export function copied(x: View): View {
  const out = alloc(x.layout.shape, x.storage.dtype);
  kernels.copy(x, out);
  return out;
}

/** A copy in storage of its own, contiguous. */
export const clone = op<Single>({
  name: 'clone',
  forward: ([x]) => copied(x),
  backward: (grad) => [grad],
  saves: 'none',
  moves: true,
});

/** Another shape for the same elements in order: a view where strides can express it, else a copy. */
export const reshape = op<Single, Shape>({
  name: 'reshape',
  forward: ([x], shape) => {
    const sizes = inferShape('reshape', shape, x.numel);
    const layout = x.layout.reshape(sizes);
    return layout ? view(x, layout) : view(copied(x), new Layout(sizes));
  },
  backward: (grad, [x]) => [grad.reshape(x.shape)],
  saves: 'none',
  moves: true,
});

export const permute = op<Single, readonly number[]>({
  name: 'permute',
  forward: ([x], dims) => view(x, x.layout.permute(dims)),
  backward: (grad, [x], _y, dims) => {
    const inverse = new Array<number>(dims.length);
    dims.forEach((dim, i) => (inverse[dim < 0 ? dim + x.ndim : dim] = i));
    return [grad.permute(inverse)];
  },
  saves: 'none',
  moves: true,
});

/** Stretched to a larger shape without copying; the gradient sums over what was stretched. */
export const broadcastTo = op<Single, Shape>({
  name: 'broadcastTo',
  forward: ([x], shape) => view(x, x.layout.broadcastTo(shape)),
  backward: (grad, [x]) => [grad.sumTo(x.shape)],
  saves: 'none',
  moves: true,
});
