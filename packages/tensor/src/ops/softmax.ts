import { apply } from '../autograd.js';
import { computeDType, type DType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import { checkFloat } from './accumulate.js';
import { allocAlong, along } from './along.js';
import { cast } from './elementwise.js';
import { op, type Op, type Pair, type Single } from './op.js';
import type { Tensor } from '../tensor.js';
import type { View } from '../storage.js';

/** The normalised dim, and the dtype to compute in where it is not the input's. */
export interface Normalisation {
  readonly dim: number;
  readonly dtype?: DType;
}

function softmaxOf(name: string, log: boolean, x: Tensor, { dim, dtype }: Normalisation): View {
  const wanted = dtype ?? x.dtype;
  checkFloat(name, wanted);
  const inner = computeDType(wanted);
  const { view, target } = allocAlong(x.shape, inner, dim);
  kernels.softmax(along(cast(cast(x, wanted), inner), dim), log, target);
  return cast(view, dtype ?? inner);
}

/** The gradient of softmax or of its logarithm in x, from the result `y`. */
const softmaxGrad: Op<Pair, { readonly dim: number; readonly log: boolean }, View> = op<
  Pair,
  { readonly dim: number; readonly log: boolean }
>({
  name: 'softmaxGrad',
  forward: ([grad, y], { dim, log }) => {
    const { view, target } = allocAlong(y.shape, computeDType(y.dtype), dim);
    const { dtype } = view.storage;
    kernels.softmaxGrad(along(cast(grad, dtype), dim), along(cast(y, dtype), dim), log, target);
    return view;
  },
  backward: (seed, [grad, y], _out, { dim, log }) => {
    const summed = (x: Tensor): Tensor => x.sum(dim, { keepdim: true });
    if (log) {
      const p = y.exp();
      return [seed.sub(summed(seed.mul(p))), seed.mul(p).mul(summed(grad)).neg()];
    }
    return [
      apply(softmaxGrad, [seed, y], { dim, log }),
      seed.mul(grad.sub(summed(grad.mul(y)))).sub(grad.mul(summed(seed.mul(y)))),
    ];
  },
  saves: 'inputs',
});

export const softmax = op<Single, Normalisation>({
  name: 'softmax',
  forward: ([x], attrs) => softmaxOf('softmax', false, x, attrs),
  backward: (grad, _inputs, y, { dim }) => [apply(softmaxGrad, [grad, y], { dim, log: false })],
  saves: 'output',
});

export const logSoftmax = op<Single, Normalisation>({
  name: 'logSoftmax',
  forward: ([x], attrs) => softmaxOf('logSoftmax', true, x, attrs),
  backward: (grad, _inputs, y, { dim }) => [apply(softmaxGrad, [grad, y], { dim, log: true })],
  saves: 'output',
});
