/** Bits that one pass sorts by: three passes for 32. */
const DIGIT = 11;
const BUCKETS = 1 << DIGIT;
const MASK = BUCKETS - 1;
const SHIFTS = [0, DIGIT, 2 * DIGIT];

/** Elements from which counting digits takes less time than comparing. */
export const MANY = 192;

/** What keys are, as far as their bits tell their order: float32 numbers, or integers of up to 32 bits. */
export type KeyKind = 'float32' | 'integer';

/** Sorts positions by their keys, digit by digit from the lowest: stable, in time that grows with the number of keys alone. */
export class RadixSort {
  private readonly floats: Float32Array;
  private readonly bits: Int32Array;
  private readonly counts = SHIFTS.map(() => new Uint32Array(BUCKETS));

  constructor(
    private readonly kind: KeyKind,
    size: number,
  ) {
    this.floats = new Float32Array(size);
    this.bits = new Int32Array(this.floats.buffer);
  }

  /** Makes the bits of the keys unsigned integers in their order; `descending` ones are negated numbers. */
  private load(keys: Float64Array, descending: boolean): void {
    const { floats, bits } = this;
    if (this.kind === 'integer') {
      const shift = descending ? 2 ** 31 - 1 : 2 ** 31;
      for (let i = 0; i < keys.length; i++) bits[i] = keys[i]! + shift;
      return;
    }
    for (let i = 0; i < keys.length; i++) {
      // Adding 0 makes both zeros one.
      floats[i] = keys[i]! + 0;
      const value = bits[i]!;
      bits[i] = value ^ ((value >> 31) | 0x80000000);
    }
  }

  /** Sorts `order` by `keys[order[i]]`, of which none is NaN; `spare` is scratch of the same length. */
  sort(order: Int32Array, keys: Float64Array, spare: Int32Array, descending: boolean): void {
    const { bits } = this;
    const [low, middle, high] = this.counts as [Uint32Array, Uint32Array, Uint32Array];
    const n = order.length;
    this.load(keys, descending);
    for (const counts of this.counts) counts.fill(0);
    for (let i = 0; i < n; i++) {
      const value = bits[order[i]!]!;
      low[value & MASK]!++;
      middle[(value >>> DIGIT) & MASK]!++;
      high[value >>> (2 * DIGIT)]!++;
    }
    let [from, to] = [order, spare];
    for (const [pass, shift] of SHIFTS.entries()) {
      const places = this.counts[pass]!;
      // Where all keys have one digit, they are in order already.
      if (places[(bits[order[0]!]! >>> shift) & MASK] === n) continue;
      for (let b = 0, start = 0; b < BUCKETS; b++) {
        const count = places[b]!;
        places[b] = start;
        start += count;
      }
      for (let i = 0; i < n; i++) {
        const at = from[i]!;
        to[places[(bits[at]! >>> shift) & MASK]!++] = at;
      }
      [from, to] = [to, from];
    }
    if (from !== order) order.set(from.subarray(0, n));
  }
}
