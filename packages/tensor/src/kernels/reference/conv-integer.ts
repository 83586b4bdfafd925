import { Layout } from '../../layout.js';
import { alloc, empty, type View } from '../../storage.js';
import type { IntegerKernels } from '../contract/integer.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { sizesOf, unfoldPlane } from './conv.js';
import { SEGMENT, type Planes, type Sizes } from './windows.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** A part of a view from element `at` on, of another shape and with other strides. */
const part = ({ storage, layout }: View, at: number, shape: readonly number[], strides?: readonly number[]): View => ({
  storage,
  layout: new Layout(shape, strides, layout.offset + at),
});

/** One int32 that stands at every place of `shape`. */
function constant(value: number, shape: readonly number[]): View {
  const view = alloc([1], 'int32');
  view.storage.array[view.storage.base] = value;
  return { storage: view.storage, layout: view.layout.broadcastTo(shape) };
}

/** Whether every tap of every window lies inside the input. */
function covered({ list, taps, length }: Sizes): boolean {
  let met = 0;
  for (let k = 0; k < list.length; k += SEGMENT) met += list[k + 3]!;
  return met === taps * length;
}

/** What integer convolutions are made of; a faster part may stand in for the plain loops. */
export interface ConvParts extends Pick<MatmulKernels, 'matmulInteger'> {
  /** Sets all elements of a contiguous view. */
  fillAll(to: View, value: number): void;
  /** Unfolds `count` planes of x from element `xAt` on to columns from `at` on, `rows` apart. Elements are bytes or wider. */
  unfoldPlanes(
    planes: Planes,
    x: View,
    xAt: number,
    plane: number,
    count: number,
    to: View,
    at: number,
    rows: number,
  ): void;
  /** Convolution with one input channel per group. */
  depthwise(x: View, weight: View, xZero: number, wZero: View, y: View, s: Sizes): void;
}

/** The parts as plain loops. */
export const plainParts: Omit<ConvParts, 'matmulInteger'> = {
  fillAll(to, value) {
    to.storage.beginWrite();
    to.storage.array.fill(value, start(to), start(to) + to.layout.numel);
  },

  unfoldPlanes(planes, x, xAt, plane, count, to, at, rows) {
    to.storage.beginWrite();
    const [from, into] = [x.storage.array, to.storage.array];
    for (let c = 0; c < count; c++)
      unfoldPlane(planes, from, start(x) + xAt + c * plane, into, start(to) + at + c * rows);
  },

  depthwise(x, weight, xZero, wZero, y, s) {
    const [xs, ws, zs, ys] = [x.storage.array, weight.storage.array, wZero.storage.array, y.storage.array];
    const { list, step } = s;
    const filters = s.groups * s.filters;
    for (let n = 0; n < s.batch; n++)
      for (let o = 0; o < filters; o++) {
        const at = start(y) + (n * filters + o) * s.length;
        const xi = start(x) + (n * s.groups + Math.floor(o / s.filters)) * s.plane;
        const zero = zs[start(wZero) + o * wZero.layout.strides[0]!]!;
        ys.fill(0, at, at + s.length);
        for (let k = 0; k < list.length; k += SEGMENT) {
          const w = ws[start(weight) + o * s.taps + list[k]!]! - zero;
          const end = at + list[k + 1]! + list[k + 3]!;
          for (let to = at + list[k + 1]!, from = xi + list[k + 2]!; to < end; to++, from += step)
            ys[to] = (ys[to]! + Math.imul(w, xs[from]! - xZero)) | 0;
        }
      }
  },
};

/**
 * Integer convolutions as products of unfolded windows, which stay in the dtype of x; those with one channel per group directly.
 */
export function integerConvolution(parts: ConvParts): Pick<IntegerKernels, 'convInteger'> {
  const { matmulInteger } = parts;
  return {
    convInteger(x, weight, xZero, wZero, y, windows) {
      const s = sizesOf(x, y, windows);
      const together = s.batch > 1 && !y.layout.isContiguous;
      if (s.channels === 1 && !together) return parts.depthwise(x, weight, xZero, wZero, y, s);
      const rows = s.channels * s.taps;
      const samples = together ? s.batch : 1;
      const columns = samples * s.length;
      const zeroStep = wZero.layout.strides[0]!;
      const plain = s.pointwise && !together;
      const scratch = plain ? null : empty([1, rows, columns], x.storage.dtype);
      // Padding is the value that counts as zero; every group and sample has it at the same places.
      if (scratch && !covered(s)) parts.fillAll(scratch, xZero);
      const xZeros = constant(xZero, [1, 1, columns]);
      const planes = { list: s.list, step: s.step, length: columns };
      for (let n = 0; n < s.batch; n += samples)
        for (let g = 0; g < s.groups; g++) {
          const place = (sample: number): number => (sample * s.groups + g) * s.channels * s.plane;
          if (scratch)
            for (let i = 0; i < samples; i++)
              parts.unfoldPlanes(planes, x, place(n + i), s.plane, s.channels, scratch, i * s.length, s.taps * columns);
          matmulInteger(
            part(weight, g * s.filters * rows, [1, s.filters, rows]),
            scratch ?? part(x, place(n), [1, rows, columns]),
            part(wZero, g * s.filters * zeroStep, [1, s.filters, 1], [0, zeroStep, 0]),
            xZeros,
            part(y, (together ? g : n * s.groups + g) * s.filters * columns, [1, s.filters, columns]),
          );
        }
      scratch?.storage.free();
    },
  };
}
