import { dtypes } from '../../dtype.js';
import type { View } from '../../storage.js';
import { frame, framed, imageRoom, storageAt, type Framed } from './byte-images.js';
import { depthwiseFamily, FILTER_HEAD } from './conv-i8.js';
import { BAND, placed, Plans, running, type Problem } from './conv-problem.js';
import type { Family, SimdEngine } from './engine.js';
import type { LaneDType } from './lanes.js';
import { gridNumbers } from './requantize.js';

/** A convolution with one channel per group, thought out. */
interface Plan {
  readonly images: Framed;
  /** Channels whose images are made together. */
  readonly channels: number;
  /** Where the taps meet an image. */
  readonly offsets: Int32Array;
  /** A record per filter, and the bytes of one. */
  readonly records: Int32Array;
  readonly record: number;
  readonly family: Family;
  readonly numbers: readonly number[];
}

/** Centred weights in pairs of 16 bits, a record per filter; null for wider ones. */
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

function planOf(problem: Problem): Plan | null {
  const { x, y, windows, batch, taps, rescaling } = problem;
  const records = recordsOf(problem);
  if (!records) return null;
  const images = framed(x, y, windows);
  const pairs = Math.ceil(taps / 2);
  return {
    images,
    channels: Math.max(1, Math.min(windows.groups, Math.floor(BAND / (batch * images.volume)))),
    // The second of the last pair may be no tap; its weight is zero.
    offsets: Int32Array.of(...images.taps, images.taps.at(-1)!),
    records,
    record: (FILTER_HEAD + pairs) * 4,
    family: depthwiseFamily(x.storage.dtype === 'int8' ? 'signed' : 'unsigned', y.storage.dtype as LaneDType, pairs),
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
    const { images, channels, offsets, records, record, family, numbers } = plan;
    const { groups, stride } = windows;
    const { pitch, slice, volume } = images;
    const { bytes } = dtypes[y.storage.dtype];
    const [ySample, yChannel] = [y.layout.strides[0]! * bytes, y.layout.strides[1]! * bytes];
    const [, rows, columns] = output;
    const positions = (rows - 1) * pitch + columns;
    const room = imageRoom(images, channels * batch);
    for (let first = 0; first < groups; first += channels) {
      const count = Math.min(channels, groups - first);
      running(memory, () => {
        const image = storageAt(engine, room);
        frame(engine, x, xZero & 255, windows, images, [first, first + count], [0, batch], image);
        const to = y.storage.writePointer(memory, y.layout)! + y.layout.offset * bytes;
        const [list, filterList] = [placed(memory, offsets), placed(memory, records)];
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
            Math.ceil(taps / 2),
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
    return true;
  };
}
