import { apply } from '../autograd.js';
import { isHalf, type DType } from '../dtype.js';
import { IndexError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { Spatial } from '../kernels/contract/conv.js';
import type { Reach, Regions } from '../kernels/contract/pool.js';
import { Layout } from '../layout.js';
import { numel, sameShape, type Shape } from '../shape.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';
import { contiguous, floatType, lifted } from './conv.js';
import type { BinaryScaledAttrs } from './integer.js';
import { op, type Op, type Pair, type Single } from './op.js';

/** Regions of the spatial dims of a tensor, one per dim. */
export interface PoolAttrs {
  readonly reaches: readonly Reach[];
  /** Divisor of an average instead of the region's length. */
  readonly divisor: number | null;
}

/** All of a dim of size 1: what dims that a tensor does not have are to a pool. */
const whole: Reach = { starts: Int32Array.of(0), ends: Int32Array.of(1), lengths: Int32Array.of(1), step: 1 };

const three = (reaches: readonly Reach[]): Regions => {
  const [a, b, c] = [...Array<Reach>(3 - reaches.length).fill(whole), ...reaches];
  return [a!, b!, c!];
};

const spatial = (view: View): Spatial => [
  view.layout.shape.at(-3)!,
  view.layout.shape.at(-2)!,
  view.layout.shape.at(-1)!,
];

/** Output shape of a pool of `x`. */
const pooledShape = (x: Tensor, reaches: readonly Reach[]): number[] => [
  ...x.shape.slice(0, 2),
  ...reaches.map(({ starts }) => starts.length),
];

const ready = (x: Tensor): View => lifted(contiguous(cast(x, isHalf(x.dtype) ? 'float32' : x.dtype)));

const exchanged = ({ storage, layout }: View): View => ({ storage, layout: layout.transpose(0, 1) });

/** A pool's input, and how to come by its results: planes are taken one by one, so that those of channels may lie first. */
function inOrder(x: Tensor): { readonly view: View; readonly make: (shape: Shape, dtype: DType) => View } {
  const first = exchanged(x);
  if (x.isContiguous || isHalf(x.dtype) || !first.layout.isContiguous) return { view: ready(x), make: empty };
  return { view: lifted(first), make: ([n, c, ...sizes], dtype) => exchanged(empty([c!, n!, ...sizes], dtype)) };
}

/** A result as kernels write it: contiguous, samples or channels first. */
const written = (out: View): View => lifted(out.layout.isContiguous ? out : exchanged(out));

/** The largest element of each region, and its position within its channel. */
export const maxPool = op<Single, PoolAttrs, readonly [View, View<'int32'>]>({
  name: 'maxPool',
  forward: ([x], { reaches }) => {
    const { view, make } = inOrder(x);
    const shape = pooledShape(x, reaches);
    const [out, indices] = [make(shape, view.storage.dtype), make(shape, 'int32') as View<'int32'>];
    kernels.maxPool(view, three(reaches), written(out), written(indices));
    return [out, indices];
  },
  backward: ([grad], [x], [, indices]) => [
    grad && apply(scatterPlanes, [grad, indices], { size: x.shape.slice(2), accumulate: true }),
  ],
  saves: 'output',
});

/**
 * Max pooling with regions of their own for each channel, as fractional pooling draws them: `regions[channel]` of all
 * samples' channels in order.
 */
export const maxPoolEach = op<Single, readonly PoolAttrs[], readonly [View, View<'int32'>]>({
  name: 'fractionalMaxPool',
  forward: ([x], planes) => {
    const view = ready(x);
    const shape = pooledShape(x, planes[0]!.reaches);
    const [out, indices] = [empty(shape, view.storage.dtype), empty(shape, 'int32')];
    const plane = (whole_: View, p: number): View => {
      const size = spatial(lifted(whole_));
      return {
        storage: whole_.storage,
        layout: new Layout([1, 1, ...size], undefined, whole_.layout.offset + p * numel(size)),
      };
    };
    planes.forEach(({ reaches }, p) =>
      kernels.maxPool(plane(view, p), three(reaches), plane(out, p), plane(indices, p)),
    );
    return [out, indices];
  },
  backward: ([grad], [x], [, indices]) => [
    grad && apply(scatterPlanes, [grad, indices], { size: x.shape.slice(2), accumulate: true }),
  ],
  saves: 'output',
});

/** The mean of each region. */
export const avgPool: Op<Single, PoolAttrs, View> = op<Single, PoolAttrs>({
  name: 'avgPool',
  forward: ([x], { reaches, divisor }) => {
    floatType('avgPool', [x]);
    const view = ready(x);
    const out = empty(pooledShape(x, reaches), view.storage.dtype);
    kernels.avgPool(view, three(reaches), divisor, lifted(out));
    return out;
  },
  backward: (grad, [x], _y, attrs) => [apply(avgUnpool, [grad], { ...attrs, size: x.shape.slice(2) })],
  saves: 'none',
});

/** The adjoint of `avgPool`, for an input of the given spatial sizes. */
export const avgUnpool: Op<Single, PoolAttrs & { readonly size: readonly number[] }, View> = op<
  Single,
  PoolAttrs & { readonly size: readonly number[] }
>({
  name: 'avgUnpool',
  forward: ([grad], { reaches, divisor, size }) => {
    const view = ready(grad);
    const out = empty([...grad.shape.slice(0, 2), ...size], view.storage.dtype);
    kernels.avgUnpool(view, three(reaches), divisor, lifted(out));
    return out;
  },
  backward: (upstream, _inputs, _y, { reaches, divisor }) => [apply(avgPool, [upstream], { reaches, divisor })],
  saves: 'none',
});

interface ScatterAttrs {
  /** Spatial sizes of the result. */
  readonly size: readonly number[];
  /** Whether elements with one index are added up; else the last one stays. */
  readonly accumulate: boolean;
}

/** `out[index] = x` within each channel, zeros elsewhere: the inverse of a max pool, and its gradient. */
export const scatterPlanes: Op<Pair, ScatterAttrs, View> = op<Pair, ScatterAttrs>({
  name: 'maxUnpool',
  forward: ([x, indices], { size, accumulate }) => {
    if (!sameShape(x.shape, indices.shape))
      throw new ShapeError(`maxUnpool: indices ${shown(indices.shape)} must have the shape of x ${shown(x.shape)}.`);
    const view = ready(x);
    const out = empty([...x.shape.slice(0, 2), ...size], view.storage.dtype);
    const target = lifted(out);
    kernels.scatterPlanes(view, lifted(contiguous(cast(indices, 'int32'))), spatial(target), accumulate, target);
    return out;
  },
  backward: (grad, [, indices]) => [apply(gatherPlanes, [grad, indices], undefined), null],
  saves: 'inputs',
});

/** `x[index]` within each channel. */
const gatherPlanes: Op<Pair, void, View> = op<Pair>({
  name: 'gatherPlanes',
  forward: ([x, indices]) => {
    const view = ready(x);
    const out = empty(indices.shape, view.storage.dtype);
    kernels.gatherPlanes(view, lifted(contiguous(cast(indices, 'int32'))), spatial(view), lifted(out));
    return out;
  },
  backward: (grad, [x, indices]) => [
    apply(scatterPlanes, [grad, indices], { size: x.shape.slice(2), accumulate: true }),
    null,
  ],
  saves: 'inputs',
});

/** Throws unless every index lies within a channel of the given sizes. */
export function checkIndices(name: string, indices: Tensor, size: readonly number[]): void {
  if (indices.numel === 0) return;
  const count = numel(size);
  const [least, most] = [indices.amin().item(), indices.amax().item()];
  if (least < 0 || most >= count)
    throw new IndexError(
      `${name}: index ${least < 0 ? least : most} lies outside an output of ${shown(size)} (0 to ${count - 1}). Give a larger outputSize.`,
    );
}

/** The mean of each region of the numbers that integers stand for, as integers; see `IntegerKernels`. */
export const averageScaled = op<Single, PoolAttrs & Omit<BinaryScaledAttrs, 'name' | 'b'>>({
  name: 'avgPoolScaled',
  forward: ([x], { reaches, divisor, a, out, dtype }) => {
    const { view, make } = inOrder(x);
    const y = make(pooledShape(x, reaches), dtype);
    kernels.averageScaled({ view, ...a }, three(reaches), divisor, out, { view: written(y), ...out });
    return y;
  },
  backward: null,
});
