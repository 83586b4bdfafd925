import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import { frame, framed, imageRoom, storageAt, wideKinds, type Framed, type ImageKind } from './byte-images.js';
import { depthwiseFamily, FILTER_HEAD, goalOf, POSITION_SLACK } from './conv-i8.js';
import { BAND, placed, Plans, running, type Problem } from './conv-problem.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import type { LaneDType } from '../elementwise/lanes.js';
import { gridNumbers } from '../quantize/requantize.js';

/** A convolution with one channel per group, thought out. */
interface Plan {
  readonly kind: ImageKind;
  readonly images: Framed;
  /** Channels whose images are made together. */
  readonly channels: number;
  /** Where in an image each load begins, in bytes. */
  readonly offsets: Int32Array;
  /** A record per filter, and the bytes of one. */
  readonly records: Int32Array;
  readonly record: number;
  readonly family: Family;
  readonly numbers: readonly number[];
}

/** Taps, by their numbers, that meet elements side by side, from `at` on. */
interface Line {
  readonly at: number;
  readonly taps: number[];
}

/** The taps of an image in lines. */
function linesOf(taps: readonly number[]): Line[] {
  const lines: Line[] = [];
  for (const t of taps.map((_, t) => t).sort((a, b) => taps[a]! - taps[b]!)) {
    const last = lines.at(-1);
    if (last && taps[t] === last.at + last.taps.length) last.taps.push(t);
    else lines.push({ at: taps[t]!, taps: [t] });
  }
  return lines;
}

/**
 * Loads of pairs: every pair of elements serves the output at its first and the one at its second. `even` and `odd` are the taps
 * that it meets there, -1 for none.
 */
const loadsOf = (lines: readonly Line[]) =>
  lines.flatMap(({ at, taps }) => {
    const tap = (i: number): number => taps[i] ?? -1;
    return Array.from({ length: (taps.length >> 1) + 1 }, (_, p) => ({
      at: at + 2 * p,
      even: [tap(2 * p), tap(2 * p + 1)] as const,
      odd: [tap(2 * p - 1), tap(2 * p)] as const,
    }));
  });

type Loads = ReturnType<typeof loadsOf>;

/** Centred weights in pairs of 16 bits for every load, a record per filter; null for wider ones. */
function recordsOf({ weight, wZero, rescaling, taps }: Problem, loads: Loads): Int32Array | null {
  const filters = weight.layout.shape[0]!;
  const size = FILTER_HEAD + 2 * loads.length;
  const records = new Int32Array(filters * size);
  const floats = new Float32Array(records.buffer);
  const at = ({ storage, layout }: View, o: number): number =>
    storage.array[storage.base + layout.offset + o * layout.strides[0]!]!;
  const { array, base } = weight.storage;
  const first = base + weight.layout.offset;
  for (let o = 0; o < filters; o++) {
    const zero = at(wZero, o);
    const centred = (t: number): number => (t < 0 ? 0 : array[first + o * taps + t]! - zero);
    for (let t = 0; t < taps; t++) if (Math.abs(centred(t)) >= 2 ** 15) return null;
    loads.forEach(({ even, odd }, l) =>
      [even, odd].forEach(([one, two], parity) => {
        records[o * size + FILTER_HEAD + 2 * l + parity] = (centred(two) << 16) | (centred(one) & 0xffff);
      }),
    );
    if (!rescaling) continue;
    floats[o * size] = at(rescaling.multiplier, o);
    floats[o * size + 1] = at(rescaling.bias, o);
  }
  return records;
}

function planOf(problem: Problem): Plan | null {
  const { x, y, windows, batch, rescaling, threads } = problem;
  const images = framed(x, y, windows);
  const loads = loadsOf(linesOf(images.taps));
  const records = recordsOf(problem, loads);
  if (!records) return null;
  const dtype = y.storage.dtype as LaneDType;
  const kind = wideKinds[x.storage.dtype === 'int8' ? 'signed' : 'unsigned'];
  return {
    kind,
    images,
    channels: Math.max(
      1,
      Math.min(windows.groups, Math.floor((threads * BAND) / (batch * images.volume * kind.bytes))),
    ),
    offsets: Int32Array.from(loads, ({ at }) => at * kind.bytes),
    records,
    record: (FILTER_HEAD + 2 * loads.length) * 4,
    family: depthwiseFamily(dtype, goalOf(dtype, rescaling), loads.length),
    numbers: rescaling ? gridNumbers(rescaling.grid) : [0, 0, 0],
  };
}

/**
 * Convolutions of bytes with one channel per group: every filter by itself, over the images of some channels at a time. False, and
 * nothing is done, for weights that do not fit 16 bits.
 */
export function directConvolution(engine: SimdEngine): (problem: Problem) => boolean {
  const { memory } = engine;
  const plans = new Plans<Plan | null>();
  return (problem) => {
    const plan = plans.for(problem, planOf);
    if (!plan) return false;
    const { x, xZero, y, windows, batch, filters, taps, output } = problem;
    const { kind, images, channels, offsets, records, record, family, numbers } = plan;
    const { groups, stride } = windows;
    const [pitch, slice, volume] = [images.pitch, images.slice * kind.bytes, images.volume * kind.bytes];
    const { bytes } = dtypes[y.storage.dtype];
    const [ySample, yChannel] = [y.layout.strides[0]! * bytes, y.layout.strides[1]! * bytes];
    const [, rows, columns] = output;
    const positions = (rows - 1) * pitch + columns;
    const room = imageRoom(kind, images, channels * batch);
    for (let first = 0; first < groups; first += channels) {
      const count = Math.min(channels, groups - first);
      running(memory, () => {
        const image = storageAt(engine, room);
        const apart = { sample: images.volume, channel: batch * images.volume };
        frame(engine, kind, x, xZero, windows, images, [first, first + count], [0, batch], image, apart);
        const to = y.storage.writePointer(memory, y.layout)! + y.layout.offset * bytes;
        const [list, filterList] = [placed(memory, offsets), placed(memory, records)];
        const workspace = (positions + POSITION_SLACK) * bytes;
        const work = (count * batch * filters * positions * taps) / 20;
        for (let d = 0; d < output[0]; d++)
          engine.divide(family, 'depthwise', { count, grain: 1, work, workspace }, (start, end) => [
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
            record,
            offsets.length,
            list,
            positions,
            pitch,
            rows,
            columns,
            ...numbers,
          ]);
      });
    }
    room.storage.free();
    return true;
  };
}
