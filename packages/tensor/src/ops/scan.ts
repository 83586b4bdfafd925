import { apply } from '../autograd.js';
import { computeDType, dtypes, type DType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import type { ScanName, ScanOrder } from '../kernels/contract/scan.js';
import type { View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { accumulated, checkFloat, computable, widened } from './accumulate.js';
import { allocAlong, along, scattered } from './along.js';
import { cast } from './elementwise.js';
import { op, type Op, type Pair, type Single } from './op.js';

/** The scanned dim, from its start or from its end. */
export interface Direction {
  readonly dim: number;
  readonly reverse: boolean;
}

/** A scan whose result may be asked for in another dtype. */
export interface Cumulation extends Direction {
  readonly dtype?: DType;
}

function scan(name: ScanName, x: View, dim: number, order: ScanOrder, dtype: DType): View {
  const accumulator = computeDType(dtype);
  const { view, target } = allocAlong(x.layout.shape, accumulator, dim);
  kernels.scan(name, along(widened(cast(x, dtype), accumulator), dim), order, target);
  return cast(view, dtype);
}

export const cumsum: Op<Single, Cumulation, View> = op<Single, Cumulation>({
  name: 'cumsum',
  forward: ([x], { dim, reverse, dtype }) =>
    scan('sum', x, dim, { reverse, exclusive: false }, accumulated('cumsum', x, dtype)),
  backward: (grad, _inputs, _y, { dim, reverse }) => [apply(cumsum, [grad], { dim, reverse: !reverse })],
  saves: 'none',
});

/** `out[i] = grad[i-1] + x[i-1] * out[i-1]` from 0 along a dim (mirrored where `reverse`): the derivative of a product of all before. */
const recurrence: Op<Pair, Direction, View> = op<Pair, Direction>({
  name: 'recurrence',
  forward: ([grad, x], { dim, reverse }) => {
    const { view, target } = allocAlong(x.shape, grad.dtype, dim);
    kernels.recurrence(along(grad, dim), along(cast(x, grad.dtype), dim), reverse, target);
    return view;
  },
  backward: (grad, [, x], y, { dim, reverse }) => {
    const adjoint = apply(recurrence, [grad, x], { dim, reverse: !reverse });
    return [adjoint, adjoint.mul(y)];
  },
});

/** The product of all elements before each (behind each where `reverse`). */
export const exclusiveProd: Op<Single, Direction, View> = op<Single, Direction>({
  name: 'exclusiveProd',
  forward: ([x], { dim, reverse }) =>
    scan('prod', x, dim, { reverse, exclusive: true }, accumulated('exclusiveProd', x)),
  backward: (grad, [x], y, { dim, reverse }) => [y.mul(apply(recurrence, [grad, x], { dim, reverse: !reverse }))],
});

/** The product so far; its gradient is exact where elements are 0, and takes one pass. */
export const cumprod: Op<Single, Cumulation, View> = op<Single, Cumulation>({
  name: 'cumprod',
  forward: ([x], { dim, reverse, dtype }) =>
    scan('prod', x, dim, { reverse, exclusive: false }, accumulated('cumprod', x, dtype)),
  // out = x * before, where `before` is the exclusive product: the product rule.
  backward: (grad, [x], _y, { dim, reverse }) => {
    const factors = x.to(grad.dtype);
    const before = apply(exclusiveProd, [factors], { dim, reverse });
    const behind = apply(recurrence, [grad.mul(factors), factors], { dim, reverse: !reverse });
    return [before.mul(grad.add(behind))];
  },
  saves: 'inputs',
});

/** log of a sum of weighted exponentials, `log(sum_k>=i g_k exp(x_i - y_k))`, for weights g >= 0. */
function weighted(grad: Tensor, x: Tensor, y: Tensor, { dim, reverse }: Direction): Tensor {
  // Not -Infinity, from which the second derivative would subtract itself.
  const logs = grad.log().where(grad.gt(0), dtypes[computeDType(grad.dtype)].min).sub(y);
  return apply(logcumsumexp, [logs], { dim, reverse: !reverse }).add(x).exp();
}

export const logcumsumexp: Op<Single, Direction, View> = op<Single, Direction>({
  name: 'logcumsumexp',
  forward: ([x], { dim, reverse }) => {
    checkFloat('logcumsumexp', x.dtype);
    return scan('logsumexp', x, dim, { reverse, exclusive: false }, computeDType(x.dtype));
  },
  // In logarithms, positive and negative upstream apart, so that nothing overflows.
  backward: (grad, [x], y, direction) => [weighted(grad, x, y, direction).sub(weighted(grad.neg(), x, y, direction))],
});

/** The extremum so far and the latest position of it: `[values, indices]`. */
function cumulativeExtremum(name: 'max' | 'min') {
  return op<Single, { readonly dim: number }, readonly [View, View<'int32'>]>({
    name: `cum${name}`,
    forward: ([x], { dim }) => {
      const values = allocAlong(x.shape, computeDType(x.dtype), dim);
      const indices = allocAlong(x.shape, 'int32', dim);
      kernels.scanExtremum(name, along(computable(x), dim), values.target, indices.target);
      return [values.view, indices.view];
    },
    backward: ([grad], [x], [, indices], { dim }) => [grad && scattered(grad, x, indices, dim)],
  });
}

export const cummax = cumulativeExtremum('max');
export const cummin = cumulativeExtremum('min');
