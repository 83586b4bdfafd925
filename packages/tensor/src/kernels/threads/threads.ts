import { ArgumentError, described } from '../../errors.js';
import { kernelMemory } from '../../memory.js';
import { singleThreadReason, ThreadPool, type Helper } from './pool.js';

/** How many threads kernels may use, the workers there are, and nanoseconds of work done since all of them took part. */
const setting = { threads: 1, pool: null as ThreadPool | null, alone: 0 };

/** What `threadStatus` tells. */
export interface ThreadStatus {
  /** Threads that kernels may use now, this one included. */
  readonly threads: number;
  /** Why there cannot be more than one, or null. */
  readonly reason: string | null;
}

/** How many threads kernels may use, and why it can only be one where that is so. */
export function threadStatus(): ThreadStatus {
  const reason = kernelMemory
    ? (singleThreadReason(kernelMemory) ?? setting.pool?.failure ?? null)
    : 'The platform refuses WebAssembly.';
  return { threads: reason === null ? setting.threads : 1, reason };
}

/**
 * Lets large kernels use `count` threads, this one included. Results are the same bits with any number. Workers start at
 * once in the background and never keep a process alive; where threads are not to be had, `threadStatus` says why and
 * everything runs on one. Default: 1.
 *
 * @throws ArgumentError unless `count` is an integer from 1 to 64
 */
export function setNumThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 64)
    throw new ArgumentError(`setNumThreads: wants an integer from 1 to 64, got ${described(count)}.`);
  setting.threads = count;
  if (count === 1 || !kernelMemory || singleThreadReason(kernelMemory) !== null) return;
  setting.pool ??= new ThreadPool(kernelMemory);
  setting.pool.grow(count - 1);
}

/** The number of threads that kernels may use. */
export const getNumThreads = (): number => threadStatus().threads;

/**
 * Nanoseconds of work done without a sleeping worker after which it is woken. That takes this thread some 40 microseconds, and the
 * worker comes too late for most of what it is woken for: it pays where more work follows.
 */
const WORTH_WAKING = 200_000;

/**
 * The workers that could share so many nanoseconds of work now, with their pool: those that look for work, and those that sleep where
 * enough has been done without them. Null where there is none.
 */
export function workersFor(work: number): { readonly pool: ThreadPool; readonly ready: readonly Helper[] } | null {
  const { pool, threads } = setting;
  if (pool === null || threads === 1) return null;
  setting.alone += work;
  const ready = pool.ready(threads - 1, setting.alone >= WORTH_WAKING);
  if (ready.length === threads - 1) setting.alone = 0;
  return ready.length > 0 ? { pool, ready } : null;
}
