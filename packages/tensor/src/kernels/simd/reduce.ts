import type { View } from '../../storage.js';
import type { ReduceKernels, ReduceName } from '../contract/reduce.js';
import { merge } from '../reference/walk.js';
import { Layout } from '../../layout.js';
import { doWhile, f32, f32x4, forRange, i32, seq, v128, when, type Expr, type Local, type Stmt } from './assembler.js';
import type { Emission, Family, SimdEngine } from './engine.js';
import { extremaFamily } from './extrema.js';
import { worthwhile } from './rows.js';

type Vector = Expr<'v128'>;

/** A fold that has a vector form. */
interface VectorFold {
  /** Where accumulators start, or 'first' for the first elements. */
  readonly start: 0 | 'first';
  combine(acc: Vector, x: Vector): Vector;
}

/** `pmax` and `pmin` are three times as fast as `max` and `min` but lose NaN, which is collected beside them. */
const folds: Partial<Record<ReduceName, VectorFold>> = {
  sum: { start: 0, combine: f32x4.add },
  amax: { start: 'first', combine: f32x4.pmax },
  amin: { start: 'first', combine: f32x4.pmin },
};

/** Independent accumulators: they hide the latency of an operation. */
const ACCUMULATORS = 4;

/** Rows added up before they join the total, which keeps the rounding error of long sums small. */
const ROWS = 128;

/**
 * Emits `lines(x, stride, count, n, out)`: folds `count` lines of `n` >= 4 contiguous elements each.
 * Sums run in 16 partial sums per block of 4096, in an order that depends on `n` only.
 */
function emitLines({ module }: Emission, { start, combine }: VectorFold): void {
  const BLOCK = 4096 * 4;
  module.func('lines', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, count, n, out) => {
    const [p, end, stop, i, last] = f.locals('i32', 5);
    const sums = f.locals<'v128', number>('v128', ACCUMULATORS);
    const [total, v, nan] = f.locals('v128', 3);
    const fold = (acc: Local<'v128'>, value: Vector): Stmt =>
      start === 0
        ? acc.set(combine(acc, value))
        : seq(v.set(value), acc.set(combine(acc, v)), nan.set(v128.or(nan, f32x4.ne(v, v))));
    const reset = seq(...sums.map((sum) => sum.set(start === 0 ? v128.zero : f32x4.splat(f32.load(x)))));
    const join = seq(
      ...[1, 2, 3].map((k) => sums[0]!.set(combine(sums[0]!, sums[k]!))),
      total.set(combine(total, sums[0]!)),
    );
    const wide = doWhile(
      seq(...sums.map((sum, k) => fold(sum, v128.load(p, k * 16))), p.set(i32.add(p, ACCUMULATORS * 16))),
      i32.ltU(i32.add(p, ACCUMULATORS * 16 - 1), stop),
    );
    const tail = seq(
      forRange(p, p, i32.sub(end, 15), 16, fold(sums[0]!, v128.load(p))),
      // One element at a time in the first lane; the others repeat what does not change the result.
      forRange(p, p, end, 4, fold(sums[0]!, start === 0 ? v128.load32Zero(p) : f32x4.splat(f32.load(p)))),
    );
    const lanes = (order: readonly number[]): Stmt => total.set(combine(total, v128.shuffle32(total, total, order)));
    return forRange(
      i,
      0,
      count,
      1,
      seq(
        p.set(x),
        end.set(i32.add(x, i32.shl(n, 2))),
        nan.set(v128.zero),
        total.set(start === 0 ? v128.zero : f32x4.splat(f32.load(x))),
        reset,
        last.set(i32.add(x, i32.and(i32.shl(n, 2), -ACCUMULATORS * 16))),
        when(
          i32.ltU(p, last),
          doWhile(seq(stop.set(i32.minU(i32.add(p, BLOCK), last)), reset, wide, join), i32.ltU(p, last)),
        ),
        reset,
        tail,
        join,
        lanes([2, 3, 0, 1]),
        lanes([1, 0, 3, 2]),
        ...(start === 0 ? [] : [when(v128.anyTrue(nan), total.set(f32x4.splat(f32.const(NaN))))]),
        v128.storeLane32(out, total),
        out.set(i32.add(out, 4)),
        x.set(i32.add(x, stride)),
      ),
    );
  });
}

/** Emits `columns(x, rowStride, rows, width, out)`: `out[j]` folds `x[0..rows][j]` into what is in `out`. */
function emitColumns({ module }: Emission, { start, combine }: VectorFold): void {
  module.func('columns', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, rows, width, out) => {
    const [i, p, q, end] = f.locals('i32', 4);
    const [v, acc] = f.locals('v128', 2);
    const joined = start === 0 ? combine(acc, v) : v128.bitselect(v, combine(acc, v), f32x4.ne(v, v));
    // A NaN in the accumulator survives: both comparisons with it are false, and pmax and pmin then keep their first operand.
    const one = (offset: number): Stmt =>
      seq(v.set(v128.load(p, offset)), acc.set(v128.load(q, offset)), v128.store(q, joined, offset));
    return forRange(
      i,
      0,
      rows,
      1,
      seq(
        p.set(x),
        q.set(out),
        end.set(i32.add(out, i32.and(i32.shl(width, 2), -64))),
        when(
          i32.ltU(q, end),
          doWhile(
            seq(one(0), one(16), one(32), one(48), p.set(i32.add(p, 64)), q.set(i32.add(q, 64))),
            i32.ltU(q, end),
          ),
        ),
        end.set(i32.add(out, i32.shl(width, 2))),
        forRange(
          q,
          q,
          end,
          4,
          seq(
            v.set(v128.load32Zero(p)),
            acc.set(v128.load32Zero(q)),
            v128.storeLane32(q, joined),
            p.set(i32.add(p, 4)),
          ),
        ),
        x.set(i32.add(x, stride)),
      ),
    );
  });
}

const families = Object.fromEntries(
  Object.entries(folds).map(([name, fold]) => [
    name,
    (emission: Emission): void => {
      emitLines(emission, fold);
      emitColumns(emission, fold);
    },
  ]),
) as Partial<Record<ReduceName, Family>>;

/** Kept and reduced dims merged to at most one each, with their sizes and strides; null where they do not. */
function planes({ layout }: View, kept: number): { outer: [number, number]; inner: [number, number] } | null {
  const part = (from: number, to: number): [number, number] | null => {
    const { sizes, strides } = merge([new Layout(layout.shape.slice(from, to), layout.strides.slice(from, to))]);
    return sizes.length === 1 ? [sizes[0]!, strides[0]![0]!] : null;
  };
  const [outer, inner] = [part(0, kept), part(kept, layout.ndim)];
  return outer && inner && { outer, inner };
}

/** Sums and extrema of float32 over contiguous lines, or over rows of contiguous columns; the rest goes to `fallback`. */
export function simdReduce(engine: SimdEngine, fallback: ReduceKernels): Partial<ReduceKernels> {
  const { memory } = engine;

  function run(name: ReduceName, x: View, out: View): boolean {
    const family = families[name];
    if (!family || !worthwhile([x, out], x.layout.numel)) return false;
    const plan = planes(x, out.layout.ndim);
    if (!plan) return false;
    const { outer, inner } = plan;
    const alongLines = inner[1] === 1 && inner[0] >= 4;
    const alongColumns = !alongLines && outer[1] === 1 && outer[0] >= 16;
    if (!alongLines && !alongColumns) return false;
    const { columns } = engine.load(family);
    memory.beginKernel();
    try {
      const bytes = out.layout.numel * 4;
      const to = memory.scratch(bytes);
      const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
      const heap = memory.heap('float32');
      if (alongLines)
        engine.divide(family, 'lines', outer[0], 1, outer[0] * inner[0], (start, end) => [
          from + start * outer[1] * 4,
          outer[1] * 4,
          end - start,
          inner[0],
          to + start * 4,
        ]);
      else if (name === 'sum') {
        const block = memory.scratch(bytes);
        heap.fill(0, to / 4, (to + bytes) / 4);
        for (let row = 0; row < inner[0]; row += ROWS) {
          heap.fill(0, block / 4, (block + bytes) / 4);
          columns!(from + row * inner[1] * 4, inner[1] * 4, Math.min(ROWS, inner[0] - row), outer[0], block);
          columns!(block, bytes, 1, outer[0], to);
        }
      } else {
        heap.copyWithin(to / 4, from / 4, from / 4 + outer[0]);
        columns!(from, inner[1] * 4, inner[0], outer[0], to);
      }
      const { array, base } = out.storage;
      array.set(heap.subarray(to / 4, to / 4 + out.layout.numel), base + out.layout.offset);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /** Both extrema of contiguous lines in one pass. */
  function bounds(x: View, min: View, max: View): boolean {
    const plan = worthwhile([x, min, max], x.layout.numel) ? planes(x, min.layout.ndim) : null;
    if (!plan || plan.inner[1] !== 1) return false;
    const { outer, inner } = plan;
    memory.beginKernel();
    try {
      const to = memory.scratch(2 * outer[0] * 4);
      const high = to + outer[0] * 4;
      const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
      engine.divide(extremaFamily, 'extrema', outer[0], 1, outer[0] * inner[0], (start, end) => [
        from + start * outer[1] * 4,
        outer[1] * 4,
        end - start,
        inner[0],
        to + start * 4,
        high + start * 4,
      ]);
      const heap = memory.heap('float32');
      for (const [at, { storage, layout }] of [
        [to, min],
        [high, max],
      ] as const) {
        const { array, base } = storage;
        array.set(heap.subarray(at / 4, at / 4 + outer[0]), base + layout.offset);
      }
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    reduce(name, x, out) {
      if (!run(name, x, out)) fallback.reduce(name, x, out);
    },
    extrema(x, min, max) {
      if (bounds(x, min, max)) return;
      if (!run('amin', x, min) || !run('amax', x, max)) fallback.extrema(x, min, max);
    },
  };
}
