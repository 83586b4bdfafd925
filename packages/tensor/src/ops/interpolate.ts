import { apply } from '../autograd.js';
import { computeDType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import type { Taps } from '../kernels/contract/resample.js';
import { numel } from '../shape.js';
import { empty, type View } from '../storage.js';
import { contiguous } from './conv.js';
import { cast } from './elementwise.js';
import { op, type Op, type Single } from './op.js';

/** Weighted sums along one dim. */
interface ResampleAttrs {
  readonly dim: number;
  readonly taps: Taps;
  /** Size of the dim before. */
  readonly size: number;
}

/** A view as `[before, dim, after]`. */
const around = (view: View, dim: number): View => {
  const { shape } = view.layout;
  const sizes = [numel(shape.slice(0, dim)), shape[dim]!, numel(shape.slice(dim + 1))];
  return { storage: view.storage, layout: view.layout.reshape(sizes)! };
};

/** Each position along `dim` becomes a weighted sum of positions: interpolation, one dim at a time. */
export const resample: Op<Single, ResampleAttrs, View> = op<Single, ResampleAttrs>({
  name: 'interpolate',
  forward: ([x], { dim, taps }) => {
    const view = contiguous(cast(x, computeDType(x.dtype)));
    const out = empty(x.shape.with(dim, taps.first.length - 1), view.storage.dtype);
    kernels.resample(around(view, dim), taps, around(out, dim));
    return out;
  },
  backward: (grad, _inputs, _y, attrs) => [apply(resampleGrad, [grad], attrs)],
  saves: 'none',
});

/** The adjoint of `resample`. */
const resampleGrad: Op<Single, ResampleAttrs, View> = op<Single, ResampleAttrs>({
  name: 'interpolateGrad',
  forward: ([grad], { dim, taps, size }) => {
    const view = contiguous(cast(grad, computeDType(grad.dtype)));
    const out = empty(grad.shape.with(dim, size), view.storage.dtype);
    kernels.resampleGrad(around(view, dim), taps, around(out, dim));
    return out;
  },
  backward: (upstream, _inputs, _y, attrs) => [apply(resample, [upstream], attrs)],
  saves: 'none',
});
