import type { KernelMemory } from '../../../memory.js';
import type { Storage, View } from '../../../storage.js';
import type { ConvWindows, Spatial } from '../../contract/conv.js';
import type { Rescaling } from '../../contract/integer.js';

/** What an integer convolution is asked for, in numbers. */
export interface Problem {
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
  /** Threads that may share it. */
  readonly threads: number;
}

/** Bytes that a thread works on at a time, images or windows and sums: they stay in the second-level cache. */
export const BAND = 2 ** 18;

/** Runs code that holds addresses. */
export function running(memory: KernelMemory, run: () => void): void {
  memory.beginKernel();
  try {
    run();
  } finally {
    memory.endKernel();
  }
}

/** Integers in scratch memory. */
export function placed(memory: KernelMemory, values: Int32Array): number {
  const at = memory.scratch(values.length * 4);
  memory.heap('int32').set(values, at / 4);
  return at;
}

/** What was thought out for the convolution by a weight; it stays right for others like it. */
interface Known<P> {
  readonly facts: readonly (number | string)[];
  readonly storages: readonly (Storage | null)[];
  readonly plan: P;
}

const same = <T>(a: readonly T[], b: readonly T[]): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};

/** Keeps the last plan for each weight, as long as everything that went into it is the same. */
export class Plans<P> {
  private readonly known = new WeakMap<Storage, Known<P>>();

  /** The plan for a problem, by `make` where there is none. */
  for(problem: Problem, make: (problem: Problem) => P): P {
    const { x, y, weight, xZero, wZero, windows, rescaling, threads } = problem;
    const storages = [wZero.storage, rescaling?.multiplier.storage ?? null, rescaling?.bias.storage ?? null];
    const facts: (number | string)[] = [xZero, threads, windows.groups, weight.storage.version, weight.layout.offset];
    for (const { storage } of [x, weight, y]) facts.push(storage.dtype);
    for (const storage of storages) facts.push(storage?.version ?? 0);
    for (const { layout } of [x, y]) facts.push(...layout.shape, layout.strides[0]!, layout.strides[1]!);
    for (const sizes of [windows.kernel, windows.stride, windows.padding, windows.dilation]) facts.push(...sizes);
    for (const vector of [wZero, rescaling?.multiplier, rescaling?.bias])
      if (vector) facts.push(vector.layout.offset, vector.layout.strides[0]!);
    if (rescaling) facts.push(rescaling.grid.zeroPoint, rescaling.grid.qmin, rescaling.grid.qmax);
    const found = this.known.get(weight.storage);
    if (found && same(found.facts, facts) && same(found.storages, storages)) return found.plan;
    const plan = make(problem);
    const stable = [weight.storage, ...storages].every((storage) => storage === null || storage.isStable);
    if (stable) this.known.set(weight.storage, { facts, storages, plan });
    return plan;
  }
}
