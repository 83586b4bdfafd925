import type { HistogramKernels } from '../contract/histogram.js';
import { f32x4, forRange, i32, i32x4, seq, v128, type Expr, type Local, type Stmt } from './assembler.js';
import type { Family, SimdEngine } from './engine.js';
import { worthwhile } from './rows.js';

/** Tables counted into in turn: neighbouring elements often share a bin, and must not wait for each other's count. */
const TABLES = 4;

/**
 * Emits `histogram(x, n, tables, stride, lo, hi, width, bins, last)`: counts `n` (a multiple of 4) float32 into four tables
 * of int32, `stride` bytes apart; elements outside `[lo, hi]` and NaN count in a slot behind the last bin.
 */
const family: Family = ({ module }) => {
  const params = ['i32', 'i32', 'i32', 'i32', 'f32', 'f32', 'f32', 'f32', 'f32'] as const;
  module.func('histogram', params, (f, x, n, tables, stride, lo, hi, width, bins, last) => {
    const end = f.local('i32');
    const starts = f.locals<'i32', number>('i32', TABLES);
    const [low, high, range, count, limit, v, at] = f.locals('v128', 7);
    const slot = f.local('i32');
    const splat = (local: Local<'v128'>, value: Local<'f32'>): Stmt => local.set(f32x4.splat(value));
    // Divided before it is multiplied, as the reference.
    const place: Expr<'v128'> = f32x4.pmin(f32x4.mul(f32x4.div(f32x4.sub(v, low), range), count), limit);
    const inside = v128.and(f32x4.ge(v, low), f32x4.le(v, high));
    return seq(
      ...starts.map((start, t) => start.set(i32.add(tables, i32.mul(stride, t)))),
      splat(low, lo),
      splat(high, hi),
      splat(range, width),
      splat(count, bins),
      splat(limit, last),
      end.set(i32.add(x, i32.shl(n, 2))),
      forRange(
        x,
        x,
        end,
        16,
        seq(
          v.set(v128.load(x)),
          // Outside: bin `bins`, the slot nobody reads.
          at.set(i32x4.shl(i32x4.truncSatF32x4(v128.bitselect(place, count, inside)), 2)),
          ...starts.map((start, lane) =>
            seq(slot.set(i32.add(start, i32x4.lane(at, lane))), i32.store(slot, i32.add(i32.load(slot), 1))),
          ),
        ),
      ),
    );
  });
};

/** Histograms of contiguous float32, equal to the reference; the rest goes to `fallback`. */
export function simdHistogram(engine: SimdEngine, fallback: HistogramKernels): Partial<HistogramKernels> {
  return {
    histogram(x, lo, hi, out) {
      const bins = out.layout.numel;
      const width = Math.fround(hi - lo);
      const exact = Math.fround(lo) === lo && Math.fround(hi) === hi && Number.isFinite(width) && width > 0;
      if (!exact || !x.layout.isContiguous || !worthwhile([x], x.layout.numel))
        return fallback.histogram(x, lo, hi, out);
      const { memory } = engine;
      const { histogram } = engine.load(family);
      memory.beginKernel();
      try {
        const whole = x.layout.numel - (x.layout.numel % 4);
        const stride = (bins + 1) * 4;
        const tables = memory.scratch(stride * TABLES);
        const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
        const counts = memory.heap('int32').subarray(tables / 4, (tables + stride * TABLES) / 4);
        counts.fill(0);
        histogram!(from, whole, tables, stride, lo, hi, width, bins, bins - 1);
        const rest = memory.heap('float32').subarray(from / 4 + whole, from / 4 + x.layout.numel);
        for (const v of rest) {
          if (!(v >= lo && v <= hi)) continue;
          const place = Math.fround(Math.fround(Math.fround(v - lo) / width) * bins);
          counts[Math.min(Math.trunc(place), bins - 1)]!++;
        }
        const { array, base } = out.storage;
        for (let bin = 0, to = base + out.layout.offset; bin < bins; bin++) {
          let sum = 0;
          for (let t = 0; t < TABLES; t++) sum += counts[t * (bins + 1) + bin]!;
          array[to++] = sum;
        }
      } finally {
        memory.endKernel();
      }
    },
  };
}
