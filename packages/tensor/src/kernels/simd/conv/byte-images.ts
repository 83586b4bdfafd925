import { Layout } from '../../../layout.js';
import { empty, type View } from '../../../storage.js';
import type { ConvWindows, Spatial } from '../../contract/conv.js';
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
  /** Elements of a channel of one sample: whole vectors, so that nobody writes into the image of another thread. */
  readonly volume: number;
}

const sizesOf = ({ layout: { shape } }: View): Spatial => [shape[2]!, shape[3]!, shape[4]!];

/** Taps in all slices of a kernel, by those in one. */
const inSlices = ({ kernel, dilation }: ConvWindows, slice: number, taps: readonly number[]): number[] =>
  Array.from({ length: kernel[0] }, (_, a) => taps.map((tap) => a * dilation[0] * slice + tap)).flat();

/** Bytes of a vector. */
const LANES = 16;

/** The images of an input whose outputs are those of y. */
export function framed(x: View, y: View, windows: ConvWindows): Framed {
  const { kernel, stride, padding, dilation } = windows;
  const { pitch, phase, plane, taps } = imageOf(x, y, windows);
  const last = (sizesOf(y)[0] - 1) * stride[0] + (kernel[0] - 1) * dilation[0];
  const depth = Math.max(sizesOf(x)[0] + padding[0], last + 1);
  const volume = Math.ceil((depth * plane) / LANES) * LANES;
  return { pitch, phase, slice: plane, depth, volume, taps: inSlices(windows, plane, taps) };
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

/** Bytes as they are. */
export const byteKind: ImageKind = {
  family: ({ module }) => void emitImages(module, 'bytes'),
  bytes: 1,
};

/** Bytes less their zero. */
export const wideKinds = {
  signed: { family: ({ module }: Emission) => void emitImages(module, 'signed'), bytes: 2 },
  unsigned: { family: ({ module }: Emission) => void emitImages(module, 'unsigned'), bytes: 2 },
} as const satisfies Record<Bytes, ImageKind>;

/** Room for the images of some channels and samples. */
export const imageRoom = ({ bytes }: ImageKind, { volume }: Framed, count: number): View =>
  empty([count * volume * bytes + IMAGE_SLACK], 'uint8');

/** Address of a storage's first element. */
export const storageAt = ({ memory }: SimdEngine, { storage }: View): number =>
  storage.pointer(memory, new Layout([storage.length]));

/** Nanoseconds per byte of an image, roughly. */
const WORK = 0.1;

/** How far images of two samples, and of two channels, are apart, in elements. */
export interface Apart {
  readonly sample: number;
  readonly channel: number;
}

/** Writes images to an address; `zero` is what stands for zero, and what borders are. To be called while a kernel runs. */
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
  apart: Apart,
): void {
  const { memory } = engine;
  const [deep, height, width] = sizesOf(x);
  const [xSample, xChannel] = x.layout.strides as [number, number];
  const from = x.storage.pointer(memory, x.layout) + x.layout.offset;
  const strided = stride[1] > 1 || stride[2] > 1;
  const value = bytes === 1 ? zero & 255 : zero;
  const [sampleBytes, channelBytes] = [apart.sample * bytes, apart.channel * bytes];
  /** The arguments for some slices, whose images are border already but for the first so many bytes. */
  const args = (slices: Slices<number>, fresh: number): number[] => {
    const list = [...sliceArguments(slices), height, width, pitch * bytes];
    if (strided) list.push(phase * bytes, padding[1], padding[2], stride[1], stride[2], value, fresh);
    else list.push(slice / pitch, padding[1], padding[2], value);
    return list;
  };
  const name = strided ? 'phases' : 'frame';
  /** Slices of all channels from `c` on for the samples from `n` on. */
  const places = ([c, cEnd]: Range, [n, nEnd]: Range): Slices<number> => ({
    x: from + c * xChannel + n * xSample,
    image: to + (c - channels[0]) * channelBytes + (n - samples[0]) * sampleBytes,
    outer: cEnd - c,
    outerStep: xChannel,
    outerPlane: channelBytes,
    count: nEnd - n,
    step: xSample,
    plane: sampleBytes,
  });
  const [channelCount, count] = [channels[1] - channels[0], samples[1] - samples[0]];
  const size = channelCount * count * volume * bytes;
  if (depth === 1) {
    // Whole blocks of memory for each thread.
    const byChannel = apart.channel > apart.sample || count === 1;
    const rows = byChannel ? channelCount : count;
    const each = size / rows;
    const division = { count: rows, grain: 1, work: size * WORK };
    engine.divide(family, name, division, (start, end) => {
      const of = ([first]: Range): Range => [first + start, first + end];
      const slices = byChannel ? places(of(channels), samples) : places(channels, of(samples));
      return args(slices, (end - start) * each);
    });
    return;
  }
  memory.fill(to, size, bytes === 1 ? value : 0);
  const run = engine.load(family)[name]!;
  for (let c = channels[0]; c < channels[1]; c++) {
    const { x, image, ...one } = places([c, c + 1], samples);
    const inside = image + padding[0] * slice * bytes;
    const slices = { count: deep, step: height * width, plane: slice * bytes };
    run(...args({ x, image: inside, outer: count, outerStep: one.step, outerPlane: one.plane, ...slices }, 0));
  }
}
