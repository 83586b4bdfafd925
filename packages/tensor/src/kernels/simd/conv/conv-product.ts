import { dtypes } from '../../../dtype.js';
import type { SimdEngine } from '../engine/engine.js';
import { addressOf } from '../engine/places.js';
import { dotsAreExact } from '../product/dot8.js';
import { planOf, type Plan } from './band-plan.js';
import { dotBands, pairBands } from './band-product.js';
import { bandFamilies } from './bands.js';
import { byteKind, frame, imageRoom, storageAt } from './byte-images.js';
import { placed, Plans, running, type Problem } from './conv-problem.js';

/** Convolutions of bytes as products of the filters with unfolded windows. False, and nothing is done, for zero points that are too large. */
export function productConvolution(engine: SimdEngine): (problem: Problem) => boolean {
  const { memory } = engine;
  const [dots, pairs] = [dotBands, pairBands].map((way) => {
    const families = bandFamilies(way);
    return (problem: Problem): Plan | null => planOf(way, families, problem);
  });
  const plans = new Plans<Plan | null>();
  return (problem) => {
    const { x, weight, xZero, y, windows, channels } = problem;
    const plan = plans.for(problem, (dotsAreExact(engine) ? dots : pairs)!);
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
