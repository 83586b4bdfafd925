import { newArray, dtypes, type ArrayOf, type DType } from './dtype.js';
import { MemoryError } from './errors.js';
import { Layout, memoryOrder } from './layout.js';
import { copied, kernelMemory, type Block, type KernelMemory } from './memory.js';
import type { Shape } from './shape.js';

/**
 * Bytes from which a new storage is born in kernel memory: engines keep shorter arrays with their objects, while longer ones cost a
 * microsecond, and the garbage collector as much again.
 */
const RESIDENT_BYTES = 65;

/** Bytes from which the garbage collector is asked to report a storage's end: telling it costs about a microsecond. */
const REPORTED_BYTES = 256 * 1024;

const reports =
  kernelMemory && typeof FinalizationRegistry !== 'undefined'
    ? new FinalizationRegistry<Block['resident']>(({ block }) => block && kernelMemory?.free(block))
    : null;

/** How a kernel packs an operand; compared by identity. */
export interface Packing {
  /** Bytes of the packed form. */
  bytes(view: View): number;
  /** Writes it to an address of kernel memory. */
  pack(view: View, to: number): void;
}

/** A form of a storage's elements that a kernel likes better, for as long as the storage stays at `version`. */
export interface Derived {
  readonly version: number;
  /** Which elements, and in which order. */
  readonly layout: Layout;
  readonly form: Packing;
  /** Its place in kernel memory; null until it pays to make it. */
  block: Block | null;
}

/**
 * One buffer of one dtype. It lives in an array of its own, in kernel memory, or in both with the same elements; kernels
 * in JavaScript reach element `i` as `array[base + i]` wherever that is.
 */
export class Storage<D extends DType = DType> {
  /** Counts the writes, so that autograd notices a saved tensor that was changed in place. */
  version = 0;
  /** The elements in an array of their own, where that is the truth. */
  private host: ArrayOf<D> | null = null;
  private fill: (() => ArrayOf<D>) | null = null;
  private block: Block | null = null;
  /** True once a caller holds `host`: it may change at any time, so kernel memory keeps no copy of it. */
  private exposed: boolean;
  private kept = false;
  private hidden = false;
  private freed = false;
  /**
   * What a kernel made of the elements and keeps for the next use.
   *
   * @internal
   */
  derived: Derived | null = null;

  /**
   * Over an existing array (`exposed` where its owner may write to it), over one that a function makes when the elements
   * are first asked for, or over a place in kernel memory. `origin` is the storage that such a function reads: whoever keeps
   * this storage keeps that one too.
   *
   * @internal
   */
  constructor(
    /** Element type. */
    readonly dtype: D,
    /** Number of elements. */
    readonly length: number,
    source: ArrayOf<D> | (() => ArrayOf<D>) | Block,
    exposed = false,
    /** The storage whose elements this one's are made of. */
    readonly origin: Storage | null = null,
  ) {
    this.exposed = exposed;
    if (typeof source === 'function') this.fill = source;
    else if (ArrayBuffer.isView(source)) this.host = source;
    else this.block = source;
  }

  /** The array that holds the elements from `base` on. */
  get array(): ArrayOf<D> {
    return this.host ?? this.elements();
  }

  /** Position in `array` of the first element. */
  get base(): number {
    return this.host === null && this.block?.chunk ? this.block.base : 0;
  }

  /** `array` where no host array is at hand. */
  private elements(): ArrayOf<D> {
    if (this.fill) {
      this.host = this.fill();
      this.fill = null;
      return this.host;
    }
    const block = this.block!;
    if (block.chunk) return kernelMemory!.heap(this.dtype);
    this.block = null;
    this.host = block.spilled as ArrayOf<D>;
    return this.host;
  }

  /** True where the elements are still to be made by the function that was given for them. */
  get isPending(): boolean {
    return this.fill !== null && !this.freed;
  }

  /** Takes elements that were still to be made from somebody who could make them faster, in an array of their own. */
  fillWith(array: ArrayOf<D>): void {
    if (!this.isPending) return;
    this.host = array;
    this.fill = null;
  }

  /** True where elements change by `beginWrite` only, so that what was derived from them at a version stays right. */
  get isStable(): boolean {
    return !this.exposed;
  }

  /** An array of exactly this storage's elements that the caller may keep: from now on it is where the elements live. */
  expose(): ArrayOf<D> {
    const { array, base } = this;
    if (this.host === null) this.host = copied(this.dtype, array, base, this.length);
    if (this.block) kernelMemory!.free(this.block);
    this.block = null;
    this.exposed = true;
    this.forget();
    return this.host;
  }

  /** Gives the memory of what was derived back. */
  private forget(): void {
    if (this.derived?.block) kernelMemory!.free(this.derived.block);
    this.derived = null;
  }

  /** Counts a write by a kernel in JavaScript: a copy in kernel memory is no longer right. */
  beginWrite(): void {
    this.version++;
    if (this.host !== null && this.block) {
      kernelMemory!.free(this.block);
      this.block = null;
    }
  }

  /**
   * Address of the element at position 0 for a kernel that reads what `layout` visits; valid until `endKernel`.
   *
   * @internal
   */
  pointer(memory: KernelMemory, layout: Layout): number {
    if (this.block?.chunk) {
      memory.use(this.block);
      return this.block.chunk.start;
    }
    const wasMovedOut = this.block !== null;
    const host = this.array;
    if (this.exposed) {
      const { bytes } = dtypes[this.dtype];
      const [first, end] = layout.extent();
      const at = memory.scratch((end - first) * bytes);
      memory.heap(this.dtype).set(host.subarray(first, end), at / bytes);
      return at - first * bytes;
    }
    const block = wasMovedOut ? memory.replace(this.dtype, this.length) : memory.place(this.dtype, this.length);
    memory.heap(this.dtype).set(host, block.base);
    block.clean = true;
    this.block = block;
    return block.chunk!.start;
  }

  /**
   * Address of the element at position 0 for a kernel that writes: kernel memory becomes the only place of the elements. Null
   * where a caller holds the array, which must then be written itself. Counts a write.
   *
   * @internal
   */
  writePointer(memory: KernelMemory, layout: Layout): number | null {
    if (this.exposed) return null;
    this.version++;
    const at = this.pointer(memory, layout);
    this.host = null;
    this.block!.clean = false;
    return at;
  }

  /** Gives the memory back at once, unless it was asked to be kept. Reading the elements afterwards is an error. */
  free(): void {
    if (this.kept || !this.block || this.host) return;
    kernelMemory!.free(this.block);
    this.block = null;
    this.freed = true;
    this.forget();
    this.fill = () => {
      throw new MemoryError('this tensor was freed when its scope() ended. Return it from the scope, or keep() it.');
    };
  }

  /** True once the memory was given back: there are no elements to be read any more. */
  get isFreed(): boolean {
    return this.freed;
  }

  /** Makes `free` leave this storage alone, and those that its elements come from. */
  keep(): void {
    this.kept = true;
    this.origin?.keep();
  }

  /** Says whether the engine alone holds this storage, which it made for itself. */
  hide(hidden: boolean): void {
    this.hidden = hidden;
  }

  /** Gives the memory of a hidden storage back, kept or not: nobody can read it any more. */
  retire(): void {
    if (!this.hidden) return;
    this.kept = false;
    this.free();
  }
}

/** Storages born in kernel memory while somebody counts them, innermost count last. */
let births: Storage[] | null = null;

/** Runs `fn` and tells which storages were born in kernel memory meanwhile, those of counts inside it not among them. */
export function withBirths<T>(fn: () => T): { readonly result: T; readonly born: readonly Storage[] } {
  const outer = births;
  const born: Storage[] = [];
  births = born;
  try {
    return { result: fn(), born };
  } finally {
    births = outer;
  }
}

/** Counts storages that live on among the births of whoever counts around. */
export function adoptBirths(storages: readonly Storage[]): void {
  births?.push(...storages);
}

/** What a kernel takes: a storage and how to walk it. Tensors are views too. */
export interface View<D extends DType = DType> {
  /** Where the elements are. */
  readonly storage: Storage<D>;
  /** How to walk them. */
  readonly layout: Layout;
}

/** A new contiguous view whose elements are whatever was there: for operations that write all of them. */
export function empty<D extends DType>(shape: Shape, dtype: D): View<D> {
  const layout = new Layout(shape);
  const length = layout.numel;
  const bytes = length * dtypes[dtype].bytes;
  if (kernelMemory && bytes >= RESIDENT_BYTES) {
    const block = kernelMemory.place(dtype, length);
    const storage = new Storage(dtype, length, block);
    if (bytes >= REPORTED_BYTES) reports?.register(storage, block.resident);
    births?.push(storage);
    return { storage, layout };
  }
  try {
    return { storage: new Storage(dtype, length, newArray(dtype, length)), layout };
  } catch (cause) {
    throw new MemoryError(`cannot allocate ${length} elements of ${dtype}. Free tensors that are no longer needed.`, {
      cause,
    });
  }
}

/** As `empty`, in the memory order of another view where all its elements have a place of their own. */
export function emptyLike<D extends DType>({ shape, strides, isContiguous }: Layout, dtype: D): View<D> {
  const spread = strides.some((stride, d) => stride <= 0 && shape[d]! > 1);
  if (isContiguous || spread) return empty(shape, dtype);
  const dense = [...strides];
  let step = 1;
  for (const d of memoryOrder(strides).reverse()) {
    dense[d] = step;
    step *= shape[d]!;
  }
  return { storage: empty([step], dtype).storage, layout: new Layout(shape, dense) };
}

/** A new contiguous view of zeros. */
export function alloc<D extends DType>(shape: Shape, dtype: D): View<D> {
  const view = empty(shape, dtype);
  const { base, length } = view.storage;
  const { bytes } = dtypes[dtype];
  // An array of its own is new, and zero.
  if (base > 0) kernelMemory!.fill(base * bytes, length * bytes, 0);
  return view;
}
