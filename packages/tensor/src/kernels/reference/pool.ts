import { numel } from '../../shape.js';
import type { View } from '../../storage.js';
import type { PoolKernels, Regions } from '../contract/pool.js';

const start = ({ storage, layout }: View): number => storage.base + layout.offset;

/** Elements of one channel. */
const planeOf = ({ layout }: View): number => numel(layout.shape.slice(2));

/** Channels of all samples. */
const planesOf = ({ layout: { shape } }: View): number => shape[0]! * shape[1]!;

/** Calls `visit` with the place of each channel in the input and in the output, the bounds of a region and its position. */
type Region = (
  input: number,
  output: number,
  d0: number,
  d1: number,
  h0: number,
  h1: number,
  w0: number,
  w1: number,
  length: number,
) => void;

export function eachRegion(x: View, out: View, [depth, height, width]: Regions, visit: Region): void {
  const [plane, planes] = [planeOf(x), planesOf(x)];
  let output = start(out);
  for (let p = 0; p < planes; p++) {
    const input = start(x) + p * plane;
    for (let d = 0; d < depth.starts.length; d++)
      for (let h = 0; h < height.starts.length; h++)
        for (let w = 0; w < width.starts.length; w++, output++)
          visit(
            input,
            output,
            depth.starts[d]!,
            depth.ends[d]!,
            height.starts[h]!,
            height.ends[h]!,
            width.starts[w]!,
            width.ends[w]!,
            depth.lengths[d]! * height.lengths[h]! * width.lengths[w]!,
          );
  }
}

export const pool: PoolKernels = {
  maxPool(x, regions, out, indices) {
    const [from, to, at] = [x.storage.array, out.storage.array, indices.storage.array];
    const shift = start(indices) - start(out);
    const [, , , rows, columns] = x.layout.shape as [number, number, number, number, number];
    const [ds, hs, ws] = regions.map(({ step }) => step) as [number, number, number];
    eachRegion(x, out, regions, (input, output, d0, d1, h0, h1, w0, w1) => {
      let best = -Infinity;
      let index = d0 < d1 && h0 < h1 && w0 < w1 ? (d0 * rows + h0) * columns + w0 : -1;
      for (let d = d0; d < d1; d += ds)
        for (let h = h0; h < h1; h += hs)
          for (let w = w0, i = (d * rows + h) * columns + w0; w < w1; w += ws, i += ws) {
            const value = from[input + i]!;
            if (value > best || value !== value) {
              best = value;
              index = i;
            }
          }
      to[output] = best;
      at[output + shift] = index;
    });
  },

  avgPool(x, regions, divisor, out) {
    const [from, to] = [x.storage.array, out.storage.array];
    const [, , , rows, columns] = x.layout.shape as [number, number, number, number, number];
    eachRegion(x, out, regions, (input, output, d0, d1, h0, h1, w0, w1, length) => {
      let sum = 0;
      for (let d = d0; d < d1; d++)
        for (let h = h0; h < h1; h++)
          for (let i = input + (d * rows + h) * columns + w0, end = i + w1 - w0; i < end; i++) sum += from[i]!;
      to[output] = d0 < d1 && h0 < h1 && w0 < w1 ? sum / (divisor ?? length) : 0;
    });
  },

  avgUnpool(grad, regions, divisor, out) {
    const [from, to] = [grad.storage.array, out.storage.array];
    const [, , , rows, columns] = out.layout.shape as [number, number, number, number, number];
    to.fill(0, start(out), start(out) + out.layout.numel);
    eachRegion(out, grad, regions, (input, output, d0, d1, h0, h1, w0, w1, length) => {
      const share = from[output]! / (divisor ?? length);
      for (let d = d0; d < d1; d++)
        for (let h = h0; h < h1; h++)
          for (let i = input + (d * rows + h) * columns + w0, end = i + w1 - w0; i < end; i++) to[i]! += share;
    });
  },

  scatterPlanes(x, indices, size, accumulate, out) {
    const [from, at, to] = [x.storage.array, indices.storage.array, out.storage.array];
    const [plane, count] = [numel(size), planeOf(x)];
    to.fill(0, start(out), start(out) + out.layout.numel);
    for (let p = 0, i = start(x), j = start(indices), base = start(out); p < planesOf(x); p++, base += plane)
      for (let k = 0; k < count; k++, i++, j++) {
        const index = at[j]!;
        if (index < 0) continue;
        to[base + index] = accumulate ? to[base + index]! + from[i]! : from[i]!;
      }
  },

  gatherPlanes(x, indices, size, out) {
    const [from, at, to] = [x.storage.array, indices.storage.array, out.storage.array];
    const [plane, count] = [numel(size), planeOf(indices)];
    for (let p = 0, i = start(out), j = start(indices), base = start(x); p < planesOf(indices); p++, base += plane)
      for (let k = 0; k < count; k++, i++, j++) to[i] = at[j]! < 0 ? 0 : from[base + at[j]!]!;
  },
};
