import type { View } from '../../../storage.js';
import type { ReduceKernels, ReduceName } from '../../contract/reduce.js';
import { merge } from '../../reference/walk.js';
import { Layout } from '../../../layout.js';
import {
  doWhile,
  f32,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { extremaFamily } from './extrema.js';
import { isNaNLane, lookForNaN, suspicious } from '../elementwise/nan.js';
import { worthwhile } from '../elementwise/rows.js';

type Vector = Expr<'v128'>;

/** A fold that has a vector form. */
interface VectorFold {
  /** Where accumulators start, or 'first' for the first elements. */
  readonly start: 0 | 'first';
  combine(acc: Vector, x: Vector): Vector;
}

const folds: Partial<Record<ReduceName, VectorFold>> = {
  sum: { start: 0, combine: f32x4.add },
  // These are three times as fast as `max` and `min` but lose NaN: see `suspicious`.
  amax: { start: 'first', combine: f32x4.pmax },
  amin: { start: 'first', combine: f32x4.pmin },
};

/** Independent accumulators: they hide the latency of an operation. */
const ACCUMULATORS = 8;

/** Rows added up before they join the total, which keeps the rounding error of long sums small. */
const ROWS = 128;

/** Elements of a single line that a thread takes at least. */
const LEAST_PART = 2 ** 14;

/** Rows that are folded together before they join what is in memory. */
const TOGETHER = 8;

/**
 * Emits `lines(x, stride, count, n, out)`: folds `count` lines of `n` >= 4 contiguous elements each.
 * Sums run in 32 partial sums per block of 4096, in an order that depends on `n` only.
 */
function emitLines({ module }: Emission, { start, combine }: VectorFold): void {
  const BLOCK = 4096 * 4;
  const sums = start === 0;
  // Extrema need as many accumulators again for their sums.
  const width = sums ? ACCUMULATORS : ACCUMULATORS / 2;
  module.func('lines', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, count, n, out) => {
    const [p, end, stop, i, last] = f.locals('i32', 5);
    const accs = f.locals<'v128', number>('v128', width);
    const checks = f.locals<'v128', number>('v128', sums ? 0 : width);
    const [total, v] = f.locals('v128', 2);
    const fold = (k: number, value: Vector): Stmt =>
      sums
        ? accs[k]!.set(combine(accs[k]!, value))
        : seq(v.set(value), accs[k]!.set(combine(accs[k]!, v)), checks[k]!.set(f32x4.add(checks[k]!, v)));
    const reset = seq(...accs.map((acc) => acc.set(sums ? v128.zero : f32x4.splat(f32.load(x)))));
    const join = seq(
      ...accs.slice(1).map((acc) => accs[0]!.set(combine(accs[0]!, acc))),
      total.set(combine(total, accs[0]!)),
    );
    const wide = doWhile(
      seq(...accs.map((_, k) => fold(k, v128.load(p, k * 16))), p.set(i32.add(p, width * 16))),
      i32.ltU(i32.add(p, width * 16 - 1), stop),
    );
    const tail = seq(
      forRange(p, p, i32.sub(end, 15), 16, fold(0, v128.load(p))),
      // One element at a time in the first lane; the others repeat what does not change the result.
      forRange(p, p, end, 4, fold(0, sums ? v128.load32Zero(p) : f32x4.splat(f32.load(p)))),
    );
    const lanes = (order: readonly number[]): Stmt => total.set(combine(total, v128.shuffle32(total, total, order)));
    const looked = seq(
      ...checks.slice(1).map((check) => checks[0]!.set(f32x4.add(checks[0]!, check))),
      ...checks.slice(0, 1).map((check) => lookForNaN(x, end, p, check, total.set(f32x4.splat(f32.const(NaN))))),
    );
    return forRange(
      i,
      0,
      count,
      1,
      seq(
        p.set(x),
        end.set(i32.add(x, i32.shl(n, 2))),
        ...checks.map((check) => check.set(v128.zero)),
        total.set(sums ? v128.zero : f32x4.splat(f32.load(x))),
        last.set(i32.add(x, i32.mul(i32.divU(n, width * 4), width * 16))),
        when(
          i32.ltU(p, last),
          doWhile(seq(stop.set(i32.minU(i32.add(p, BLOCK), last)), reset, wide, join), i32.ltU(p, last)),
        ),
        reset,
        tail,
        join,
        lanes([2, 3, 0, 1]),
        lanes([1, 0, 3, 2]),
        looked,
        v128.storeLane32(out, total),
        out.set(i32.add(out, 4)),
        x.set(i32.add(x, stride)),
      ),
    );
  });
}

/** Emits a loop over the columns of a row in memory at `out`: vectors, then single elements; `at` is the distance in bytes. */
const overColumns = (
  at: Local<'i32'>,
  out: Expr<'i32'>,
  width: Expr<'i32'>,
  step: (load: (address: Expr<'i32'>) => Vector) => { readonly code: Stmt; readonly value: Vector },
): Stmt => {
  const [vector, single] = [step(v128.load), step(v128.load32Zero)];
  const to = i32.add(out, at);
  return seq(
    forRange(at, 0, i32.shl(i32.and(width, -4), 2), 16, seq(vector.code, v128.store(to, vector.value))),
    forRange(at, at, i32.shl(width, 2), 4, seq(single.code, v128.storeLane32(to, single.value))),
  );
};

/**
 * Emits `columns(x, stride, rows, width, out, flag)`: folds `x[0..rows][j]` into `out[j]`; `rows` is a multiple of TOGETHER. For
 * extrema, 1 is written to `flag` where a NaN may have been lost. And `columnsInTurn(x, stride, rows, width, out)`: the same row by row
 * with NaN right.
 */
function emitColumns({ module }: Emission, { start, combine }: VectorFold): void {
  const sums = start === 0;
  module.func('columns', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, rows, width, out, flag) => {
    const [i, at] = f.locals('i32', 2);
    const starts = f.locals<'i32', number>('i32', TOGETHER);
    const values = f.locals<'v128', number>('v128', TOGETHER);
    const check = f.local('v128');
    /** The values folded in pairs, then the results in pairs, and so on. */
    const paired = (of: (a: Vector, b: Vector) => Vector): Vector => {
      let level: Vector[] = [...values];
      while (level.length > 1)
        level = Array.from({ length: level.length / 2 }, (_, k) => of(level[2 * k]!, level[2 * k + 1]!));
      return level[0]!;
    };
    const step = (load: (address: Expr<'i32'>) => Vector): { code: Stmt; value: Vector } => ({
      code: seq(
        ...values.map((value, r) => value.set(load(i32.add(starts[r]!, at)))),
        ...(sums ? [] : [check.set(f32x4.add(check, paired(f32x4.add)))]),
      ),
      value: combine(load(i32.add(out, at)), paired(combine)),
    });
    return seq(
      forRange(
        i,
        0,
        rows,
        TOGETHER,
        seq(
          ...starts.map((start, r) => start.set(r === 0 ? x : i32.add(starts[r - 1]!, stride))),
          overColumns(at, out, width, step),
          x.set(i32.add(starts[TOGETHER - 1]!, stride)),
        ),
      ),
      ...(sums ? [] : [when(suspicious(check), i32.store(flag, 1))]),
    );
  });
  module.func('columnsInTurn', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, rows, width, out) => {
    const [i, at] = f.locals('i32', 2);
    const [v, acc] = f.locals('v128', 2);
    // A NaN in the accumulator survives: both comparisons with it are false, and pmax and pmin then keep their first operand.
    const joined = sums ? combine(acc, v) : v128.bitselect(v, combine(acc, v), isNaNLane(v));
    const step = (load: (address: Expr<'i32'>) => Vector): { code: Stmt; value: Vector } => ({
      code: seq(v.set(load(i32.add(x, at))), acc.set(load(i32.add(out, at)))),
      value: joined,
    });
    return forRange(i, 0, rows, 1, seq(overColumns(at, out, width, step), x.set(i32.add(x, stride))));
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
    const { columns, columnsInTurn } = engine.load(family);
    memory.beginKernel();
    try {
      const bytes = out.layout.numel * 4;
      const to = memory.scratch(bytes);
      const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
      if (alongLines)
        engine.divide(family, 'lines', { count: outer[0], grain: 1, work: (outer[0] * inner[0]) / 6 }, (start, end) => [
          from + start * outer[1] * 4,
          outer[1] * 4,
          end - start,
          inner[0],
          to + start * 4,
        ]);
      else {
        const [stride, width] = [inner[1] * 4, outer[0]];
        /** Folds rows into a row in memory. */
        const foldRows = (row: number, count: number, into: number, flag: number): void => {
          const whole = count - (count % TOGETHER);
          columns!(from + row * stride, stride, whole, width, into, flag);
          columnsInTurn!(from + (row + whole) * stride, stride, count - whole, width, into);
        };
        if (name === 'sum') {
          const block = memory.scratch(bytes);
          // Behind all requests for memory: it may grow, and views of it with it.
          const heap = memory.heap('float32');
          heap.fill(0, to / 4, (to + bytes) / 4);
          for (let row = 0; row < inner[0]; row += ROWS) {
            heap.fill(0, block / 4, (block + bytes) / 4);
            foldRows(row, Math.min(ROWS, inner[0] - row), block, 0);
            columnsInTurn!(block, bytes, 1, width, to);
          }
        } else {
          const flag = memory.scratch(4);
          const flags = memory.heap('int32');
          flags[flag / 4] = 0;
          memory.heap('float32').copyWithin(to / 4, from / 4, from / 4 + width);
          foldRows(0, inner[0], to, flag);
          if (flags[flag / 4] !== 0) columnsInTurn!(from, stride, inner[0], width, to);
        }
      }
      const { array, base } = out.storage;
      array.set(memory.heap('float32').subarray(to / 4, to / 4 + out.layout.numel), base + out.layout.offset);
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
      const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
      const work = (outer[0] * inner[0]) / 6;
      const [low, high] = outer[0] === 1 ? oneLine(from, inner[0], work) : lines(from, outer, inner[0], work);
      for (const [values, { storage, layout }] of [
        [low, min],
        [high, max],
      ] as const)
        storage.array.set(values, storage.base + layout.offset);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /** The extrema of lines, which threads divide. */
  function lines(
    from: number,
    [count, stride]: readonly [number, number],
    n: number,
    work: number,
  ): [Float32Array, Float32Array] {
    const low = memory.scratch(2 * count * 4);
    const high = low + count * 4;
    engine.divide(extremaFamily, 'extrema', { count, grain: 1, work }, (start, end) => [
      from + start * stride * 4,
      stride * 4,
      end - start,
      n,
      low + start * 4,
      high + start * 4,
    ]);
    const heap = memory.heap('float32');
    return [heap.subarray(low / 4, low / 4 + count), heap.subarray(high / 4, high / 4 + count)];
  }

  /** Those of a single line, whose elements threads divide: each finds the extrema of its own. */
  function oneLine(from: number, n: number, work: number): [Float32Array, Float32Array] {
    const found: number[] = [];
    engine.divide(extremaFamily, 'extrema', { count: n, grain: LEAST_PART, work }, (start, end) => {
      const at = memory.scratch(8);
      found.push(at / 4);
      return [from + start * 4, 0, 1, end - start, at, at + 4];
    });
    const heap = memory.heap('float32');
    // NaN stays in both.
    return [
      Float32Array.of(Math.min(...found.map((at) => heap[at]!))),
      Float32Array.of(Math.max(...found.map((at) => heap[at + 1]!))),
    ];
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
