import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { ResampleKernels, Taps } from '../contract/resample.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** Weighted sums along the last dim, of `size` positions: `rows` rows. */
function alongRows(
  xs: TypedArray,
  from: number,
  size: number,
  { first, indices, weights }: Taps,
  ys: TypedArray,
  to: number,
  rows: number,
): void {
  const count = first.length - 1;
  const width = indices.length / count;
  const even = first.every((at, o) => at === o * width);
  // The loops of nearest and linear neighbours, which are most of what is asked for.
  if (even && width === 1 && weights.every((weight) => weight === 1))
    for (let a = 0; a < rows; a++, from += size) for (let o = 0; o < count; o++) ys[to++] = xs[from + indices[o]!]!;
  else if (even && width === 2)
    for (let a = 0; a < rows; a++, from += size)
      for (let o = 0, t = 0; o < count; o++, t += 2)
        ys[to++] = weights[t]! * xs[from + indices[t]!]! + weights[t + 1]! * xs[from + indices[t + 1]!]!;
  else
    for (let a = 0; a < rows; a++, from += size)
      for (let o = 0; o < count; o++) {
        let sum = 0;
        for (let t = first[o]!; t < first[o + 1]!; t++) sum += weights[t]! * xs[from + indices[t]!]!;
        ys[to++] = sum;
      }
}

export const resample: ResampleKernels = {
  resample(x, taps, out) {
    const { first, indices, weights } = taps;
    const [outer, size, inner] = x.layout.shape as [number, number, number];
    const count = out.layout.shape[1]!;
    const [xs, ys] = [x.storage.array, out.storage.array];
    if (inner === 1) return alongRows(xs, start(x), size, taps, ys, start(out), outer);
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
        if (end - from === 2) {
          const [a0, a1] = [plane + indices[from]! * inner, plane + indices[from + 1]! * inner];
          const [w0, w1] = [weights[from]!, weights[from + 1]!];
          for (let b = 0; b < inner; b++) ys[to + b] = w0 * xs[a0 + b]! + w1 * xs[a1 + b]!;
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
