import type { View } from '../../storage.js';
import type { ResampleKernels } from '../contract/resample.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

export const resample: ResampleKernels = {
  resample(x, { first, indices, weights }, out) {
    const [outer, size, inner] = x.layout.shape as [number, number, number];
    const count = out.layout.shape[1]!;
    const [xs, ys] = [x.storage.array, out.storage.array];
    const sums = new Float64Array(inner);
    for (let a = 0, to = start(out); a < outer; a++)
      for (let o = 0; o < count; o++, to += inner) {
        const [from, end] = [first[o]!, first[o + 1]!];
        const plane = start(x) + a * size * inner;
        if (end - from === 1 && weights[from] === 1) {
          const at = plane + indices[from]! * inner;
          for (let b = 0; b < inner; b++) ys[to + b] = xs[at + b]!;
          continue;
        }
        if (inner === 1) {
          let sum = 0;
          for (let t = from; t < end; t++) sum += weights[t]! * xs[plane + indices[t]!]!;
          ys[to] = sum;
          continue;
        }
        sums.fill(0);
        for (let t = from; t < end; t++) {
          const weight = weights[t]!;
          const at = plane + indices[t]! * inner;
          for (let b = 0; b < inner; b++) sums[b]! += weight * xs[at + b]!;
        }
        for (let b = 0; b < inner; b++) ys[to + b] = sums[b]!;
      }
  },

  resampleGrad(grad, { first, indices, weights }, out) {
    const [outer, size, inner] = out.layout.shape as [number, number, number];
    const count = grad.layout.shape[1]!;
    const [gs, ys] = [grad.storage.array, out.storage.array];
    const sums = new Float64Array(size * inner);
    for (let a = 0, from = start(grad); a < outer; a++) {
      sums.fill(0);
      for (let o = 0; o < count; o++, from += inner)
        for (let t = first[o]!; t < first[o + 1]!; t++) {
          const weight = weights[t]!;
          const at = indices[t]! * inner;
          for (let b = 0; b < inner; b++) sums[at + b]! += weight * gs[from + b]!;
        }
      ys.set(sums, start(out) + a * size * inner);
    }
  },
};
