import { apply } from '../autograd.js';
import { computeDType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import { Layout, type SliceIndex } from '../layout.js';
import { inferShape, type Shape } from '../shape.js';
import { alloc, type View, empty } from '../storage.js';
import { cast, copied } from './elementwise.js';
import { op, type Op, type Pair, type Single } from './op.js';

/** The same storage walked another way. */
const view = (x: View, layout: Layout): View => ({ storage: x.storage, layout });

/** Where the elements of a view lie in a tensor of `shape`. */
interface Place {
  readonly shape: Shape;
  readonly place: (layout: Layout) => Layout;
  /** True where the view may show one element several times. */
  readonly overlaps: boolean;
}

/** The adjoint of a view: zeros of the base's shape with the elements at their place, summed where the view overlaps itself. */
const placed: Op<Single, Place, View> = op<Single, Place>({
  name: 'placed',
  forward: ([x], { shape, place, overlaps }) => {
    const out = alloc(shape, overlaps ? computeDType(x.dtype) : x.dtype);
    const target = view(out, place(out.layout));
    if (overlaps) kernels.accumulate(cast(x, out.storage.dtype), target);
    else kernels.copy(x, target);
    return out;
  },
  backward: (grad, _inputs, _y, attrs) => [apply(taken, [grad], attrs)],
  saves: 'none',
});

/** The adjoint of `placed`. */
const taken = op<Single, Place>({
  name: 'taken',
  forward: ([x], { place }) => view(x, place(x.layout)),
  backward: (grad, _inputs, _y, attrs) => [apply(placed, [grad], attrs)],
  saves: 'none',
});

/** A view that a function of layouts makes. */
function viewOp<A>(
  name: string,
  place: (layout: Layout, attrs: A) => Layout,
  { moves = true, overlaps = false }: { readonly moves?: boolean; readonly overlaps?: boolean } = {},
): Op<Single, A, View> {
  return op<Single, A>({
    name,
    forward: ([x], attrs) => view(x, place(x.layout, attrs)),
    backward: (grad, [x], _y, attrs) => [
      apply(placed, [grad], { shape: x.shape, place: (layout) => place(layout, attrs), overlaps }),
    ],
    saves: 'none',
    moves,
  });
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

/** Basic indexing: indices, ranges, new dims. */
export const slice = viewOp<readonly SliceIndex[]>('slice', (layout, indices) => layout.slice(indices));

/** One position of a dim. */
export const select = viewOp<{ readonly dim: number; readonly index: number }>('select', (layout, { dim, index }) =>
  layout.select(dim, index),
);

/** `length` positions of a dim from `start` on (both checked before). */
export const narrow = viewOp<{ readonly dim: number; readonly start: number; readonly length: number }>(
  'narrow',
  (layout, { dim, start, length }) => layout.range(dim, [start, start + length]),
);

/** Reversed dims, by negative strides. */
export const flip = op<Single, readonly number[]>({
  name: 'flip',
  forward: ([x], dims) => view(x, x.layout.flip(dims)),
  backward: (grad, _inputs, _y, dims) => [grad.flip(dims)],
  saves: 'none',
  moves: true,
});

/** Windows along a dim; they overlap where the step is smaller than the window. */
export const unfold = viewOp<{ readonly dim: number; readonly size: number; readonly step: number }>(
  'unfold',
  (layout, { dim, size, step }) => layout.unfold(dim, size, step),
  { overlaps: true },
);

/** The diagonal over two dims, as the last dim. */
export const diagonal = viewOp<{ readonly offset: number; readonly dim1: number; readonly dim2: number }>(
  'diagonal',
  (layout, { offset, dim1, dim2 }) => layout.diagonal(offset, dim1, dim2),
  { moves: false },
);

/** A tensor as the diagonal of a matrix of zeros over two new dims: the adjoint of `diagonal`. */
export const diagEmbed = op<
  Single,
  { readonly shape: Shape; readonly offset: number; readonly dim1: number; readonly dim2: number }
>({
  name: 'diagEmbed',
  forward: ([x], { shape, offset, dim1, dim2 }) => {
    const out = alloc(shape, x.dtype);
    kernels.copy(x, view(out, out.layout.diagonal(offset, dim1, dim2)));
    return out;
  },
  backward: (grad, _inputs, _y, { offset, dim1, dim2 }) => [grad.diagonal({ offset, dim1, dim2 })],
  saves: 'none',
});

/** Positions moved along dims, those that leave at one end enter at the other. Shifts are in [0, size). */
export const roll = op<Single, readonly { readonly dim: number; readonly shift: number }[]>({
  name: 'roll',
  forward: ([x], shifts) => {
    const out = empty(x.shape, x.dtype);
    const move = (from: Layout, to: Layout, next: number): void => {
      const entry = shifts[next];
      if (!entry) return kernels.copy(view(x, from), view(out, to));
      const { dim, shift } = entry;
      const size = x.shape[dim]!;
      move(from.range(dim, [0, size - shift]), to.range(dim, [shift, size]), next + 1);
      if (shift > 0) move(from.range(dim, [size - shift, size]), to.range(dim, [0, shift]), next + 1);
    };
    move(x.layout, out.layout, 0);
    return out;
  },
  backward: (grad, _inputs, _y, shifts) => [
    grad.roll(
      shifts.map(({ shift }) => -shift),
      shifts.map(({ dim }) => dim),
    ),
  ],
  saves: 'none',
});

/** The lower (or upper) triangle of the matrices in the last two dims, zeros elsewhere. */
export const triangle = op<Single, { readonly diagonal: number; readonly upper: boolean }>({
  name: 'triangle',
  forward: ([x], { diagonal, upper }) => {
    const out = alloc(x.shape, x.dtype);
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    for (let row = 0; row < rows; row++) {
      const edge = Math.min(Math.max(row + diagonal + (upper ? 0 : 1), 0), columns);
      const part: SliceIndex[] = ['...', row, upper ? [edge, columns] : [0, edge]];
      kernels.copy(view(x, x.layout.slice(part)), view(out, out.layout.slice(part)));
    }
    return out;
  },
  backward: (grad, _inputs, _y, { diagonal, upper }) => [upper ? grad.triu({ diagonal }) : grad.tril({ diagonal })],
  saves: 'none',
});

/** Any strides over the storage (checked before); elements may show several times. */
export const asStrided = op<
  Single,
  { readonly shape: Shape; readonly strides: readonly number[]; readonly offset: number }
>({
  name: 'asStrided',
  forward: ([x], { shape, strides, offset }) => view(x, new Layout(shape, strides, offset)),
  // The gradient goes to a tensor over the same range of the storage, of which `x` then takes its elements.
  backward: (grad, [x], _y, { shape, strides, offset }) => {
    const base = apply(placed, [grad], {
      shape: [x.storage.length],
      place: () => new Layout(shape, strides, offset),
      overlaps: true,
    });
    return [apply(taken, [base], { shape: base.shape, place: () => x.layout, overlaps: true })];
  },
  saves: 'none',
  moves: true,
});

/** A copy of `x` in which a view is replaced by `value`, which has the shape of the view. */
export const replaced: Op<Pair, readonly SliceIndex[], View> = op<Pair, readonly SliceIndex[]>({
  name: 'replaced',
  forward: ([x, value], indices) => {
    const out = copied(x);
    kernels.copy(value, view(out, out.layout.slice(indices)));
    return out;
  },
  backward: (grad, [x, value], _y, indices) => [
    x.requiresGrad ? apply(replaced, [grad, value.zerosLike()], indices) : null,
    value.requiresGrad ? grad.slice(...indices) : null,
  ],
  saves: 'none',
});

/** `replaced` in place: the storage of `x` is written to. */
export const assigned = op<Pair, readonly SliceIndex[]>({
  name: 'assigned',
  forward: ([x, value], indices) => {
    kernels.copy(value, view(x, x.layout.slice(indices)));
    return view(x, x.layout);
  },
  backward: (grad, inputs, y, indices) => replaced.backward!(grad, inputs, y, indices),
  saves: 'none',
});
