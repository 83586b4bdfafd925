import { Worker } from 'node:worker_threads';
import type { Tensor } from '@q/tensor';
import { loadDigits } from '../digits/dataset.js';
import type { AnalyzerName } from './network.js';
import type { Statistics } from './statistics.js';

/** A part of the calibration images: from `start` up to `stop`. */
export interface Shard {
  readonly start: number;
  readonly stop: number;
}

/** What a worker is told. */
export interface Task extends Shard {
  readonly analyzer: AnalyzerName;
}

const batchSize = 32;

/** Number of calibration images. */
export const imageCount = (): number => loadDigits().calibration.labels.numel;

/** Shards of `total` images for `workers` workers, cut between batches. */
export function shardsOf(total: number, workers: number): Shard[] {
  const batches = Math.ceil(total / batchSize);
  const end = (worker: number): number => Math.min(Math.floor((worker * batches) / workers) * batchSize, total);
  return Array.from({ length: workers }, (_, worker) => ({ start: end(worker), stop: end(worker + 1) }));
}

/** The images of a shard, in batches. */
export function batchesOf({ start, stop }: Shard): Tensor[] {
  return loadDigits().calibration.images.slice([start, stop]).split(batchSize);
}

/** Lets one worker observe each shard; the results come in the order of the shards, whoever finishes first. */
export const observeInWorkers = (analyzer: AnalyzerName, shards: readonly Shard[]): Promise<Statistics[]> =>
  Promise.all(
    shards.map(
      (shard) =>
        new Promise<Statistics>((resolve, reject) => {
          const workerData: Task = { ...shard, analyzer };
          const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData });
          worker.once('message', (json: string) => resolve(JSON.parse(json) as Statistics));
          worker.once('error', reject);
          worker.once('exit', (code) => reject(new Error(`A worker stopped with code ${code} before it was done.`)));
        }),
    ),
  );
