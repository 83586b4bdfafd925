/** A run of bytes of the heap, free or in use; neighbours in address order, links of its free list while it is free. */
export class Chunk {
  free = false;
  before: Chunk | null = null;
  after: Chunk | null = null;
  previous: Chunk | null = null;
  next: Chunk | null = null;

  constructor(
    public start: number,
    public size: number,
  ) {}
}

/** The most bytes of a chunk: sizes are counted in 31 bits. */
export const LARGEST_CHUNK = 0x7fffffff;

/** Chunks start at multiples of this, a cache line, so vectors never straddle two chunks. */
const ALIGNMENT = 64;

/** Chunks from this size on are followed by a few lines that nobody uses. */
const LARGE = 2 ** 14;

/**
 * Bytes of those lines: large tensors of equal sizes then do not begin at the same place of a power of two, where their elements
 * may compete for the same sets of a cache: a sum then takes up to a quarter longer.
 */
const GAP = 3 * ALIGNMENT;

/** Four bins per power of two: sizes of one bin differ by at most a quarter. */
function binOf(size: number): number {
  const exponent = 31 - Math.clz32(size);
  return exponent * 4 + ((size >>> (exponent - 2)) & 3);
}

/**
 * Hands out runs of a growing address range. Free neighbours merge, bins of similar sizes are searched from the best
 * fit up, and what was freed last in a bin is reused first, so it is often still in the cache.
 */
export class Allocator {
  private readonly bins = new Array<Chunk | null>(130).fill(null);
  private last: Chunk | null = null;
  /** Bytes handed out. */
  used = 0;

  /** Manages addresses from `start` on; `end` moves with `extend`. */
  constructor(
    start: number,
    public end = start,
  ) {}

  /** A chunk of at least `bytes`, or null where none is free. */
  allocate(bytes: number): Chunk | null {
    const lines = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const size = bytes < LARGE ? lines : lines + GAP;
    if (size > LARGEST_CHUNK) return null;
    for (let bin = binOf(size); bin < this.bins.length; bin++) {
      for (let chunk = this.bins[bin]!; chunk; chunk = chunk.next!) {
        if (chunk.size < size) continue;
        this.unlink(chunk);
        if (chunk.size - size >= ALIGNMENT) this.split(chunk, size);
        this.used += chunk.size;
        return chunk;
      }
    }
    return null;
  }

  /** Gives a chunk back. */
  release(chunk: Chunk): void {
    this.used -= chunk.size;
    let merged = chunk;
    const { before, after } = chunk;
    if (after?.free) {
      this.unlink(after);
      this.absorb(merged, after);
    }
    if (before?.free) {
      this.unlink(before);
      this.absorb(before, merged);
      merged = before;
    }
    this.link(merged);
  }

  /** Adds the addresses up to `end`. */
  extend(end: number): void {
    const chunk = new Chunk(this.end, end - this.end);
    this.end = end;
    chunk.before = this.last;
    if (this.last) this.last.after = chunk;
    this.last = chunk;
    this.used += chunk.size;
    this.release(chunk);
  }

  private split(chunk: Chunk, size: number): void {
    const rest = new Chunk(chunk.start + size, chunk.size - size);
    rest.before = chunk;
    rest.after = chunk.after;
    if (rest.after) rest.after.before = rest;
    else this.last = rest;
    chunk.after = rest;
    chunk.size = size;
    this.link(rest);
  }

  private absorb(chunk: Chunk, after: Chunk): void {
    chunk.size += after.size;
    chunk.after = after.after;
    if (chunk.after) chunk.after.before = chunk;
    else this.last = chunk;
    // As garbage it must not keep others alive until the next full collection.
    after.before = after.after = null;
  }

  private link(chunk: Chunk): void {
    const bin = binOf(chunk.size);
    chunk.free = true;
    chunk.previous = null;
    chunk.next = this.bins[bin]!;
    if (chunk.next) chunk.next.previous = chunk;
    this.bins[bin] = chunk;
  }

  private unlink(chunk: Chunk): void {
    chunk.free = false;
    if (chunk.next) chunk.next.previous = chunk.previous;
    if (chunk.previous) chunk.previous.next = chunk.next;
    else this.bins[binOf(chunk.size)] = chunk.next;
    chunk.next = null;
    chunk.previous = null;
  }
}
