import type { View } from '../../storage.js';
import { SEGMENT, type Sizes } from './windows.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** One input channel per group of a float convolution: no matrix product is worth unfolding for. */
export const isDepthwise = ({ channels }: Sizes, { storage }: View): boolean =>
  channels === 1 && storage.dtype !== 'int32';

/** `conv` of one input channel per group, a plane of sums at a time. */
export function depthwise(x: View, weight: View, y: View, s: Sizes): void {
  const [xs, ws, ys] = [x.storage.array, weight.storage.array, y.storage.array];
  const sums = new Float64Array(s.length);
  const { list, step } = s;
  for (let n = 0; n < s.batch; n++)
    for (let o = 0; o < s.groups * s.filters; o++) {
      sums.fill(0);
      const xi = start(x) + (n * s.groups + Math.floor(o / s.filters)) * s.plane;
      for (let k = 0; k < list.length; k += SEGMENT) {
        const w = ws[start(weight) + o * s.taps + list[k]!]!;
        const end = list[k + 1]! + list[k + 3]!;
        for (let to = list[k + 1]!, from = xi + list[k + 2]!; to < end; to++, from += step) sums[to]! += w * xs[from]!;
      }
      ys.set(sums, start(y) + (n * s.groups * s.filters + o) * s.length);
    }
}

/** `convInput` of one input channel per group. */
export function depthwiseInput(grad: View, weight: View, x: View, s: Sizes): void {
  const [gs, ws, xs] = [grad.storage.array, weight.storage.array, x.storage.array];
  const sums = new Float64Array(s.plane);
  const { list, step } = s;
  for (let n = 0; n < s.batch; n++)
    for (let g = 0; g < s.groups; g++) {
      sums.fill(0);
      for (let o = g * s.filters; o < (g + 1) * s.filters; o++) {
        const gi = start(grad) + (n * s.groups * s.filters + o) * s.length;
        for (let k = 0; k < list.length; k += SEGMENT) {
          const w = ws[start(weight) + o * s.taps + list[k]!]!;
          const end = gi + list[k + 1]! + list[k + 3]!;
          for (let from = gi + list[k + 1]!, to = list[k + 2]!; from < end; from++, to += step)
            sums[to]! += w * gs[from]!;
        }
      }
      xs.set(sums, start(x) + (n * s.groups + g) * s.plane);
    }
}

/** `convWeight` of one input channel per group. */
export function depthwiseWeight(x: View, grad: View, weight: View, s: Sizes): void {
  const [xs, gs, ws] = [x.storage.array, grad.storage.array, weight.storage.array];
  const filters = s.groups * s.filters;
  const sums = new Float64Array(filters * s.taps);
  const { list, step } = s;
  for (let n = 0; n < s.batch; n++)
    for (let o = 0; o < filters; o++) {
      const xi = start(x) + (n * s.groups + Math.floor(o / s.filters)) * s.plane;
      const gi = start(grad) + (n * filters + o) * s.length;
      for (let k = 0; k < list.length; k += SEGMENT) {
        const end = gi + list[k + 1]! + list[k + 3]!;
        let sum = 0;
        for (let to = gi + list[k + 1]!, from = xi + list[k + 2]!; to < end; to++, from += step)
          sum += gs[to]! * xs[from]!;
        sums[o * s.taps + list[k]!]! += sum;
      }
    }
  ws.set(sums, start(weight));
}
