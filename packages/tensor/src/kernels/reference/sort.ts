import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { SortKernels } from '../contract/sort.js';
import { lines } from './lines.js';
import { MANY, RadixSort } from './radix.js';

/** Runs shorter than this are sorted by insertion before they are merged. */
const RUN = 16;

/** Up to this many leading elements are kept in order while the line goes by; more are had by sorting it. */
const FEW = 64;

/** Sorts order[0..n) by keys[order[i]], stable; `spare` is scratch of the same length. Keys hold no NaN. */
function mergeSort(order: Int32Array, keys: Float64Array, spare: Int32Array, n: number): void {
  for (let low = 0; low < n; low += RUN) {
    const high = Math.min(low + RUN, n);
    for (let i = low + 1; i < high; i++) {
      const moved = order[i]!;
      const key = keys[moved]!;
      let j = i - 1;
      for (; j >= low && keys[order[j]!]! > key; j--) order[j + 1] = order[j]!;
      order[j + 1] = moved;
    }
  }
  let from = order;
  let to = spare;
  for (let width = RUN; width < n; width *= 2) {
    for (let low = 0; low < n; low += 2 * width) {
      const middle = Math.min(low + width, n);
      const high = Math.min(low + 2 * width, n);
      for (let i = low, a = low, b = middle; i < high; i++)
        to[i] = b >= high || (a < middle && keys[from[a]!]! <= keys[from[b]!]!) ? from[a++]! : from[b++]!;
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from.subarray(0, n));
}

/** Scratch for the lines of one call: keys and the order of positions. */
class Line {
  readonly keys: Float64Array;
  readonly order: Int32Array;
  private readonly spare: Int32Array;
  private readonly radix: RadixSort | null;

  /** @param elements what lines consist of: that of float64 does not fit the digits */
  constructor(
    readonly size: number,
    elements: TypedArray,
  ) {
    const kind = elements instanceof Float32Array ? 'float32' : 'integer';
    this.radix = size < MANY || elements instanceof Float64Array ? null : new RadixSort(kind, size);
    this.keys = new Float64Array(size);
    this.order = new Int32Array(size);
    this.spare = new Int32Array(size);
  }

  /** Loads a line, negated for descending order. Returns how many elements are not NaN. */
  load(x: TypedArray, at: number, step: number, sign: number): number {
    let numbers = 0;
    for (let i = 0, p = at; i < this.size; i++, p += step) {
      const key = sign * x[p]!;
      this.keys[i] = key;
      if (key === key) numbers++;
    }
    return numbers;
  }

  /** Fills `order` with the numbers' positions, and those of NaN at its end or at its start. */
  arrange(numbers: number, nanFirst: boolean): Int32Array {
    let number = nanFirst ? this.size - numbers : 0;
    let nan = nanFirst ? 0 : numbers;
    const start = number;
    for (let i = 0; i < this.size; i++) this.order[this.keys[i] === this.keys[i] ? number++ : nan++] = i;
    return this.order.subarray(start, start + numbers);
  }

  /** The whole order, stable; NaN comes first in descending order. */
  sort(numbers: number, descending: boolean): Int32Array {
    const order = this.arrange(numbers, descending);
    if (this.radix && numbers >= MANY) this.radix.sort(order, this.keys, this.spare, descending);
    else mergeSort(order, this.keys, this.spare, numbers);
    return this.order;
  }

  /** The first `count` positions in order, for a line without NaN. */
  leading(count: number): Int32Array {
    const { keys, order } = this;
    let filled = 0;
    for (let i = 0; i < this.size; i++) {
      const key = keys[i]!;
      if (filled === count && !(key < keys[order[count - 1]!]!)) continue;
      let j = filled === count ? count - 1 : filled++;
      for (; j > 0 && keys[order[j - 1]!]! > key; j--) order[j] = order[j - 1]!;
      order[j] = i;
    }
    return order;
  }

  /** The position of rank `rank` among the numbers, by quickselect; of equal numbers the earlier one ranks lower. */
  select(rank: number, numbers: number): number {
    const { keys } = this;
    const order = this.arrange(numbers, false);
    if (rank >= numbers) return this.order[rank]!;
    const before = (a: number, b: number): boolean => keys[a]! < keys[b]! || (keys[a] === keys[b] && a < b);
    let low = 0;
    let high = numbers - 1;
    while (low < high) {
      const pivot = order[(low + high) >> 1]!;
      let i = low;
      let j = high;
      while (i <= j) {
        while (before(order[i]!, pivot)) i++;
        while (before(pivot, order[j]!)) j--;
        if (i <= j) {
          const swapped = order[i]!;
          order[i++] = order[j]!;
          order[j--] = swapped;
        }
      }
      if (rank <= j) high = j;
      else if (rank >= i) low = i;
      else break;
    }
    return order[rank]!;
  }
}

/** Runs `pick` on each line and writes the element it names, and its position. */
function pickEach(x: View, values: View, indices: View, pick: (line: Line, numbers: number) => number): void {
  const from = lines(x);
  const read = x.storage.array;
  const line = new Line(from.size, read);
  const [v0, i0] = [values, indices].map(({ storage, layout }) => storage.base + layout.offset) as [number, number];
  from.starts.forEach((start, l) => {
    const index = pick(line, line.load(read, start, from.step, 1));
    values.storage.array[v0 + l] = read[start + index * from.step]!;
    indices.storage.array[i0 + l] = index;
  });
}

export const sort: SortKernels = {
  sort(x, descending, values, indices) {
    const [from, to, at] = [lines(x), lines(values), lines(indices)];
    const [read, write, mark] = [x.storage.array, values.storage.array, indices.storage.array];
    const line = new Line(from.size, read);
    const count = to.size;
    for (let l = 0; l < from.starts.length; l++) {
      const numbers = line.load(read, from.starts[l]!, from.step, descending ? -1 : 1);
      const few = count <= FEW && count * 4 < from.size && numbers === from.size;
      const order = few ? line.leading(count) : line.sort(numbers, descending);
      for (let i = 0; i < count; i++) {
        write[to.starts[l]! + i * to.step] = read[from.starts[l]! + order[i]! * from.step]!;
        mark[at.starts[l]! + i * at.step] = order[i]!;
      }
    }
  },
  kth: (x, rank, values, indices) => pickEach(x, values, indices, (line, numbers) => line.select(rank, numbers)),
  median: (x, skipNaN, values, indices) =>
    pickEach(x, values, indices, (line, numbers) => {
      if (numbers === line.size || (skipNaN && numbers > 0)) return line.select((numbers - 1) >> 1, numbers);
      return line.keys.findIndex(Number.isNaN);
    }),
  mode: (x, values, indices) =>
    pickEach(x, values, indices, (line, numbers) => {
      const order = line.sort(numbers, false);
      let most = 0;
      let found = 0;
      for (let i = 0, run = 1; i < line.size; i++, run++) {
        const ends = i + 1 === line.size || line.keys[order[i]!] !== line.keys[order[i + 1]!];
        if (ends && run > most) {
          most = run;
          found = order[i]!;
        }
        if (ends) run = 0;
      }
      return found;
    }),
  unique(rows, first, counts, inverse) {
    const from = lines(rows);
    const read = rows.storage.array;
    const n = from.starts.length;
    const compare = (a: number, b: number): number => {
      for (let i = 0, p = from.starts[a]!, q = from.starts[b]!; i < from.size; i++, p += from.step, q += from.step)
        if (read[p] !== read[q]) return read[p]! < read[q]! || read[q] !== read[q] ? -1 : 1;
      return 0;
    };
    let order: Int32Array;
    let differ = (a: number, b: number): boolean => compare(a, b) !== 0;
    if (from.size === 1) {
      const line = new Line(n, read);
      for (let i = 0; i < n; i++) line.keys[i] = read[from.starts[i]!]!;
      order = line.sort(
        line.keys.reduce((count, key) => count + Number(key === key), 0),
        false,
      );
      differ = (a, b) => line.keys[a] !== line.keys[b];
    } else order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
    const [f, c, v] = [first, counts, inverse].map(({ storage, layout }) => storage.base + layout.offset) as [
      number,
      number,
      number,
    ];
    let found = 0;
    for (let i = 0; i < n; i++) {
      const row = order[i]!;
      if (i === 0 || differ(order[i - 1]!, row)) {
        first.storage.array[f + found] = row;
        counts.storage.array[c + found++] = 0;
      }
      counts.storage.array[c + found - 1]!++;
      inverse.storage.array[v + row] = found - 1;
    }
    return found;
  },
};
