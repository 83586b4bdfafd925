import { Layout } from '../../../layout.js';
import { empty, type View } from '../../../storage.js';
import type { ConvWindows, Spatial } from '../../contract/conv.js';
import { emitColumns } from './conv-i8.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import type { Bytes } from '../product/gemm-i8.js';
import { emitImages, IMAGE_SLACK, imageOf, sliceArguments, type Slices } from './images.js';

/** A range of channels or samples. */
export type Range = readonly [from: number, end: number];

/** How the elements of an input lie for the windows of a convolution; counts in elements. */
export interface Lie {
  readonly pitch: number;
  /** From one slice to the next. */
  readonly slice: number;
  /** Where each tap meets a channel, seen from the output position. */
  readonly taps: readonly number[];
}

/** An input with borders all around, in images split into the phases of the strides. */
export interface Framed extends Lie {
  readonly phase: number;
  /** Slices of a channel, those of the border included. */
  readonly depth: number;
  /** Elements of a channel of one sample. */
  readonly volume: number;
}

const sizesOf = ({ layout: { shape } }: View): Spatial => [shape[2]!, shape[3]!, shape[4]!];

/** Taps in all slices of a kernel, by those in one. */
const inSlices = ({ kernel, dilation }: ConvWindows, slice: number, taps: readonly number[]): number[] =>
  Array.from({ length: kernel[0] }, (_, a) => taps.map((tap) => a * dilation[0] * slice + tap)).flat();

/** The images of an input whose outputs are those of y. */
export function framed(x: View, y: View, windows: ConvWindows): Framed {
  const { kernel, stride, padding, dilation } = windows;
  const { pitch, phase, plane, taps } = imageOf(x, y, windows);
  const last = (sizesOf(y)[0] - 1) * stride[0] + (kernel[0] - 1) * dilation[0];
  const depth = Math.max(sizesOf(x)[0] + padding[0], last + 1);
  return { pitch, phase, slice: plane, depth, volume: depth * plane, taps: inSlices(windows, plane, taps) };
}

/** An input without borders as it lies, or null where the windows leave it or step over positions. */
export function unframed(x: View, y: View, windows: ConvWindows): Lie | null {
  const { kernel, stride, padding, dilation } = windows;
  const [input, output] = [sizesOf(x), sizesOf(y)];
  const inside = input.every(
    (size, d) => padding[d] === 0 && (output[d]! - 1) * stride[d]! + (kernel[d]! - 1) * dilation[d]! < size,
  );
  if (!inside || stride[1] > 1 || stride[2] > 1) return null;
  const [, height, pitch] = input;
  const taps: number[] = [];
  for (let b = 0; b < kernel[1]; b++)
    for (let c = 0; c < kernel[2]; c++) taps.push(b * dilation[1] * pitch + c * dilation[2]);
  return { pitch, slice: height * pitch, taps: inSlices(windows, height * pitch, taps) };
}

/** What images consist of: bytes as they are, or less their zero as 16-bit integers. */
export interface ImageKind {
  readonly family: Family;
  readonly bytes: 1 | 2;
}

/** Bytes as they are, and lines of windows. */
export const byteKind: ImageKind = {
  family: ({ module }) => {
    emitImages(module, 'bytes');
    emitColumns(module);
  },
  bytes: 1,
};

/** Bytes less their zero. */
export const wideKinds = {
  signed: { family: ({ module }: Emission) => emitImages(module, 'signed'), bytes: 2 },
  unsigned: { family: ({ module }: Emission) => emitImages(module, 'unsigned'), bytes: 2 },
} as const satisfies Record<Bytes, ImageKind>;

/** Room for the images of some channels and samples. */
export const imageRoom = ({ bytes }: ImageKind, { volume }: Framed, count: number): View =>
  empty([count * volume * bytes + IMAGE_SLACK], 'uint8');

/** Address of a storage's first element. */
export const storageAt = ({ memory }: SimdEngine, { storage }: View): number =>
  storage.pointer(memory, new Layout([storage.length]));

/**
 * Writes images to an address, channel by channel and in each the samples; `zero` is what stands for zero, and what borders are. To
 * be called while a kernel runs.
 */
export function frame(
  engine: SimdEngine,
  { family, bytes }: ImageKind,
  x: View,
  zero: number,
  { stride, padding }: ConvWindows,
  { pitch, phase, slice, depth, volume }: Framed,
  channels: Range,
  samples: Range,
  to: number,
): void {
  const { memory } = engine;
  const [deep, height, width] = sizesOf(x);
  const [xSample, xChannel] = x.layout.strides as [number, number];
  const from = x.storage.pointer(memory, x.layout) + x.layout.offset;
  const count = samples[1] - samples[0];
  const { frame: whole, phases } = engine.load(family);
  const strided = stride[1] > 1 || stride[2] > 1;
  const value = bytes === 1 ? zero & 255 : zero;
  if (strided || depth > 1) {
    const size = (channels[1] - channels[0]) * count * volume * bytes;
    memory.fill(to, size, bytes === 1 ? value : 0);
  }
  const place = (slices: Slices<number>): void => {
    const list = sliceArguments(slices);
    list.push(height, width, pitch * bytes);
    if (strided) phases!(...list, phase * bytes, padding[1], padding[2], stride[1], stride[2], value);
    else whole!(...list, slice / pitch, padding[1], padding[2], value);
  };
  const x0 = from + channels[0] * xChannel + samples[0] * xSample;
  const image = to + padding[0] * slice * bytes;
  const volumes = { step: xSample, plane: volume * bytes };
  const byChannel = { outer: channels[1] - channels[0], outerStep: xChannel, outerPlane: count * volume * bytes };
  if (depth === 1) return place({ x: x0, image, ...byChannel, count, ...volumes });
  const { outer, outerStep, outerPlane } = byChannel;
  for (let c = 0; c < outer; c++)
    place({
      x: x0 + c * outerStep,
      image: image + c * outerPlane,
      outer: count,
      outerStep: volumes.step,
      outerPlane: volumes.plane,
      count: deep,
      step: height * width,
      plane: slice * bytes,
    });
}
