import type { Spatial, Windows } from '../contract/conv.js';

/** Numbers per segment: tap, position in the output, position in the input, count. */
export const SEGMENT = 4;

/**
 * All runs of one tap along the last dim that stay inside the input: for output positions `out` to `out + count` tap `tap`
 * meets the input at `input`, `input + stride`, ... Positions count within one channel. The same list serves every channel.
 */
export function segments(input: Spatial, output: Spatial, { kernel, stride, padding, dilation }: Windows): Int32Array {
  const list: number[] = [];
  const [depth, height, width] = input;
  const [kd, kh, kw] = kernel;
  for (let a = 0; a < kd; a++)
    for (let b = 0; b < kh; b++)
      for (let c = 0; c < kw; c++) {
        const shift = c * dilation[2] - padding[2];
        // Output positions whose tap lies at 0 or beyond, and before the end.
        const first = Math.max(0, Math.ceil(-shift / stride[2]));
        const last = Math.min(output[2] - 1, Math.floor((width - 1 - shift) / stride[2]));
        if (last < first) continue;
        for (let od = 0; od < output[0]; od++) {
          const d = od * stride[0] - padding[0] + a * dilation[0];
          if (d < 0 || d >= depth) continue;
          for (let oh = 0; oh < output[1]; oh++) {
            const h = oh * stride[1] - padding[1] + b * dilation[1];
            if (h < 0 || h >= height) continue;
            list.push(
              (a * kh + b) * kw + c,
              (od * output[1] + oh) * output[2] + first,
              (d * height + h) * width + first * stride[2] + shift,
              last - first + 1,
            );
          }
        }
      }
  return Int32Array.from(list);
}

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
