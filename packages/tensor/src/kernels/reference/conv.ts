import type { TypedArray } from '../../dtype.js';
import { Layout } from '../../layout.js';
import { numel } from '../../shape.js';
import { alloc, type View } from '../../storage.js';
import type { ConvKernels, ConvWindows, Spatial } from '../contract/conv.js';
import type { ElementwiseKernels } from '../contract/elementwise.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { depthwise, depthwiseInput, depthwiseWeight, isDepthwise } from './depthwise.js';
import { SEGMENT, segments, type Planes, type Sizes } from './windows.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** A contiguous part of a contiguous view. */
const part = (view: View, at: number, shape: readonly number[]): View => ({
  storage: view.storage,
  layout: new Layout(shape, undefined, view.layout.offset + at),
});

const flipped = (view: View): View => ({ storage: view.storage, layout: view.layout.transpose(1, 2) });

const spatial = ({ layout: { shape } }: View): Spatial => [shape.at(-3)!, shape.at(-2)!, shape.at(-1)!];

/** One plane of x, from `xi`, to its columns, from `ci`. */
export function unfoldPlane(
  { list, length, step }: Planes,
  x: TypedArray,
  xi: number,
  columns: TypedArray,
  ci: number,
): void {
  for (let s = 0; s < list.length; s += SEGMENT) {
    const count = list[s + 3]!;
    let to = ci + list[s]! * length + list[s + 1]!;
    let from = xi + list[s + 2]!;
    for (let i = 0; i < count; i++, from += step) columns[to++] = x[from]!;
  }
}

/** Adds the columns from `ci` to the plane of x from `xi`. */
function foldPlane({ list, length, step }: Planes, columns: TypedArray, ci: number, x: TypedArray, xi: number): void {
  for (let s = 0; s < list.length; s += SEGMENT) {
    const count = list[s + 3]!;
    let from = ci + list[s]! * length + list[s + 1]!;
    let to = xi + list[s + 2]!;
    for (let i = 0; i < count; i++, to += step) x[to]! += columns[from++]!;
  }
}

/** What a convolution of `x` into `y` asks for. */
export function sizesOf(x: View, y: View, windows: ConvWindows): Sizes {
  const [batch, channels] = x.layout.shape as [number, number];
  const { groups, kernel, stride, padding } = windows;
  const [input, output] = [spatial(x), spatial(y)];
  const pointwise =
    numel(kernel) === 1 &&
    stride.every((s) => s === 1) &&
    padding.every((p) => p === 0) &&
    numel(input) === numel(output);
  return {
    batch,
    groups,
    channels: channels / groups,
    filters: y.layout.shape[1]! / groups,
    plane: numel(input),
    length: numel(output),
    taps: numel(kernel),
    step: stride[2],
    pointwise,
    list: segments(input, output, windows),
  };
}

/**
 * Convolutions as matrix products of unfolded windows, by whichever `matmul` is at hand; depthwise ones directly. A matmul
 * may move storages, so arrays and bases are read anew after each.
 */
export function convolution({
  matmul,
  binary,
}: Pick<MatmulKernels, 'matmul'> & Pick<ElementwiseKernels, 'binary'>): ConvKernels {
  /** Calls `visit` with the place of each group of each sample: its (unfolded) columns, input, output and weight. */
  function groupwise(
    x: View,
    s: Sizes,
    unfolds: boolean,
    visit: (columns: View, xAt: number, yAt: number, wAt: number) => void,
  ): void {
    const rows = s.channels * s.taps;
    const scratch = s.pointwise ? null : alloc([1, rows, s.length], x.storage.dtype);
    for (let n = 0; n < s.batch; n++)
      for (let g = 0; g < s.groups; g++) {
        const xAt = (n * s.groups + g) * s.channels * s.plane;
        if (scratch && unfolds) {
          scratch.storage.beginWrite();
          const [from, to] = [x.storage.array, scratch.storage.array];
          for (let c = 0; c < s.channels; c++)
            unfoldPlane(s, from, start(x) + xAt + c * s.plane, to, start(scratch) + c * s.taps * s.length);
        }
        visit(
          scratch ?? part(x, xAt, [1, rows, s.length]),
          xAt,
          (n * s.groups + g) * s.filters * s.length,
          g * s.filters * rows,
        );
      }
    scratch?.storage.free();
  }

  return {
    conv(x, weight, bias, y, windows) {
      const s = sizesOf(x, y, windows);
      const rows = s.channels * s.taps;
      if (isDepthwise(s, y)) depthwise(x, weight, y, s);
      else
        groupwise(x, s, true, (columns, _xAt, yAt, wAt) =>
          matmul(part(weight, wAt, [1, s.filters, rows]), columns, null, part(y, yAt, [1, s.filters, s.length])),
        );
      if (!bias) return;
      const perChannel = bias.layout.reshape([1, bias.layout.numel, 1, 1, 1])!.broadcastTo(y.layout.shape);
      binary('add', y, { storage: bias.storage, layout: perChannel }, y);
    },

    convInput(grad, weight, x, windows) {
      const s = sizesOf(x, grad, windows);
      if (isDepthwise(s, x)) return depthwiseInput(grad, weight, x, s);
      const rows = s.channels * s.taps;
      if (!s.pointwise) x.storage.array.fill(0, start(x), start(x) + x.layout.numel);
      groupwise(x, s, false, (columns, xAt, yAt, wAt) => {
        const transposed = flipped(part(weight, wAt, [1, s.filters, rows]));
        matmul(transposed, part(grad, yAt, [1, s.filters, s.length]), null, columns);
        if (s.pointwise) return;
        const [from, to] = [columns.storage.array, x.storage.array];
        for (let c = 0; c < s.channels; c++)
          foldPlane(s, from, start(columns) + c * s.taps * s.length, to, start(x) + xAt + c * s.plane);
      });
    },

    convWeight(x, grad, weight, windows) {
      const s = sizesOf(x, grad, windows);
      if (isDepthwise(s, x)) return depthwiseWeight(x, grad, weight, s);
      const rows = s.channels * s.taps;
      weight.storage.array.fill(0, start(weight), start(weight) + weight.layout.numel);
      const product = alloc([1, s.filters, rows], weight.storage.dtype);
      groupwise(x, s, true, (columns, _xAt, yAt, wAt) => {
        matmul(part(grad, yAt, [1, s.filters, s.length]), flipped(columns), null, product);
        const [from, to] = [product.storage.array, weight.storage.array];
        for (let i = 0, at = start(weight) + wAt, p = start(product); i < product.layout.numel; i++)
          to[at++]! += from[p++]!;
      });
      product.storage.free();
    },

    unfold(x, out, size, windows) {
      const planes = { list: segments(spatial(x), size, windows), length: numel(size), step: windows.stride[2] };
      const [plane, column] = [numel(spatial(x)), numel(windows.kernel) * planes.length];
      const count = x.layout.shape[0]! * x.layout.shape[1]!;
      for (let p = 0; p < count; p++)
        unfoldPlane(planes, x.storage.array, start(x) + p * plane, out.storage.array, start(out) + p * column);
    },

    fold(columns, x, size, windows) {
      const planes = { list: segments(spatial(x), size, windows), length: numel(size), step: windows.stride[2] };
      const [plane, column] = [numel(spatial(x)), numel(windows.kernel) * planes.length];
      const count = x.layout.shape[0]! * x.layout.shape[1]!;
      x.storage.array.fill(0, start(x), start(x) + x.layout.numel);
      for (let p = 0; p < count; p++)
        foldPlane(planes, columns.storage.array, start(columns) + p * column, x.storage.array, start(x) + p * plane);
    },
  };
}
