import { computeDType, type DType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import { checkFloat } from './accumulate.js';
import { allocAlong, along } from './along.js';
import { cast } from './elementwise.js';
import { op, type Single } from './op.js';
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

export const softmax = op<Single, Normalisation>({
  name: 'softmax',
  forward: ([x], attrs) => softmaxOf('softmax', false, x, attrs),
  backward: (grad, _inputs, y, { dim }) => {
    const weighted = grad.mul(y);
    return [weighted.sub(y.mul(weighted.sum(dim, { keepdim: true })))];
  },
  saves: 'output',
});

export const logSoftmax = op<Single, Normalisation>({
  name: 'logSoftmax',
  forward: ([x], attrs) => softmaxOf('logSoftmax', true, x, attrs),
  backward: (grad, _inputs, y, { dim }) => [grad.sub(y.exp().mul(grad.sum(dim, { keepdim: true })))],
  saves: 'output',
});
