import { apply } from '../autograd.js';
import { promoted } from '../dtype.js';
import { ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { sameShape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { op, type Single } from './op.js';

/** A tensor of shape [0] joins anything, as in PyTorch: it stands for "nothing yet". */
const isNothing = (x: Tensor): boolean => x.ndim === 1 && x.shape[0] === 0;

/** Tensors one after the other along `dim` (counted from the front), in the dtype they promote to. */
export const cat = op<readonly Tensor[], number>({
  name: 'cat',
  forward: (tensors, dim) => {
    const first = tensors.find((x) => !isNothing(x)) ?? tensors[0]!;
    let size = 0;
    for (const x of tensors) {
      if (isNothing(x)) continue;
      if (x.ndim !== first.ndim || !sameShape(x.shape.with(dim, 0), first.shape.with(dim, 0)))
        throw new ShapeError(
          `cat: sizes must agree in every dim but ${dim}: ${shown(first.shape)} and ${shown(x.shape)}. Use stack() for a new dim.`,
        );
      size += x.shape[dim]!;
    }
    const out = empty(first.shape.with(dim, size), promoted(tensors));
    let at = 0;
    for (const x of tensors) {
      if (isNothing(x)) continue;
      kernels.copy(x, { storage: out.storage, layout: out.layout.range(dim, [at, (at += x.shape[dim]!)]) });
    }
    return out;
  },
  backward: (grad, tensors, _y, dim) => {
    let at = 0;
    return tensors.map((x) => {
      if (isNothing(x)) return x.requiresGrad ? x.zerosLike() : null;
      const start = at;
      at += x.shape[dim]!;
      return x.requiresGrad ? grad.narrow(dim, start, x.shape[dim]!) : null;
    });
  },
  saves: 'none',
});

/** Consecutive pieces of `sizes` along `dim`, as views. */
export const split = op<Single, { readonly dim: number; readonly sizes: readonly number[] }, readonly View[]>({
  name: 'split',
  forward: ([x], { dim, sizes }) => {
    let at = 0;
    return sizes.map((size) => ({ storage: x.storage, layout: x.layout.range(dim, [at, (at += size)]) }));
  },
  backward: (grads, _inputs, pieces, { dim }) => [
    apply(
      cat,
      pieces.map((piece, i) => grads[i] ?? piece.zerosLike()),
      dim,
    ),
  ],
  saves: 'none',
  moves: true,
});

/** All positions of `dim`, as views without it. */
export const unbind = op<Single, number, readonly View[]>({
  name: 'unbind',
  forward: ([x], dim) =>
    Array.from({ length: x.shape[dim]! }, (_, i) => ({ storage: x.storage, layout: x.layout.select(dim, i) })),
  backward: (grads, _inputs, pieces, dim) => [
    apply(
      cat,
      pieces.map((piece, i) => (grads[i] ?? piece.zerosLike()).unsqueeze(dim)),
      dim,
    ),
  ],
  saves: 'none',
  moves: true,
});
