import { alloc, empty, type View } from '../../../storage.js';
import { Layout } from '../../../layout.js';
import type { ElementwiseKernels } from '../../contract/elementwise.js';
import type { IntegerKernels } from '../../contract/integer.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import { byteKind, frame, framed, imageRoom, storageAt, unframed, type Framed, type Lie } from './byte-images.js';
import { COLUMN_SLACK } from './conv-i8.js';
import { BAND, part, placed, Plans, running, type Problem } from './conv-problem.js';
import type { SimdEngine } from '../engine/engine.js';

/** A convolution as products, thought out. */
interface Plan {
  /** How the windows lie: in images with borders, or in x as it is. */
  readonly lie: Lie;
  readonly images: Framed | null;
  /** Samples that are multiplied together; rows, where it is one. */
  readonly samples: number;
  readonly band: number;
  /** Whether x itself is the matrix of windows. */
  readonly plain: boolean;
  /** Where the taps of a group's channels lie, for so many samples. */
  readonly offsets: (count: number) => Int32Array;
}

function planOf({ x, y, windows, rescaling, batch, channels, filters, taps, output }: Problem): Plan {
  const [deep, rows, width] = output;
  const length = rows * width;
  const k = channels * taps;
  const asIs = unframed(x, y, windows);
  const images = asIs ? null : framed(x, y, windows);
  const lie = (asIs ?? images)!;
  const [xSample, xChannel] = x.layout.strides as [number, number];
  const [ySample, yChannel] = y.layout.strides as [number, number];
  const perColumn = k + 4 * filters;
  const perSample = length * perColumn + (images ? windows.groups * channels * images.volume : 0);
  // Sums that are the result are multiplied where they will lie.
  const yTogether = batch > 1 && ySample === deep * length && yChannel === batch * ySample;
  const samples = rescaling
    ? Math.max(1, Math.min(batch, Math.floor(BAND / perSample)))
    : yTogether && deep === 1
      ? batch
      : 1;
  const known = new Map<number, Int32Array>();
  const offsets = (count: number): Int32Array => {
    let list = known.get(count);
    if (list) return list;
    list = new Int32Array(k);
    const channel = images ? count * images.volume : xChannel;
    for (let c = 0, i = 0; c < channels; c++) for (let t = 0; t < taps; t++) list[i++] = c * channel + lie.taps[t]!;
    known.set(count, list);
    return list;
  };
  return {
    lie,
    images,
    samples,
    band: !rescaling || samples > 1 ? rows : Math.max(1, Math.min(rows, Math.floor(BAND / (width * perColumn)))),
    // One tap without borders, and columns at one distance from each other.
    plain: asIs !== null && taps === 1 && (samples === 1 || length === 1 || xSample === length),
    offsets,
  };
}

type Kernels = Pick<MatmulKernels, 'matmulInteger'> &
  Pick<IntegerKernels, 'requantize'> &
  Pick<ElementwiseKernels, 'copy'>;

/** Convolutions of bytes as products of the filters with unfolded windows: of some samples at a time, or some rows of one. */
export function productConvolution(
  engine: SimdEngine,
  { matmulInteger, requantize, copy }: Kernels,
): (problem: Problem) => void {
  const { memory } = engine;
  const plans = new Plans<Plan>();
  return (problem) => {
    const { x, weight, xZero, wZero, y, windows, rescaling, batch, channels, filters, taps, output } = problem;
    const { lie, images, samples, band, plain, offsets } = plans.for(problem, planOf);
    const { groups, stride } = windows;
    const [deep, rows, width] = output;
    const length = rows * width;
    const k = channels * taps;
    const [xSample, xChannel] = x.layout.strides as [number, number];
    const [ySample, yChannel] = y.layout.strides as [number, number];
    const room = images && imageRoom(byteKind, images, groups * channels * samples);
    const unfolded = plain ? null : empty([k * samples * band * width + COLUMN_SLACK], x.storage.dtype);
    const sums = empty([filters * samples * band * width], 'int32');
    const xZeros = alloc([1], 'int32');
    xZeros.storage.array[xZeros.storage.base] = xZero;

    /** The matrix of windows for some rows of some samples and of one group. */
    function matrix(g: number, n: number, count: number, d: number, row: number, height: number): View {
      const shape = [1, k, count * height * width];
      const first = g * channels;
      const at = first * xChannel + n * xSample + d * stride[0] * lie.slice + row * lie.pitch;
      if (unfolded === null) return part(x, at, shape, [0, xChannel, length === 1 && count > 1 ? xSample : 1]);
      running(memory, () => {
        const inImages = d * stride[0] * lie.slice + row * lie.pitch;
        const from = images
          ? storageAt(engine, room!) + first * count * images.volume + inImages
          : x.storage.pointer(memory, x.layout) + x.layout.offset + at;
        const to = unfolded.storage.writePointer(memory, unfolded.layout)!;
        const list = placed(memory, offsets(count));
        const sample = images ? images.volume : xSample;
        // Rows that follow one another are one.
        const [lines, line] = lie.pitch === width ? [1, height * width] : [height, width];
        engine.load(byteKind.family).columns!(from, k, list, count, sample, lines, line, lie.pitch, to);
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
        running(memory, () => {
          const to = storageAt(engine, room!);
          frame(engine, byteKind, x, xZero, windows, images, [0, groups * channels], [n, n + count], to);
        });
      for (let g = 0; g < groups; g++)
        for (let d = 0; d < deep; d++)
          for (let row = 0; row < rows; row += band) multiply(g, n, count, d, row, Math.min(band, rows - row));
    }
    for (const view of [room, unfolded, sums]) view?.storage.free();
  };
}
