import { dtypes, type DType } from '../../dtype.js';
import { Layout } from '../../layout.js';
import { alloc, empty, type View } from '../../storage.js';
import type { ConvWindows, Spatial } from '../contract/conv.js';
import type { ElementwiseKernels } from '../contract/elementwise.js';
import type { IntegerKernels, Rescaling } from '../contract/integer.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { frame, framed, imageRoom, storageAt, unframed, type Framed } from './byte-images.js';
import { byteImages, COLUMN_SLACK, depthwiseFamily, FILTER_HEAD } from './conv-i8.js';
import type { SimdEngine } from './engine.js';
import { isLaneDType, type LaneDType } from './lanes.js';
import { countable, gridNumbers } from './requantize.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 4096;

/** Filters up to which the windows of a single channel are not worth being unfolded for a product. */
const FEW_FILTERS = 16;

/** Bytes that are worked on at a time, images, unfolded windows and sums: they stay in the second-level cache. */
const BAND = 2 ** 18;

const isByte = (dtype: DType): boolean => dtype === 'int8' || dtype === 'uint8';

/** A part of a view from element `at` on. */
const part = ({ storage, layout }: View, at: number, shape: readonly number[], strides?: readonly number[]): View => ({
  storage,
  layout: new Layout(shape, strides, layout.offset + at),
});

/** What a convolution is asked for, in numbers. */
interface Problem {
  readonly x: View;
  readonly weight: View;
  readonly xZero: number;
  readonly wZero: View;
  readonly y: View;
  readonly windows: ConvWindows;
  readonly rescaling: Rescaling | null;
  readonly batch: number;
  /** Channels and filters of a group. */
  readonly channels: number;
  readonly filters: number;
  readonly taps: number;
  readonly output: Spatial;
}

/** Whether bytes are convolved, and so many that it is worth it. */
function suits({ x, weight, y, rescaling, channels, taps }: Problem): boolean {
  const { dtype } = y.storage;
  return (
    isByte(x.storage.dtype) &&
    isByte(weight.storage.dtype) &&
    (rescaling === null || (isLaneDType(dtype) && countable(rescaling.grid))) &&
    y.layout.numel * channels * taps >= FEW_PRODUCTS
  );
}

/** Centred weights in pairs of 16 bits, one record per filter of a convolution with one channel per group; null for wider ones. */
function recordsOf({ weight, xZero, wZero, rescaling, taps }: Problem): Int32Array | null {
  const filters = weight.layout.shape[0]!;
  const size = FILTER_HEAD + Math.ceil(taps / 2);
  const records = new Int32Array(filters * size);
  const floats = new Float32Array(records.buffer);
  const at = ({ storage, layout }: View, o: number): number =>
    storage.array[storage.base + layout.offset + o * layout.strides[0]!]!;
  const { array, base } = weight.storage;
  const first = base + weight.layout.offset;
  for (let o = 0; o < filters; o++) {
    const zero = at(wZero, o);
    let sum = 0;
    for (let t = 0; t < taps; t++) {
      const w = array[first + o * taps + t]! - zero;
      if (Math.abs(w) >= 2 ** 15) return null;
      sum += w;
      records[o * size + FILTER_HEAD + (t >> 1)]! |= t & 1 ? w << 16 : w & 0xffff;
    }
    records[o * size] = -Math.imul(xZero, sum);
    if (!rescaling) continue;
    floats[o * size + 1] = at(rescaling.multiplier, o);
    floats[o * size + 2] = at(rescaling.bias, o);
  }
  return records;
}

type Kernels = Pick<MatmulKernels, 'matmulInteger'> &
  Pick<IntegerKernels, 'requantize'> &
  Pick<ElementwiseKernels, 'copy'>;

/** Integer convolutions of bytes; everything else goes to `fallback`. */
export function simdConvInteger(
  engine: SimdEngine,
  { matmulInteger, requantize, copy }: Kernels,
  fallback: Pick<IntegerKernels, 'convInteger'>,
): Pick<IntegerKernels, 'convInteger'> {
  const { memory } = engine;

  /** Runs code that holds addresses. */
  function running(run: () => void): void {
    memory.beginKernel();
    try {
      run();
    } finally {
      memory.endKernel();
    }
  }

  /** Integers in scratch memory. */
  function placed(values: ArrayLike<number>): number {
    const at = memory.scratch(values.length * 4);
    memory.heap('int32').set(values, at / 4);
    return at;
  }

  /** One channel per group: every filter by itself, over the images of some channels at a time. */
  function direct(
    { x, xZero, y, windows, rescaling, batch, filters, taps, output }: Problem,
    records: Int32Array,
  ): void {
    const { groups, stride } = windows;
    const images = framed(x, y, windows);
    const { pitch, slice, volume } = images;
    const channels = Math.max(1, Math.min(groups, Math.floor(BAND / (batch * volume))));
    const room = imageRoom(images, channels * batch);
    const dtype = y.storage.dtype as LaneDType;
    const { bytes } = dtypes[dtype];
    const [ySample, yChannel] = y.layout.strides.map((step) => step * bytes) as [number, number];
    const [, rows, columns] = output;
    const positions = (rows - 1) * pitch + columns;
    const pairs = Math.ceil(taps / 2);
    const record = (FILTER_HEAD + pairs) * 4;
    // The second of the last pair may be no tap; its weight is zero.
    const offsets = [...images.taps, images.taps.at(-1)!];
    const family = depthwiseFamily(x.storage.dtype === 'int8' ? 'signed' : 'unsigned', dtype, pairs);
    const numbers = rescaling ? gridNumbers(rescaling.grid) : [0, 0, 0];
    for (let first = 0; first < groups; first += channels) {
      const count = Math.min(channels, groups - first);
      running(() => {
        const image = storageAt(engine, room);
        frame(engine, x, xZero & 255, windows, images, [first, first + count], [0, batch], image);
        const to = y.storage.writePointer(memory, y.layout)! + y.layout.offset * bytes;
        const [list, filterList] = [placed(offsets), placed(records)];
        const work = (count * batch * filters * positions * taps) / 8;
        for (let d = 0; d < output[0]; d++)
          engine.divide(family, 'depthwise', count, 1, work, (start, end, group) => [
            end - start,
            batch,
            filters,
            image + start * batch * volume + d * stride[0] * slice,
            volume,
            to + (first + start) * filters * yChannel + d * rows * columns * bytes,
            filters * yChannel,
            ySample,
            yChannel,
            filterList + (first + start) * filters * record,
            filters * record,
            0,
            record,
            pairs,
            list,
            positions,
            pitch,
            rows,
            columns,
            engine.workspace(group, (positions + 16) * bytes),
            ...numbers,
          ]);
      });
    }
    room.storage.free();
  }

  /** As products of the filters with unfolded windows: of some samples at a time, or some rows of one. */
  function product({
    x,
    weight,
    xZero,
    wZero,
    y,
    windows,
    rescaling,
    batch,
    channels,
    filters,
    taps,
    output,
  }: Problem): void {
    const { groups, stride } = windows;
    const [deep, rows, width] = output;
    const length = rows * width;
    const k = channels * taps;
    const asIs = unframed(x, y, windows);
    const images: Framed | null = asIs ? null : framed(x, y, windows);
    const { pitch, slice, taps: tapList } = (asIs ?? images)!;
    const [xSample, xChannel] = x.layout.strides as [number, number];
    const [ySample, yChannel] = y.layout.strides as [number, number];
    const perColumn = k + 4 * filters;
    const perSample = length * perColumn + (images ? groups * channels * images.volume : 0);
    const yTogether = batch > 1 && ySample === deep * length && yChannel === batch * ySample;
    // Sums that are the result are multiplied where they will lie.
    const samples = rescaling
      ? Math.max(1, Math.min(batch, Math.floor(BAND / perSample)))
      : yTogether && deep === 1
        ? batch
        : 1;
    const band = !rescaling || samples > 1 ? rows : Math.max(1, Math.min(rows, Math.floor(BAND / (width * perColumn))));
    // One tap without borders: x itself is the matrix, where its columns lie at one distance from each other.
    const plain = asIs !== null && taps === 1 && (samples === 1 || length === 1 || xSample === length);
    const room = images && imageRoom(images, groups * channels * samples);
    const unfolded = plain ? null : empty([k * samples * band * width + COLUMN_SLACK], x.storage.dtype);
    const sums = empty([filters * samples * band * width], 'int32');
    const xZeros = alloc([1], 'int32');
    xZeros.storage.array[xZeros.storage.base] = xZero;

    /** The matrix of windows for some rows of some samples and of one group. */
    function matrix(g: number, n: number, count: number, d: number, row: number, height: number): View {
      const columns = count * height * width;
      const shape = [1, k, columns];
      const first = g * channels;
      const at = first * xChannel + n * xSample + d * stride[0] * slice + row * pitch;
      if (unfolded === null) return part(x, at, shape, [0, xChannel, length === 1 && count > 1 ? xSample : 1]);
      running(() => {
        const from = images
          ? storageAt(engine, room!) + first * count * images.volume + d * stride[0] * slice + row * pitch
          : x.storage.pointer(memory, x.layout) + x.layout.offset + at;
        const [channel, sample] = images ? [count * images.volume, images.volume] : [xChannel, xSample];
        const offsets = Int32Array.from({ length: k }, (_, i) => Math.floor(i / taps) * channel + tapList[i % taps]!);
        const to = unfolded.storage.writePointer(memory, unfolded.layout)!;
        const list = placed(offsets);
        engine.load(byteImages).columns!(from, k, list, count, sample, height, width, pitch, to);
      });
      return part(unfolded, 0, shape);
    }

    function multiply(g: number, n: number, count: number, d: number, row: number, height: number): void {
      const size = height * width;
      const columns = count * size;
      const windowsOf = matrix(g, n, count, d, row, height);
      const first = g * filters;
      const target = part(
        y,
        n * ySample + first * yChannel + d * length + row * width,
        [filters, count, size],
        [yChannel, ySample, 1],
      );
      const dense = !rescaling && (count === 1 || ySample === size) && yChannel === columns;
      const acc = dense ? target : part(sums, 0, [filters, count, size]);
      const [zeroStep] = wZero.layout.strides as [number];
      // Plain loops may write to it, which kernel memory is not told.
      acc.storage.beginWrite();
      matmulInteger(
        part(weight, first * k, [1, filters, k]),
        windowsOf,
        part(wZero, first * zeroStep, [1, filters, 1], [0, zeroStep, 0]),
        part(xZeros, 0, [1, 1, columns], [0, 0, 0]),
        { storage: acc.storage, layout: new Layout([1, filters, columns], undefined, acc.layout.offset) },
      );
      if (dense) return;
      if (!rescaling) return copy(acc, target);
      const spread = (vector: View): View => {
        const [step] = vector.layout.strides as [number];
        return part(vector, first * step, [filters, count, size], [step, 0, 0]);
      };
      requantize(acc, spread(rescaling.multiplier), spread(rescaling.bias), rescaling.grid, target);
    }

    for (let n = 0; n < batch; n += samples) {
      const count = Math.min(samples, batch - n);
      if (images)
        running(() =>
          frame(
            engine,
            x,
            xZero & 255,
            windows,
            images,
            [0, groups * channels],
            [n, n + count],
            storageAt(engine, room!),
          ),
        );
      for (let g = 0; g < groups; g++)
        for (let d = 0; d < deep; d++)
          for (let row = 0; row < rows; row += band) multiply(g, n, count, d, row, Math.min(band, rows - row));
    }
    for (const view of [room, unfolded, sums]) view?.storage.free();
  }

  return {
    convInteger(x, weight, xZero, wZero, y, windows, rescaling) {
      const [batch, inputs] = x.layout.shape as [number, number];
      const [, outputs, ...output] = y.layout.shape as [number, number, number, number, number];
      const { groups, kernel } = windows;
      const problem: Problem = {
        ...{ x, weight, xZero, wZero, y, windows, rescaling, batch, output },
        channels: inputs / groups,
        filters: outputs / groups,
        taps: kernel[0] * kernel[1] * kernel[2],
      };
      if (!suits(problem) || y.storage.writePointer(memory, y.layout) === null)
        return fallback.convInteger(x, weight, xZero, wZero, y, windows, rescaling);
      const single = problem.channels === 1 && (groups > 1 || outputs <= FEW_FILTERS);
      const records = single ? recordsOf(problem) : null;
      if (records) direct(problem, records);
      else product(problem);
    },
  };
}
