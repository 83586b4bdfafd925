import { computeDType } from '../dtype.js';
import { kernels } from '../kernels/active.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { computable } from './accumulate.js';
import { scatteredOne } from './along.js';
import { op, type Single } from './op.js';
import { checkNotEmpty, expandLike, grouped, reduce, shaped, unreduced, type Reduction } from './reduce.js';

/** The upstream gradient spread evenly over the elements of each group that equal its extremum. */
function spread(grad: Tensor, x: Tensor, extremum: Tensor, reduction: Reduction): Tensor {
  const ties = x.eq(expandLike(extremum, x, reduction));
  const share = unreduced(grad, x, reduction).div(ties.sum(reduction.dims, { keepdim: true }));
  return share.mul(ties);
}

/** As `spread` over the whole tensor; a NaN extremum gives to the NaN elements. */
export function spreadOverAll(grad: Tensor, x: Tensor, extremum: Tensor): Tensor {
  const ties = x.eq(extremum).logicalOr(x.isnan().logicalAnd(extremum.isnan()));
  return grad.div(ties.sum()).where(ties, 0);
}

function extremum(name: 'amax' | 'amin') {
  return op<Single, Reduction>({
    name,
    forward: ([x], attrs) => {
      checkNotEmpty(name, x, attrs.dims);
      return reduce(name, x, attrs, computeDType(x.dtype));
    },
    backward: (grad, [x], y, attrs) => [spread(grad, x, y, attrs)],
  });
}

export const amax = extremum('amax');
export const amin = extremum('amin');

/** The largest or smallest of all elements. */
function whole(name: 'max' | 'min') {
  return op<Single, Reduction>({
    name,
    forward: ([x], attrs) => {
      checkNotEmpty(name, x, attrs.dims);
      return reduce(name === 'max' ? 'amax' : 'amin', x, attrs, computeDType(x.dtype));
    },
    backward: (grad, [x], y) => [spreadOverAll(grad, x, y)],
  });
}

export const max = whole('max');
export const min = whole('min');

/** Smallest and largest in one pass: `[min, max]`. */
export const aminmax = op<Single, Reduction, readonly [View, View]>({
  name: 'aminmax',
  forward: ([x], attrs) => {
    checkNotEmpty('aminmax', x, attrs.dims);
    const dtype = computeDType(x.dtype);
    const { x: view, kept } = grouped(computable(x), attrs.dims);
    const [low, high] = [empty(kept, dtype), empty(kept, dtype)];
    kernels.extrema(view, low, high);
    return [shaped(low, x.shape, attrs), shaped(high, x.shape, attrs)];
  },
  backward: ([gradMin, gradMax], [x], [low, high], attrs) => {
    const ofMin = gradMin && spread(gradMin, x, low, attrs);
    const ofMax = gradMax && spread(gradMax, x, high, attrs);
    return [ofMin && ofMax ? ofMin.add(ofMax) : (ofMin ?? ofMax)];
  },
});

/** An extremum along one dim and where it is (the first of several): `[values, indices]`. */
function along(name: 'max' | 'min') {
  return op<Single, Reduction, readonly [View, View<'int32'>]>({
    name,
    forward: ([x], attrs) => {
      checkNotEmpty(name, x, attrs.dims);
      const dtype = computeDType(x.dtype);
      const { x: view, kept } = grouped(computable(x), attrs.dims);
      const [values, indices] = [empty(kept, dtype), empty(kept, 'int32')];
      kernels.argReduce(name, view, values, indices);
      return [shaped(values, x.shape, attrs), shaped(indices, x.shape, attrs)];
    },
    backward: ([grad], [x], [, indices], { dims, keepdim }) => [
      grad && scatteredOne(grad, x, indices, dims[0] ?? 0, keepdim),
    ],
  });
}

export const maxAlong = along('max');
export const minAlong = along('min');

function arg(name: 'max' | 'min') {
  return op<Single, Reduction, View<'int32'>>({
    name: `arg${name}`,
    forward: ([x], attrs) => {
      checkNotEmpty(`arg${name}`, x, attrs.dims);
      const { x: view, kept } = grouped(computable(x), attrs.dims);
      const indices = empty(kept, 'int32');
      kernels.argReduce(name, view, null, indices);
      return shaped(indices, x.shape, attrs);
    },
    backward: null,
  });
}

export const argmax = arg('max');
export const argmin = arg('min');
