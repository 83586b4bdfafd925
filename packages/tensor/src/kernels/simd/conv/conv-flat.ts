import type { KernelMemory } from '../../../memory.js';
import type { View } from '../../../storage.js';
import type { ConvWindows } from '../../contract/conv.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf } from '../engine/places.js';
import { gemmVariant } from '../product/gemm-f32.js';
import { SMALL_PRODUCT } from '../product/gemm.js';
import { convBand, convWorkspace, emitConvF32, sampleSheet, WAYS } from './conv-f32.js';
import { fitsWinograd, winogradConvolution, type Frame } from './conv-winograd.js';
import { IMAGE_SLACK, imageOf, sliceArguments, type Image } from './images.js';

/** Multiplications below which the plain loops are as fast. */
const FEW_PRODUCTS = 512;

const family: Family = ({ module, features }) => emitConvF32(module, gemmVariant(features));

/** The sizes of a convolution over two dims. */
interface Sizes {
  readonly batch: number;
  readonly groups: number;
  readonly channels: number;
  readonly filters: number;
  /** Channels and filters of a group. */
  readonly inside: number;
  readonly outside: number;
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  /** Products for an element of the result. */
  readonly k: number;
}

/** A convolution in memory: its sizes, and addresses. */
interface Placed {
  readonly sizes: Sizes;
  readonly x: number;
  readonly weight: number;
  readonly bias: number;
  readonly y: number;
}

/** The images of a sample in memory. */
interface PlacedImage {
  readonly image: Image;
  readonly at: number;
  /** Address of where the taps of all channels of a group begin, in bytes. */
  readonly offsets: number;
}

/** The sizes of a convolution; null where it has a third dim, or is so small that it is not worth it. */
function sizesOf(x: View, y: View, { groups, kernel }: ConvWindows): Sizes | null {
  const [batch, channels, depth, height, width] = x.layout.shape as [number, number, number, number, number];
  const [, filters, outDepth, rows, columns] = y.layout.shape as [number, number, number, number, number];
  const [inside, outside] = [channels / groups, filters / groups];
  const k = inside * kernel[1] * kernel[2];
  const isFlat = depth === 1 && outDepth === 1 && kernel[0] === 1;
  if (!isFlat || x.layout.numel === 0 || k === 0 || y.layout.numel * k < FEW_PRODUCTS) return null;
  return { batch, groups, channels, filters, inside, outside, height, width, rows, columns, k };
}

function scratch(memory: KernelMemory, values: Int32Array | Float32Array): number {
  const at = memory.scratch(Math.max(1, values.length) * 4);
  memory.heap(values instanceof Int32Array ? 'int32' : 'float32').set(values, at / 4);
  return at;
}

/** Where the taps of all channels of a group begin, in bytes from the image of its first one. */
function tapOffsets({ inside }: Sizes, { plane, taps }: Image): Int32Array {
  const offsets = new Int32Array(inside * taps.length);
  for (let c = 0, i = 0; c < inside; c++) for (const tap of taps) offsets[i++] = (c * plane + tap) * 4;
  return offsets;
}

/** Room for the images of a sample, all border where windows have strides, as `phases` wants it. */
function placedImage(memory: KernelMemory, sizes: Sizes, image: Image, isStrided: boolean): PlacedImage {
  const { channels } = sizes;
  const { plane } = image;
  const at = memory.scratch(channels * plane * 4 + IMAGE_SLACK);
  if (isStrided) memory.heap('float32').fill(0, at / 4, at / 4 + channels * plane + IMAGE_SLACK / 4);
  return { image, at, offsets: scratch(memory, tapOffsets(sizes, image)) };
}

/** The first arguments of what copies sample `n` into images, however it places it. */
const sampleArguments = (
  { x, sizes: { channels, height, width } }: Placed,
  n: number,
  image: number,
  plane: number,
  pitch: number,
): number[] => [
  ...sliceArguments({
    x: x + n * channels * height * width * 4,
    image,
    outer: 1,
    outerStep: 0,
    outerPlane: 0,
    count: channels,
    step: height * width * 4,
    plane: plane * 4,
  }),
  height,
  width,
  pitch * 4,
];

/** Whether each element of the result is made of those at one position: a product of matrices as they stand. */
const isPointwise = ({ groups, kernel, stride, padding }: ConvWindows): boolean =>
  groups === 1 &&
  kernel.every((size) => size === 1) &&
  stride.every((size) => size === 1) &&
  padding.every((size) => size === 0);

/** Whether the kernel for 3x3 windows without gaps serves, and is faster. */
const isCompact = ({ features }: SimdEngine, { kernel, stride, dilation }: ConvWindows): boolean =>
  features.unrolls &&
  kernel[1] === 3 &&
  kernel[2] === 3 &&
  stride[1] === 1 &&
  stride[2] === 1 &&
  dilation.every((step) => step === 1);

/** Sample `n`, where groups have a single channel, by the kernel of this name. */
function depthwise(engine: SimdEngine, kernel: string, conv: Placed, placed: PlacedImage, n: number): void {
  const { weight, bias, sizes } = conv;
  const { channels, filters, outside, rows, columns, k } = sizes;
  const { at, offsets, image } = placed;
  const { plane, pitch, taps } = image;
  const length = rows * columns;
  const y = conv.y + n * filters * length * 4;
  engine.divide(family, kernel, { count: channels, grain: 1, work: (filters * length * k) / 10 }, (start, end) => [
    end - start,
    outside,
    taps.length,
    weight + start * outside * k * 4,
    offsets,
    at + start * plane * 4,
    plane * 4,
    pitch * 4,
    rows,
    columns,
    y + start * outside * length * 4,
    bias + start * outside * 4,
  ]);
}

/** Sample `n` as products of the weight and the image, group by group. */
function byGroups(engine: SimdEngine, conv: Placed, placed: PlacedImage, n: number): void {
  const { weight, bias, sizes } = conv;
  const { groups, filters, inside, outside, rows, columns, k } = sizes;
  const { at, offsets, image } = placed;
  const { plane, pitch } = image;
  const length = rows * columns;
  const y = conv.y + n * filters * length * 4;
  const division = {
    count: rows,
    grain: 1,
    work: (outside * length * k) / 20,
    least: convBand(outside, pitch),
    workspace: convWorkspace(outside, pitch),
  };
  for (let g = 0; g < groups; g++)
    engine.divide(family, 'convRows', division, (start, end) => [
      outside,
      k,
      weight + g * outside * k * 4,
      offsets,
      at + (g * inside * plane + start * pitch) * 4,
      pitch,
      end - start,
      columns,
      y + (g * outside * length + start * columns) * 4,
      length * 4,
      bias + g * outside * 4,
    ]);
}

/** Small samples, each of them by one thread. */
function bySamples(
  engine: SimdEngine,
  conv: Placed,
  image: Image,
  { stride, padding }: ConvWindows,
  channelwise: 'depthwise' | 'depthwise3x3',
  work: number,
): void {
  const { memory } = engine;
  const { batch, groups, channels, filters, inside, outside, height, width, rows, columns, k } = conv.sizes;
  const { pitch, phase, plane, taps } = image;
  const products = convWorkspace(outside, pitch);
  // No spread: this is made for every call.
  const sheet = sampleSheet({
    channels,
    height,
    width,
    imageRows: plane / pitch,
    pitch,
    phase,
    plane,
    top: padding[1],
    left: padding[2],
    strideY: stride[1],
    strideX: stride[2],
    groups,
    inside,
    outside,
    k,
    taps: taps.length,
    rows,
    columns,
    way: WAYS[inside === 1 ? channelwise : 'rows'],
    weight: conv.weight,
    bias: conv.bias,
    offsets: scratch(memory, tapOffsets(conv.sizes, image)),
    images: products,
  });
  const at = scratch(memory, sheet);
  const workspace = products + channels * plane * 4 + IMAGE_SLACK;
  engine.divide(family, 'convSamples', { count: batch, grain: 1, work: batch * work, workspace }, (start, end) => [
    end - start,
    at,
    conv.x + start * channels * height * width * 4,
    conv.y + start * filters * rows * columns * 4,
  ]);
}

/**
 * Convolutions of float32 over two dims, from padded images without unfolding them; false, with nothing done, for all others and
 * for small ones.
 */
export function flatConvolution(
  engine: SimdEngine,
): (x: View, weight: View, bias: View | null, y: View, windows: ConvWindows) => boolean {
  const { memory } = engine;
  const winograd = winogradConvolution(engine);
  return (x, weight, bias, y, windows) => {
    const sizes = sizesOf(x, y, windows);
    const views = bias ? [x, weight, bias, y] : [x, weight, y];
    if (sizes === null || views.some(({ storage }) => storage.dtype !== 'float32')) return false;
    const { batch, filters, inside } = sizes;
    const work = (filters * sizes.rows * sizes.columns * sizes.k) / (inside === 1 ? 10 : 20);
    const areSmall = batch > 1 && work < SMALL_PRODUCT;
    if (isPointwise(windows) && !areSmall) return false;
    const { stride, padding } = windows;
    const kernels = engine.load(family);
    memory.beginKernel();
    try {
      const target = y.storage.writePointer(memory, y.layout);
      if (target === null) return false;
      const conv: Placed = {
        sizes,
        x: addressOf(memory, x),
        weight: addressOf(memory, weight),
        bias: bias ? addressOf(memory, bias) : scratch(memory, new Float32Array(filters)),
        y: target + y.layout.offset * 4,
      };
      const frame: Frame = (n, image, plane, pitch) => {
        const sample = sampleArguments(conv, n, image, plane, pitch);
        kernels['frame']!(...sample, plane / pitch, padding[1], padding[2], 0);
      };
      if (fitsWinograd(x, y, windows)) {
        winograd(weight, sizes, batch, frame, conv.bias, conv.y);
        return true;
      }
      const isStrided = stride[1] > 1 || stride[2] > 1;
      const image = imageOf(x, y, windows);
      const channelwise = isCompact(engine, windows) ? 'depthwise3x3' : 'depthwise';
      if (areSmall) {
        bySamples(engine, conv, image, windows, channelwise, work);
        return true;
      }
      const placed = placedImage(memory, sizes, image, isStrided);
      const { plane, pitch, phase } = image;
      for (let n = 0; n < batch; n++) {
        if (isStrided) {
          const sample = sampleArguments(conv, n, placed.at, plane, pitch);
          kernels['phases']!(...sample, phase * 4, padding[1], padding[2], stride[1], stride[2], 0, 0);
        } else frame(n, placed.at, plane, pitch);
        if (inside === 1) depthwise(engine, channelwise, conv, placed, n);
        else byGroups(engine, conv, placed, n);
      }
      return true;
    } finally {
      memory.endKernel();
    }
  };
}
