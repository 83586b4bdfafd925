import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { LaneDType } from '../elementwise/lanes.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf } from '../engine/places.js';
import { bytesOf } from '../product/byte-product.js';
import { dotsAreExact } from '../product/dot8.js';
import { PANEL } from '../product/zero-points.js';
import { gridNumbers } from '../quantize/requantize.js';
import { dotBands, pairBands } from './band-product.js';
import { bandFamilies, FILTER_WORDS, writtenSheet, type Task } from './bands.js';
import { byteKind, frame, framed, imageRoom, storageAt, unframed, type Framed, type Lie } from './byte-images.js';
import { COLUMN_SLACK, goalOf } from './conv-i8.js';
import { BAND, placed, Plans, running, type Problem } from './conv-problem.js';

/** Bytes of images that are made before they are multiplied. */
const IMAGES = 2 ** 21;

/** Columns of a task that make up for packing the filters again, and filters that make up for writing the windows again. */
const LEAST = { columns: 64, filters: 96 };

/** Samples whose images are made together, and their tasks. */
interface Chunk {
  readonly samples: readonly [from: number, end: number];
  readonly tasks: readonly [from: number, end: number];
  /** What one thread takes, roughly, in nanoseconds. */
  readonly work: number;
}

/** A convolution as products, thought out. */
interface Plan {
  /** Images with borders; null where the windows lie in x as it is. */
  readonly images: Framed | null;
  readonly family: Family;
  readonly sheet: Int32Array;
  readonly numbers: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly workspace: number;
}

/** How large tasks are: a task has several samples, or some rows of one, and some filters of a group. */
interface Cut {
  readonly samples: number;
  readonly rows: number;
  readonly filters: number;
}

/** Whole parts of `count`, of about the same size, of at most `most`. */
const evenly = (count: number, most: number): number => Math.ceil(count / Math.ceil(count / Math.max(1, most)));

/** Tasks so small that their windows and sums stay in the cache, and so many that all threads have some. */
function cutOf({ batch, filters, output, windows, threads }: Problem, perColumn: number): Cut {
  const [deep, rows, width] = output;
  const length = rows * width;
  const wanted = threads === 1 ? 1 : Math.ceil((2 * threads) / (windows.groups * deep));
  const share = Math.max(LEAST.columns, Math.ceil((batch * length) / wanted));
  const columns = Math.min(Math.floor(BAND / perColumn), threads === 1 ? Infinity : share);
  const samples = evenly(batch, Math.floor(columns / length));
  const band = samples > 1 ? rows : evenly(rows, Math.floor(columns / width));
  const count = Math.ceil(batch / samples) * Math.ceil(rows / band);
  const parts = Math.max(1, Math.min(Math.ceil(wanted / count), Math.floor(filters / LEAST.filters)));
  return { samples, rows: band, filters: Math.ceil(filters / parts) };
}

/** Elements of a vector with one per filter. */
const listOf = ({ storage, layout }: View, count: number): number[] => {
  const first = storage.base + layout.offset;
  return Array.from({ length: count }, (_, i) => storage.array[first + i * layout.strides[0]!]!);
};

/** The words of all filters: what their sums lack is the zero point of the windows times the sum of their weights. */
function filterWords({ weight, rescaling }: Problem, k: number, zeros: Int32Array, xZero: number, added: number) {
  const filters = zeros.length;
  const words = new Int32Array(filters * FILTER_WORDS);
  const floats = new Float32Array(words.buffer);
  const [multipliers, biases] = rescaling ? [rescaling.multiplier, rescaling.bias].map((v) => listOf(v, filters)) : [];
  const { array, base } = weight.storage;
  for (let o = 0, at = base + weight.layout.offset; o < filters; o++, at += k) {
    let sum = Math.imul(k, added - zeros[o]!);
    if (xZero !== 0) for (let i = 0; i < k; i++) sum = (sum + array[at + i]!) | 0;
    words[o * FILTER_WORDS] = -Math.imul(sum, xZero);
    floats[o * FILTER_WORDS + 1] = multipliers?.[o] ?? 0;
    floats[o * FILTER_WORDS + 2] = biases?.[o] ?? 0;
  }
  return words;
}

/** Convolutions of bytes as products of the filters with unfolded windows. False, and nothing is done, for zero points that are too large. */
export function productConvolution(engine: SimdEngine): (problem: Problem) => boolean {
  const { memory } = engine;
  const ways = [dotBands, pairBands].map((way) => ({ way, families: bandFamilies(way) }));
  const plans = new Plans<Plan | null>();

  function planOf(problem: Problem): Plan | null {
    const { x, weight, xZero, wZero, y, windows, rescaling, batch, channels, filters, taps, output } = problem;
    const { way, families } = ways[dotsAreExact(engine) ? 0 : 1]!;
    const { groups, stride } = windows;
    const [deep, rows, width] = output;
    const length = rows * width;
    const k = channels * taps;
    const asIs = unframed(x, y, windows);
    const images = asIs ? null : framed(x, y, windows);
    const lie: Lie = (asIs ?? images)!;
    const { bytes } = dtypes[y.storage.dtype];
    const [xSample, xChannel] = x.layout.strides as [number, number];
    const [ySample, yChannel] = [y.layout.strides[0]! * bytes, y.layout.strides[1]! * bytes];
    const [sample, channel] = images ? [groups * channels * images.volume, images.volume] : [xSample, xChannel];
    const cut = cutOf(problem, 2 * k + 4 * filters);
    // One tap without borders, and columns at one distance from each other.
    const plain = asIs !== null && taps === 1 && (cut.samples === 1 || length === 1 || xSample === length);
    const inChunk = images
      ? evenly(batch, Math.max(cut.samples, Math.floor(IMAGES / sample / cut.samples) * cut.samples))
      : batch;
    const tasks: Task[] = [];
    const chunks: Chunk[] = [];
    for (let start = 0; start < batch; start += inChunk) {
      const end = Math.min(batch, start + inChunk);
      const before = tasks.length;
      const first = images ? start : 0;
      for (let n = start; n < end; n += cut.samples)
        for (let g = 0; g < groups; g++)
          for (let d = 0; d < deep; d++)
            for (let row = 0; row < rows; row += cut.rows)
              for (let o = 0; o < filters; o += cut.filters) {
                const filter = g * filters + o;
                tasks.push({
                  from: (n - first) * sample + g * channels * channel + d * stride[0] * lie.slice + row * lie.pitch,
                  to: n * ySample + filter * yChannel + (d * length + row * width) * bytes,
                  samples: Math.min(cut.samples, end - n),
                  rows: Math.min(cut.rows, rows - row),
                  filter,
                  filters: Math.min(cut.filters, filters - o),
                });
              }
      const columns = (end - start) * groups * deep * length;
      const work = columns * k * (filters / way.rate + 0.3);
      chunks.push({ samples: [start, end], tasks: [before, tasks.length], work });
    }
    const pair = `${bytesOf(weight)!}-${bytesOf(x)!}` as const;
    const moved = way.moved(pair);
    const zeros = Int32Array.from(listOf(wZero, groups * filters), (zero) => zero + moved.a);
    const filterZeros = way.zerosOf(zeros);
    if (!filterZeros) return null;
    const { factor, list } = filterZeros;
    const padded = list && new Int32Array(list.length + PANEL);
    padded?.set(list!);
    const columns = cut.samples * cut.rows * width;
    const product = aligned(way.workspace(k, columns));
    const unfolded = plain ? 0 : aligned(k * columns + COLUMN_SLACK);
    const dtype = y.storage.dtype as LaneDType;
    return {
      images,
      family: families(pair, dtype, goalOf(dtype, rescaling)),
      numbers: rescaling ? gridNumbers(rescaling.grid) : [0, 0, 0],
      chunks,
      workspace: product + unfolded + cut.filters * columns * 4,
      sheet: writtenSheet(
        {
          k,
          sample,
          pitch: lie.pitch,
          width,
          dense: Number(lie.pitch === width),
          row: plain ? channel : 0,
          column: length === 1 && cut.samples > 1 ? sample : 1,
          yFilter: yChannel,
          ySample,
          together: Number(ySample === length * bytes),
          factor,
          windows: product,
          sums: product + unfolded,
        },
        {
          taps: Int32Array.from({ length: k }, (_, i) => Math.floor(i / taps) * channel + lie.taps[i % taps]!),
          filters: filterWords(problem, k, zeros, xZero + moved.b, moved.a),
          zeros: padded,
          tasks,
        },
      ),
    };
  }

  return (problem) => {
    const { x, weight, xZero, y, windows, channels } = problem;
    const plan = plans.for(problem, planOf);
    if (!plan) return false;
    const { images, family, sheet, numbers, chunks, workspace } = plan;
    const all = [0, windows.groups * channels] as const;
    const room = images && imageRoom(byteKind, images, all[1] * (chunks[0]!.samples[1] - chunks[0]!.samples[0]));
    for (const { samples, tasks, work } of chunks)
      running(memory, () => {
        const to = y.storage.writePointer(memory, y.layout)! + y.layout.offset * dtypes[y.storage.dtype].bytes;
        const filters = addressOf(memory, weight);
        const list = placed(memory, sheet);
        let from: number;
        if (images) {
          from = storageAt(engine, room!);
          const apart = { sample: all[1] * images.volume, channel: images.volume };
          frame(engine, byteKind, x, xZero, windows, images, all, samples, from, apart);
        } else from = addressOf(memory, x);
        const [first, end] = tasks;
        engine.divide(family, 'bands', { count: end - first, grain: 1, work, workspace }, (start, stop) => [
          first + start,
          first + stop,
          list,
          from,
          filters,
          to,
          ...numbers,
        ]);
      });
    room?.storage.free();
    return true;
  };
}

/** Bytes up to the next line of a cache. */
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;
