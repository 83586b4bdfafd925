import { checkFits } from '../../shape.js';
import type { Spatial, Windows } from '../contract/conv.js';

/** Numbers per segment: tap, position in the output, position in the input, count. */
export const SEGMENT = 4;

/** The output positions of one dim whose tap `k` lies inside the input, from `first` to `last`. */
function inside(d: number, k: number, input: Spatial, output: Spatial, { stride, padding, dilation }: Windows) {
  const shift = k * dilation[d]! - padding[d]!;
  return {
    shift,
    first: Math.max(0, Math.ceil(-shift / stride[d]!)),
    last: Math.min(output[d]! - 1, Math.floor((input[d]! - 1 - shift) / stride[d]!)),
  };
}

/**
 * All runs of one tap along the last dim that stay inside the input: for output positions `out` to `out + count` tap `tap`
 * meets the input at `input`, `input + stride`, ... Positions count within one channel. The same list serves every channel.
 */
export function segments(input: Spatial, output: Spatial, windows: Windows): Int32Array {
  const { kernel, stride } = windows;
  const runs = (d: number): Runs => Array.from({ length: kernel[d]! }, (_, k) => inside(d, k, input, output, windows));
  const [ds, hs, ws] = [runs(0), runs(1), runs(2)];
  const count = countOf(ds) * countOf(hs) * ws.filter(({ first, last }) => last >= first).length;
  checkFits('conv', [count, SEGMENT], Int32Array.BYTES_PER_ELEMENT);
  const list = new Int32Array(count * SEGMENT);
  let at = 0;
  ds.forEach((d, a) =>
    hs.forEach((h, b) =>
      ws.forEach((w, c) => {
        if (w.last < w.first) return;
        const tap = (a * kernel[1] + b) * kernel[2] + c;
        for (let od = d.first; od <= d.last; od++)
          for (let oh = h.first; oh <= h.last; oh++) {
            const row = (od * stride[0] + d.shift) * input[1] + oh * stride[1] + h.shift;
            list[at++] = tap;
            list[at++] = (od * output[1] + oh) * output[2] + w.first;
            list[at++] = row * input[2] + w.first * stride[2] + w.shift;
            list[at++] = w.last - w.first + 1;
          }
      }),
    ),
  );
  return list;
}

type Runs = readonly ReturnType<typeof inside>[];

/** How many pairs of a tap and an output position of one dim lie inside. */
const countOf = (runs: Runs): number => runs.reduce((sum, { first, last }) => sum + Math.max(0, last - first + 1), 0);

/** Where the windows of one channel lie: see `segments`. */
export interface Planes {
  readonly list: Int32Array;
  /** Windows, which is the length of a column's row. */
  readonly length: number;
  /** Step along the last dim of the input. */
  readonly step: number;
}

/** What a convolution asks of its operands. */
export interface Sizes extends Planes {
  readonly batch: number;
  readonly groups: number;
  /** Channels per group of the input and of the output. */
  readonly channels: number;
  readonly filters: number;
  /** Elements of a channel of the input, and of a filter's channel. */
  readonly plane: number;
  readonly taps: number;
  /** A 1x1 convolution without stride or padding: the input is its own unfolding. */
  readonly pointwise: boolean;
}
