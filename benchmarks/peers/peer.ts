import type { Workload } from './workloads.js';

export type Numbers = Float32Array | Int32Array;

/** One workload, ready to run: operands are in the library's own tensors. */
export interface Task {
  /** Computes and gives the memory of the results back. A promise where the library has no synchronous way. */
  run(): unknown;
  /** Results in row-major order, images as `[N, C, H, W]`; the losses of the first steps for a training. */
  read(): readonly Numbers[] | Promise<readonly Numbers[]>;
  /** What `run` does beside the computation, timed and taken off. */
  besides?(): unknown;
  /** Computations of one `run`. Default: 1. */
  readonly perRun?: number;
  /** Gives the operands back. */
  close?(): unknown;
}

/** A library that takes part. */
export interface Peer {
  /** The task, or null where the library has no means for it. */
  prepare(workload: Workload): Task | null | Promise<Task | null>;
}

/** What a process is asked to measure. */
export interface Contender {
  /** Name in tables. */
  readonly name: string;
  /** Module of this directory whose `open(threads, variant)` gives the peer. */
  readonly module: string;
  readonly variant?: string;
  /** `wasm`: counts as best JavaScript or WebAssembly peer. `beside`: shown, not compared. */
  readonly kind: 'ours' | 'wasm' | 'native' | 'beside';
  /** Computes networks before they are quantized: its results are compared with others of this sort. */
  readonly float?: true;
}

export type Open = (threads: number, variant: string | undefined) => Peer | Promise<Peer>;

/** Time that passes, or that the process itself computes: the latter also means something while others compute. */
export type Clock = 'wall' | 'cpu';
