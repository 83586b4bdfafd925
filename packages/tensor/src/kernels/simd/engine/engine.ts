import type { Chunk } from '../../../allocator.js';
import { ArgumentError, described } from '../../../errors.js';
import type { KernelMemory } from '../../../memory.js';
import { f32x4, ModuleBuilder, seq, v128 } from '../assembler/assembler.js';
import { workersFor } from '../../threads/threads.js';
import { ConstantTable } from './constants.js';

/** What the engine that runs us can do, found by showing it small modules. */
export interface Features {
  readonly simd: boolean;
  /** Relaxed SIMD: one instruction for a product and a sum. */
  readonly fused: boolean;
  /** V8 from version 13 on gains from unrolled inner loops, earlier ones spill registers; other engines do not mind. */
  readonly unrolls: boolean;
}

/** Whether the platform knows what a module is made of. That it compiles at all is known where there is kernel memory. */
function knows(emit: (module: ModuleBuilder) => void): boolean {
  const module = new ModuleBuilder(null);
  emit(module);
  return WebAssembly.validate(module.bytes());
}

/** Whether kernels may round a product and a sum once where the machine can. */
const setting = { fused: true };

/**
 * Lets kernels of float sums use fused multiply-add where the engine offers it, which is faster and rounds once in place of
 * twice. With `false` the same program gives the same bits in all engines. Default: true.
 *
 * @throws ArgumentError unless `enabled` is a boolean
 */
export function setFusedMultiplyAdd(enabled: boolean): void {
  if (typeof enabled !== 'boolean')
    throw new ArgumentError(`setFusedMultiplyAdd: wants true or false, got ${described(enabled)}.`);
  setting.fused = enabled;
}

/** Nanoseconds of work from which it pays to share them. */
const WORTH_SHARING = 30_000;

/**
 * A thread's share comes in up to so many parts, of at least so many nanoseconds: who is done early takes what others have not
 * begun, because cores differ, and other programs run on them.
 */
const TURNS = { most: 4, least: 30_000 };

/** Rows of a kernel, of whatever kind, that do not depend on each other. */
export interface Division {
  /** How many there are. */
  readonly count: number;
  /** Parts are multiples of so many. */
  readonly grain: number;
  /** What all of it takes one thread, roughly, in nanoseconds. */
  readonly work: number;
  /** Rows of one part, if a thread takes several, where smaller parts would do work twice. Default: `grain`. */
  readonly least?: number;
  /** Bytes that each thread lends the kernel while it runs: their address is its last argument. Default: none. */
  readonly workspace?: number;
}

/** Bytes of workspace that a thread keeps from kernel to kernel; larger ones are rare. */
const KEPT = 2 ** 23;

/** How many parts a thread's share is worth. */
const turnsOf = ({ count, grain, work, least = grain }: Division, threads: number): number =>
  Math.max(1, Math.floor(Math.min(TURNS.most, work / threads / TURNS.least, count / threads / least)));

/** Finds out what is there. */
export function detectFeatures(): Features {
  return {
    simd: knows((module) => module.func('f', ['v128'], (_f, x) => seq(x.set(f32x4.add(x, x))))),
    fused: knows((module) => module.func('f', ['v128'], (_f, x) => seq(x.set(f32x4.relaxedMadd(x, x, v128.zero))))),
    unrolls: 'Float16Array' in globalThis,
  };
}

/** An exported kernel. */
export type Kernel = (...args: readonly number[]) => void;

/** What kernels are emitted into, and for. */
export interface Emission {
  readonly module: ModuleBuilder;
  readonly constants: ConstantTable;
  readonly features: Features;
}

/** Emits the functions of one family. */
export type Family = (emission: Emission) => void;

/** A compiled family: its functions, in the order in which they were emitted, and the bytes that workers compile. */
interface Compiled {
  readonly exports: Readonly<Record<string, Kernel>>;
  readonly names: readonly string[];
  readonly bytes: Uint8Array;
}

/** Compiles families of kernels at first use and keeps them. */
export class SimdEngine {
  private readonly fused = new Map<Family, Compiled>();
  private readonly unfused = new Map<Family, Compiled>();
  private readonly constants = new ConstantTable();
  /** One for each thread: always the same places, which caches know. */
  private readonly workspaces: (Chunk | undefined)[] = [];

  constructor(
    readonly memory: KernelMemory,
    readonly features: Features,
  ) {}

  /** What kernels make use of now. */
  get used(): Features {
    return { ...this.features, fused: this.features.fused && setting.fused };
  }

  /** The functions a family exports. */
  load(family: Family): Readonly<Record<string, Kernel>> {
    return this.compile(family).exports;
  }

  private compile(family: Family): Compiled {
    const features = this.used;
    const cache = features.fused ? this.fused : this.unfused;
    let compiled = cache.get(family);
    if (!compiled) {
      const { maximum, shared } = this.memory;
      const module = new ModuleBuilder({ initial: 1, maximum: maximum / 65536, shared });
      family({ module, constants: this.constants, features });
      this.constants.write(this.memory.heap('int32'));
      const bytes = module.bytes();
      const exports = this.memory.instantiate(bytes);
      compiled = { exports, names: Object.keys(exports), bytes };
      cache.set(family, compiled);
    }
    return compiled;
  }

  /** Address of at least `bytes` that a thread may use while it runs a kernel. */
  private workspace(thread: number, bytes: number): number {
    const known = this.workspaces[thread];
    if (known && known.size >= bytes) return known.start;
    // There may be no room for both.
    this.forget(thread);
    const made = this.memory.reserve(bytes);
    this.workspaces[thread] = made;
    return made.start;
  }

  private forget(thread: number): void {
    const known = this.workspaces[thread];
    if (!known) return;
    delete this.workspaces[thread];
    this.memory.release(known);
  }

  /** Gives workspaces back that are larger than what is kept. */
  private tidy(bytes: number): void {
    if (bytes > KEPT) for (let thread = 0; thread < this.workspaces.length; thread++) this.forget(thread);
  }

  /**
   * Runs a kernel over rows, divided between the threads there are; `argsOf` gives the arguments for the rows from `start` to
   * `end`, once for each part. To be called between `beginKernel` and `endKernel`.
   */
  divide(
    family: Family,
    name: string,
    division: Division,
    argsOf: (start: number, end: number, part: number) => readonly number[],
  ): void {
    const { count, grain, work, workspace = 0 } = division;
    const compiled = this.compile(family);
    const kernel = compiled.exports[name]!;
    const workers = work >= WORTH_SHARING && count >= 2 * grain ? workersFor(work) : null;
    if (!workers) {
      const args = argsOf(0, count, 0);
      if (workspace > 0) kernel(...args, this.workspace(0, workspace));
      else kernel(...args);
      return this.tidy(workspace);
    }
    const threads = workers.ready.length + 1;
    const size = Math.ceil(count / (threads * turnsOf(division, threads)) / grain) * grain;
    const parts: (readonly number[])[] = [];
    for (let start = 0; start < count; start += size)
      parts.push(argsOf(start, Math.min(count, start + size), parts.length));
    const lent = workspace > 0 ? Array.from({ length: threads }, (_, i) => this.workspace(i, workspace)) : [];
    workers.pool.run(workers.ready, compiled, compiled.names.indexOf(name), parts, kernel, lent);
    this.tidy(workspace);
  }
}
