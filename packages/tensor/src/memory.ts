import { Allocator, LARGEST_CHUNK, type Chunk } from './allocator.js';
import { dtypes, type ArrayOf, type DType } from './dtype.js';
import { ArgumentError, MemoryError } from './errors.js';

const PAGE = 65536;

/** Pages asked for as the most the memory may grow to, the first that the platform grants. */
const MAXIMA = [65536, 32768, 16384, 4096];

/** The smallest module: magic number and version. */
const EMPTY_MODULE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

/** Bytes the heap grows by at least, so that growing stays rare. */
const STEP = 16 * 1024 * 1024;

/** Bytes behind the last storage that stay unused: kernels may read whole vectors past the end of what they are given. */
const SLACK = 64;

/** Bytes of an array that is large even for glibc, which gives larger ones back at once. */
const LARGE_ARRAY = 31 * 1024 * 1024;

/**
 * Has the C library keep the pages of arrays: glibc uses those again that are smaller than the largest it saw given back, in place
 * of new pages for each array, which cost more than to fill them. Nobody touches the array, so it takes no memory.
 */
function keepPages(): void {
  if (!('process' in globalThis)) return;
  try {
    void new ArrayBuffer(LARGE_ARRAY);
  } catch {
    // Memory is scarce: then pages had better be given back.
  }
}

/** What Node has for memory that is not filled with zeros first. */
const unfilled = (globalThis as { Buffer?: { allocUnsafeSlow?: (bytes: number) => { readonly buffer: ArrayBuffer } } })
  .Buffer?.allocUnsafeSlow;

/** The elements of an array from `base` on, in an array of their own. */
export function copied<D extends DType>(dtype: D, from: ArrayOf<D>, base: number, length: number): ArrayOf<D> {
  if (!unfilled) return from.slice(base, base + length) as ArrayOf<D>;
  const { array, bytes } = dtypes[dtype];
  const to = new array(unfilled(length * bytes).buffer) as ArrayOf<D>;
  to.set(from.subarray(base, base + length));
  return to;
}

/** The most bytes of kernel memory before the least recently used storages move out, unless `setMemoryBudget` says otherwise. */
const DEFAULT_BUDGET = 256 * 1024 * 1024;

/**
 * How much kernel memory is worth having. New pages cost more than moving out what nobody will ask for again, which is what
 * most results of a loop are; so memory starts small, and doubles when storages that were moved out are wanted back.
 */
class WorkingSet {
  limit = STEP;
  budget = DEFAULT_BUDGET;
  private evicted = 0;
  private missed = 0;

  setBudget(bytes: number): void {
    this.budget = bytes;
    this.limit = Math.min(this.limit, bytes);
  }

  /** Bytes that were moved out. */
  evict(bytes: number): void {
    this.evicted += bytes;
    // Next to nothing of it was wanted back: a new count begins.
    if (this.evicted > 4 * this.limit) this.evicted = this.missed = 0;
  }

  /** Bytes that were moved out and are wanted back. */
  miss(bytes: number): void {
    this.missed += bytes;
    if (this.missed * 4 < this.limit) return;
    this.limit = Math.min(this.budget, 2 * this.limit);
    this.evicted = this.missed = 0;
  }
}

/**
 * The place of one storage in kernel memory. It outlives its storage when that becomes garbage: memory knows blocks only,
 * so it never keeps a tensor alive.
 */
export class Block {
  /** The elements as they were moved out, once the place was taken away. */
  spilled: ArrayOf<DType> | null = null;
  /** What a finalizer holds: it leads to the block while that has a place, never to elements that were moved out. */
  readonly resident: { block: Block | null } = { block: this };
  /** The last use; blocks used by the running kernel stay. */
  epoch = 0;
  older: Block | null = null;
  newer: Block | null = null;

  constructor(
    public chunk: Chunk | null,
    readonly dtype: DType,
    readonly length: number,
    /** True where the same elements can be had elsewhere, so that nothing is lost with the place. */
    public clean: boolean,
  ) {}

  /** Position of the first element, counted in elements of the dtype. */
  get base(): number {
    return this.chunk!.start / dtypes[this.dtype].bytes;
  }
}

/**
 * One WebAssembly memory, shared between threads where the platform allows, as a cache of storages: what was not used
 * for longest moves to an ordinary array when the budget is full. So nobody has to dispose of anything, and memory stays
 * bounded in loops that never let the garbage collector report back.
 */
export class KernelMemory {
  readonly shared: boolean;
  private readonly allocator: Allocator;
  private readonly workingSet = new WorkingSet();
  private epoch = 1;
  private running = false;
  private oldest: Block | null = null;
  private newest: Block | null = null;
  private temporaries: Chunk[] = [];
  private buffer: ArrayBufferLike;
  private views = new Map<DType, ArrayOf<DType>>();

  private constructor(
    private readonly memory: WebAssembly.Memory,
    readonly maximum: number,
  ) {
    this.buffer = memory.buffer;
    this.shared = typeof SharedArrayBuffer !== 'undefined' && this.buffer instanceof SharedArrayBuffer;
    // Address 0 stays unused: a pointer of 0 is a mistake.
    this.allocator = new Allocator(PAGE, PAGE);
    this.allocator.extend(this.buffer.byteLength - SLACK);
  }

  /** The largest memory that the platform grants, or null where it refuses memory or code. */
  static create(): KernelMemory | null {
    if (typeof WebAssembly !== 'object') return null;
    try {
      // A content security policy may grant memory and yet refuse all code.
      new WebAssembly.Module(EMPTY_MODULE);
    } catch {
      return null;
    }
    const canShare =
      typeof SharedArrayBuffer !== 'undefined' &&
      (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;
    for (const shared of canShare ? [true, false] : [false]) {
      for (const maximum of MAXIMA) {
        try {
          return new KernelMemory(new WebAssembly.Memory({ initial: 16, maximum, shared }), maximum * PAGE);
        } catch {
          // Not to be had at this size: the next one down.
        }
      }
    }
    return null;
  }

  /** The functions of a module that imports this memory as `env.memory`. */
  instantiate(module: Uint8Array<ArrayBuffer>): Readonly<Record<string, (...args: readonly number[]) => void>> {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory: this.memory } });
    return exports as Record<string, (...args: readonly number[]) => void>;
  }

  /** The memory itself, to be sent to a worker. */
  get handle(): object {
    return this.memory;
  }

  /** All of kernel memory as an array of a dtype. */
  heap<D extends DType>(dtype: D): ArrayOf<D> {
    let view = this.views.get(dtype);
    if (!view) {
      const array = dtypes[dtype].array as new (buffer: ArrayBufferLike) => ArrayOf<D>;
      view = new array(this.buffer);
      this.views.set(dtype, view);
    }
    return view as ArrayOf<D>;
  }

  /**
   * Sets bytes from an address on that is a multiple of four: in words, because arrays over shared memory are filled element by
   * element.
   */
  fill(at: number, bytes: number, value: number): void {
    const end = at + bytes;
    const words = end - (bytes % 4);
    this.heap('int32').fill(Math.imul(value & 255, 0x01010101), at / 4, words / 4);
    this.heap('uint8').fill(value, words, end);
  }

  /** Bytes in use and bytes reserved. */
  usage(): { readonly used: number; readonly reserved: number; readonly budget: number } {
    return { used: this.allocator.used, reserved: this.buffer.byteLength, budget: this.workingSet.budget };
  }

  /** Sets how many bytes may be used before storages move out. */
  setBudget(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < STEP)
      throw new ArgumentError(`setMemoryBudget: wants a number of bytes of at least ${STEP}, got ${bytes}.`);
    this.workingSet.setBudget(bytes);
  }

  /** A place for `length` elements, not initialised. */
  place(dtype: DType, length: number): Block {
    const block = new Block(this.take(length * dtypes[dtype].bytes), dtype, length, false);
    block.epoch = this.epoch;
    this.append(block);
    return block;
  }

  /** A place for the elements of a storage that were moved out. */
  replace(dtype: DType, length: number): Block {
    this.workingSet.miss(length * dtypes[dtype].bytes);
    return this.place(dtype, length);
  }

  /** Bytes that stay taken until they are given back. */
  reserve(bytes: number): Chunk {
    return this.take(bytes);
  }

  /** Gives reserved bytes back. */
  release(chunk: Chunk): void {
    this.allocator.release(chunk);
  }

  /** Bytes that `endKernel` gives back. */
  scratch(bytes: number): number {
    const chunk = this.take(bytes);
    this.temporaries.push(chunk);
    return chunk.start;
  }

  /** From here to `endKernel`, blocks that are used keep their places. */
  beginKernel(): void {
    this.epoch++;
    this.running = true;
  }

  /** Ends what `beginKernel` began. */
  endKernel(): void {
    this.running = false;
    for (const chunk of this.temporaries) this.allocator.release(chunk);
    if (this.temporaries.length > 0) this.temporaries = [];
  }

  /** Marks a block as used last. */
  use(block: Block): void {
    block.epoch = this.epoch;
    if (this.newest === block) return;
    this.remove(block);
    this.append(block);
  }

  /** Gives a block's place back; its elements are not needed any more. */
  free(block: Block): void {
    if (!block.chunk) return;
    this.remove(block);
    this.allocator.release(block.chunk);
    block.chunk = null;
    block.resident.block = null;
  }

  private append(block: Block): void {
    block.older = this.newest;
    block.newer = null;
    if (this.newest) this.newest.newer = block;
    else this.oldest = block;
    this.newest = block;
  }

  private remove(block: Block): void {
    if (block.older) block.older.newer = block.newer;
    else this.oldest = block.newer;
    if (block.newer) block.newer.older = block.older;
    else this.newest = block.older;
    // An old block that is garbage must not keep a young one alive until the next full collection.
    block.older = block.newer = null;
  }

  private take(bytes: number): Chunk {
    // What cannot fit at all must not drive everything else out first.
    if (bytes > LARGEST_CHUNK || bytes > this.maximum - 2 * PAGE) throw this.full(bytes);
    for (;;) {
      const chunk = this.allocator.allocate(bytes);
      if (chunk) return chunk;
      const wanted = Math.max(STEP, bytes + PAGE);
      if (this.buffer.byteLength + wanted <= this.workingSet.limit && this.grow(wanted)) continue;
      if (this.evictOldest()) continue;
      // Everything left is in use by the running kernel: only more memory helps.
      if (this.grow(wanted) || this.grow(bytes + PAGE)) continue;
      throw this.full(bytes);
    }
  }

  private full(bytes: number): MemoryError {
    return new MemoryError(
      `cannot place ${bytes} bytes in kernel memory (${this.allocator.used} used, ${this.maximum} possible). Work on smaller tensors or batches.`,
    );
  }

  /** Moves the least recently used block out, unless the running kernel needs it. */
  private evictOldest(): boolean {
    const block = this.oldest;
    if (!block || (this.running && block.epoch === this.epoch)) return false;
    if (!block.clean) {
      const { dtype, length, base } = block;
      block.spilled = copied(dtype, this.heap(dtype), base, length);
    }
    this.workingSet.evict(block.chunk!.size);
    this.free(block);
    return true;
  }

  private grow(bytes: number): boolean {
    const pages = Math.ceil(bytes / PAGE);
    if (this.buffer.byteLength + pages * PAGE > this.maximum) return false;
    try {
      this.memory.grow(pages);
    } catch {
      return false;
    }
    this.buffer = this.memory.buffer;
    this.views = new Map();
    this.allocator.extend(this.buffer.byteLength - SLACK);
    // Arrays of storages that move out come and go from now on.
    keepPages();
    return true;
  }
}

/** Kernel memory, or null where the platform refuses WebAssembly: every storage then lives in an ordinary array. */
export const kernelMemory: KernelMemory | null = KernelMemory.create();

/** Sets how many bytes of kernel memory are used before the least recently used tensors move to ordinary arrays. Default: 256 MiB. */
export const setMemoryBudget = (bytes: number): void => kernelMemory?.setBudget(bytes);

/** Bytes of kernel memory; zeros where WebAssembly is refused. */
export interface MemoryUsage {
  /** Held by tensors. */
  readonly used: number;
  /** Taken from the platform. */
  readonly reserved: number;
  /** Used before tensors move to ordinary arrays. */
  readonly budget: number;
}

/** What kernel memory holds at the moment. */
export const memoryUsage = (): MemoryUsage => kernelMemory?.usage() ?? { used: 0, reserved: 0, budget: 0 };
