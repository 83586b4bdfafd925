import type { KernelMemory } from '../../../memory.js';
import type { View } from '../../../storage.js';
import type { HistogramKernels } from '../../contract/histogram.js';
import {
  after,
  f32x4,
  fillBytes,
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { worthwhile } from '../elementwise/rows.js';

/** Tables counted into in turn: neighbouring elements often share a bin, and must not wait for each other's count. */
const TABLES = 4;

/** Elements per bin from which several tables pay: clearing and adding them up takes time, too. */
const PER_BIN = 4;

/**
 * Emits `drop` and `clip(x, rows, n, lo, hi, bins, tables, spread, out)`: counts rows of `n` float32 into tables of int32
 * `spread` bytes apart (0: into one), each with a slot behind the last bin for what is left out, and writes their sums.
 */
const family: Family = ({ module }) => {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  for (const name of ['drop', 'clip'])
    module.func(name, params, (f, x, rows, n, lo, hi, bins, tables, spread, out) => {
      const [row, end, slot, at] = f.locals('i32', 4);
      const starts = f.locals<'i32', number>('i32', TABLES);
      const [low, high, range, count, limit, v, places] = f.locals('v128', 7);
      const [first, ...others] = starts as [Local<'i32'>, ...Local<'i32'>[]];
      // Divided before it is multiplied, as the reference.
      const place = f32x4.pmin(f32x4.mul(f32x4.div(f32x4.sub(v, low), range), count), limit);
      const [clipped, counts] =
        name === 'clip'
          ? [f32x4.pmax(place, v128.zero), f32x4.eq(v, v)]
          : [place, v128.and(f32x4.ge(v, low), f32x4.le(v, high))];
      const locate = (value: Expr<'v128'>): Stmt =>
        seq(
          v.set(value),
          // Left out: bin `bins`, the slot nobody reads.
          places.set(i32x4.shl(i32x4.truncSatF32x4(v128.bitselect(clipped, count, counts)), 2)),
        );
      const addTo = (table: Local<'i32'>, lane: number): Stmt =>
        seq(slot.set(i32.add(table, i32x4.lane(places, lane))), i32.store(slot, i32.add(i32.load(slot), 1)));
      const sum = (load: (address: Expr<'i32'>) => Expr<'v128'>): Expr<'v128'> =>
        after(
          [
            v.set(load(i32.add(first, at))),
            when(spread, seq(...others.map((table) => v.set(i32x4.add(v, load(i32.add(table, at))))))),
          ],
          i32x4.toF32x4(v),
        );
      const bytes = i32.shl(bins, 2);
      return seq(
        ...starts.map((start, t) => start.set(i32.add(tables, i32.mul(spread, t)))),
        count.set(i32x4.toF32x4(i32x4.splat(bins))),
        limit.set(i32x4.toF32x4(i32x4.splat(i32.sub(bins, 1)))),
        forRange(
          row,
          0,
          rows,
          1,
          seq(
            low.set(v128.load32Splat(lo)),
            high.set(v128.load32Splat(hi)),
            range.set(f32x4.sub(high, low)),
            fillBytes(tables, 0, i32.add(i32.add(bytes, 4), i32.mul(spread, TABLES - 1))),
            end.set(i32.add(x, i32.shl(i32.and(n, -4), 2))),
            forRange(x, x, end, 16, seq(locate(v128.load(x)), ...starts.map(addTo))),
            end.set(i32.add(end, i32.shl(i32.and(n, 3), 2))),
            forRange(x, x, end, 4, seq(locate(v128.load32Splat(x)), addTo(first, 0))),
            end.set(i32.and(bytes, -16)),
            forRange(at, 0, end, 16, v128.store(i32.add(out, at), sum(v128.load))),
            forRange(at, at, bytes, 4, v128.storeLane32(i32.add(out, at), sum(v128.load32Zero))),
            out.set(i32.add(out, bytes)),
            lo.set(i32.add(lo, 4)),
            hi.set(i32.add(hi, 4)),
          ),
        ),
      );
    });
};

/** Counts below which they are copied out: a place of their own in kernel memory would outlive them. */
const FEW = 256;

/** Elements of a single row that a thread takes at least. */
const LEAST_PART = 2 ** 14;

/** Bins, and elements, that float32 can count. */
const EXACT = 2 ** 24;

/** Histograms of contiguous float32, equal to the reference; the rest goes to `fallback`. */
export function simdHistogram(engine: SimdEngine, fallback: HistogramKernels): Partial<HistogramKernels> {
  return {
    histogram(x, lo, hi, clip, out) {
      const [rows, n] = x.layout.shape as [number, number];
      const bins = out.layout.shape[1]!;
      const { memory } = engine;
      const fits = x.layout.isContiguous && bins <= EXACT && worthwhile([x, out], x.layout.numel + out.layout.numel);
      if (!fits || !spansAreFinite(lo, hi)) return fallback.histogram(x, lo, hi, clip, out);
      memory.beginKernel();
      try {
        const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
        const [lows, highs] = [scratchCopy(memory, lo), scratchCopy(memory, hi)];
        const size = out.layout.numel;
        const place = size < FEW ? null : out.storage.writePointer(memory, out.layout);
        const target = place === null ? memory.scratch(size * 4) : place + out.layout.offset * 4;
        const stride = (bins + 1) * 4;
        const spread = n >= PER_BIN * bins ? stride : 0;
        const name = clip ? 'clip' : 'drop';
        const work = x.layout.numel + size;
        /** The arguments for `count` rows of `length` elements from an address on. */
        const args = (at: number, count: number, length: number, row: number, to: number): number[] => {
          const tables = memory.scratch(stride + spread * (TABLES - 1));
          return [at, count, length, lows + row * 4, highs + row * 4, bins, tables, spread, to];
        };
        if (rows > 1)
          engine.divide(family, name, { count: rows, grain: 1, work }, (start, end) =>
            args(from + start * n * 4, end - start, n, start, target + start * bins * 4),
          );
        else {
          // Threads divide the elements, and count into rows of their own, which float32 adds up exactly.
          const others: number[] = [];
          const least = n > EXACT ? n : Math.max(LEAST_PART, bins);
          engine.divide(family, name, { count: n, grain: least, work }, (start, end, part) => {
            if (part > 0) others.push(memory.scratch(bins * 4));
            return args(from + start * 4, 1, end - start, 0, part > 0 ? others.at(-1)! : target);
          });
          const heap = memory.heap('float32');
          for (const other of others) for (let i = 0; i < bins; i++) heap[target / 4 + i]! += heap[other / 4 + i]!;
        }
        const { array, base } = out.storage;
        if (place === null)
          array.set(memory.heap('float32').subarray(target / 4, target / 4 + size), base + out.layout.offset);
      } finally {
        memory.endKernel();
      }
    },
  };
}

/** Address of a copy of a contiguous float32 view until the kernel ends, as in `FEW`. */
function scratchCopy(memory: KernelMemory, { storage, layout }: View): number {
  const at = memory.scratch(layout.numel * 4);
  const start = storage.base + layout.offset;
  memory.heap('float32').set(storage.array.subarray(start, start + layout.numel), at / 4);
  return at;
}

/** Whether no range is wider than the largest float32. */
function spansAreFinite(lo: View, hi: View): boolean {
  const [lows, highs] = [lo.storage.array, hi.storage.array];
  let [low, high] = [lo, hi].map(({ storage, layout }) => storage.base + layout.offset) as [number, number];
  for (let row = 0; row < lo.layout.numel; row++)
    if (!Number.isFinite(Math.fround(highs[high++]! - lows[low++]!))) return false;
  return true;
}
