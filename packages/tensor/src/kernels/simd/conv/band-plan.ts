import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { LaneDType } from '../elementwise/lanes.js';
import type { Family } from '../engine/engine.js';
import { bytesOf } from '../product/byte-product.js';
import type { BytePair } from '../product/gemm-i8.js';
import { PANEL } from '../product/zero-points.js';
import { gridNumbers } from '../quantize/requantize.js';
import type { BandProduct } from './band-product.js';
import { FILTER_WORDS, writtenSheet, type Task } from './bands.js';
import { framed, unframed, type Framed, type Lie } from './byte-images.js';
import { COLUMN_SLACK, goalOf, type Goal } from './conv-i8.js';
import { BAND, type Problem } from './conv-problem.js';

/** Bytes of images that are made before they are multiplied. */
const IMAGES = 2 ** 21;

/** Nanoseconds for each element of a matrix of windows to be written and packed, roughly. */
const WRITING = 0.3;

/** Columns of a task that make up for packing the filters again, and filters that make up for writing the windows again. */
const LEAST = { columns: 64, filters: 96 };

/** Samples whose images are made together, and their tasks. */
export interface Chunk {
  readonly samples: readonly [from: number, end: number];
  readonly tasks: readonly [from: number, end: number];
  /** What one thread takes, roughly, in nanoseconds. */
  readonly work: number;
}

/** A convolution as products, thought out. */
export interface Plan {
  /** Images with borders; null where the windows lie in x as it is. */
  readonly images: Framed | null;
  readonly family: Family;
  readonly sheet: Int32Array;
  readonly numbers: readonly number[];
  readonly chunks: readonly Chunk[];
  readonly workspace: number;
}

/** How the windows of a convolution lie: in images, or in x as it is. Distances in elements. */
interface Place {
  readonly lie: Lie;
  readonly images: Framed | null;
  /** From a sample to the next, and from a channel to the next. */
  readonly sample: number;
  readonly channel: number;
}

function placeOf({ x, y, windows, channels }: Problem): Place {
  const asIs = unframed(x, y, windows);
  if (asIs) {
    const [sample, channel] = x.layout.strides as [number, number];
    return { lie: asIs, images: null, sample, channel };
  }
  const images = framed(x, y, windows);
  return { lie: images, images, sample: windows.groups * channels * images.volume, channel: images.volume };
}

/** How large tasks are: a task has several samples, or some rows of one, and some filters of a group. */
interface Cut {
  readonly samples: number;
  readonly rows: number;
  readonly filters: number;
}

/** Bytes up to the next line of a cache. */
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

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

/** Samples of a chunk: all of them where nothing is made of them first. */
function chunkOf({ batch }: Problem, { images, sample }: Place, { samples }: Cut): number {
  if (!images) return batch;
  return evenly(batch, Math.max(samples, Math.floor(IMAGES / sample / samples) * samples));
}

/** All tasks, those of a chunk one behind the other, and the chunks. */
function tasksOf(problem: Problem, place: Place, cut: Cut, rate: number): { tasks: Task[]; chunks: Chunk[] } {
  const { y, windows, batch, channels, filters, taps, output } = problem;
  const { lie, images, sample, channel } = place;
  const { groups, stride } = windows;
  const [deep, rows, width] = output;
  const length = rows * width;
  const { bytes } = dtypes[y.storage.dtype];
  const [ySample, yFilter] = y.layout.strides as [number, number];
  const tasks: Task[] = [];
  const chunks: Chunk[] = [];
  const step = chunkOf(problem, place, cut);
  /** The tasks for samples from `n` on, before `end`, whose images begin with those of sample `first`. */
  const add = (n: number, end: number, first: number, g: number, d: number): void => {
    for (let row = 0; row < rows; row += cut.rows)
      for (let o = 0; o < filters; o += cut.filters) {
        const filter = g * filters + o;
        tasks.push({
          from: (n - first) * sample + g * channels * channel + d * stride[0] * lie.slice + row * lie.pitch,
          to: (n * ySample + filter * yFilter + d * length + row * width) * bytes,
          samples: Math.min(cut.samples, end - n),
          rows: Math.min(cut.rows, rows - row),
          filter,
          filters: Math.min(cut.filters, filters - o),
        });
      }
  };
  for (let start = 0; start < batch; start += step) {
    const end = Math.min(batch, start + step);
    const before = tasks.length;
    for (let n = start; n < end; n += cut.samples)
      for (let g = 0; g < groups; g++) for (let d = 0; d < deep; d++) add(n, end, images ? start : 0, g, d);
    const windowCount = (end - start) * groups * deep * length;
    const work = windowCount * channels * taps * (filters / rate + WRITING);
    chunks.push({ samples: [start, end], tasks: [before, tasks.length], work });
  }
  return { tasks, chunks };
}

/** Elements of a vector with one per filter. */
const listOf = ({ storage, layout }: View, count: number): number[] => {
  const first = storage.base + layout.offset;
  return Array.from({ length: count }, (_, i) => storage.array[first + i * layout.strides[0]!]!);
};

/**
 * The words of all filters: what their sums lack is the zero point of the windows times the sum of their weights, which count `added`
 * more than they are.
 */
function filterWords(
  { weight, rescaling }: Problem,
  k: number,
  zeros: Int32Array,
  xZero: number,
  added: number,
): Int32Array {
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

/** A convolution, thought out; null for zero points of the filters that are too large. */
export function planOf(
  way: BandProduct,
  families: (pair: BytePair, result: LaneDType, goal: Goal) => Family,
  problem: Problem,
): Plan | null {
  const { x, weight, xZero, wZero, y, windows, rescaling, channels, filters, taps, output } = problem;
  const [, rows, width] = output;
  const k = channels * taps;
  const pair = `${bytesOf(weight)!}-${bytesOf(x)!}` as const;
  const moved = way.moved(pair);
  const zeros = Int32Array.from(listOf(wZero, windows.groups * filters), (zero) => zero + moved.a);
  const filterZeros = way.zerosOf(zeros);
  if (!filterZeros) return null;
  const { factor, list } = filterZeros;
  const padded = list && new Int32Array(list.length + PANEL);
  padded?.set(list!);

  const place = placeOf(problem);
  const { lie, images, sample, channel } = place;
  const cut = cutOf(problem, 2 * k + 4 * filters);
  const { tasks, chunks } = tasksOf(problem, place, cut, way.rate);
  const length = rows * width;
  // One tap without borders, and columns at one distance from each other.
  const plain = !images && taps === 1 && (cut.samples === 1 || length === 1 || sample === length);
  const columns = cut.samples * cut.rows * width;
  const product = aligned(way.workspace(k, columns));
  const unfolded = plain ? 0 : aligned(k * columns + COLUMN_SLACK);
  const dtype = y.storage.dtype as LaneDType;
  const { bytes } = dtypes[dtype];
  const [ySample, yFilter] = [y.layout.strides[0]! * bytes, y.layout.strides[1]! * bytes];
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
        yFilter,
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
