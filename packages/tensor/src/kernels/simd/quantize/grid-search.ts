import type { ArrayOf, DType } from '../../../dtype.js';
import { Layout } from '../../../layout.js';
import type { View } from '../../../storage.js';
import type { GridSearchKernels } from '../../contract/grid-search.js';
import {
  doWhile,
  f32,
  f32x4,
  f64,
  fillBytes,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { worthwhile } from '../elementwise/rows.js';

/** Bytes of a block of elements whose errors are summed before they join the total. */
const BLOCK = 32 * 4;

/** The bits of a float32, which are ordered as the numbers are where these are not negative. */
const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;

/** Numbers smaller than this have differences whose squares are finite. */
const TAME = bitsOf(1e18);
const FINITE = bitsOf(Infinity);

/** The index of a row whose errors may overflow or be NaN. */
const UNDECIDED = -1;

/**
 * Emits `search(x, weights, n, scale, offset, candidates, rows, room, packed, qmin, qmax, clipped, values, indices)`. A row's
 * elements that weigh something are copied to `packed`, their weights `room` bytes behind. The search begins with the grid
 * that won the row before, with which most others can soon be given up.
 */
const family: Family = ({ module }) => {
  module.func(
    'search',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'f32', 'f32', 'f32', 'i32', 'i32'],
    (f, x, weights, n, scale, offset, candidates, rows, room, packed, qmin, qmax, clipped, values, indices) => {
      const [row, end, at, from, best, visit, i, value, weight, bad] = f.locals('i32', 10);
      const [s, o, low, high, factor, sum] = f.locals('v128', 6);
      const [v, q, kept, term] = f.locals('v128', 4);
      const [step, start] = f.locals('f32', 2);
      const [total, least] = f.locals('f64', 2);
      /** Where a number lies at or above a limit, the difference is negative; `bad` collects signs. */
      const suspect = (...signs: readonly Expr<'i32'>[]): Stmt =>
        bad.set(signs.reduce((all, sign) => i32.or(all, sign), bad));
      const size = (number: Expr<'i32'>): Expr<'i32'> => i32.and(number, 0x7fffffff);
      const below = (limit: number, number: Expr<'i32'>): Expr<'i32'> => i32.sub(limit - 1, number);

      const pack = seq(
        end.set(packed),
        forRange(
          i,
          0,
          n,
          1,
          seq(
            // From both ends inwards.
            at.set(i32.shl(i32.shrU(i, 1), 2)),
            when(i32.and(i, 1), at.set(i32.sub(i32.shl(i32.sub(n, 1), 2), at))),
            value.set(i32.load(i32.add(x, at))),
            weight.set(i32.load(i32.add(weights, at))),
            i32.store(end, value),
            i32.store(i32.add(end, room), weight),
            suspect(below(TAME, size(value)), weight, below(FINITE, weight)),
            end.set(i32.add(end, i32.shl(i32.ne(size(weight), 0), 2))),
          ),
        ),
        fillBytes(end, 0, BLOCK),
        fillBytes(i32.add(end, room), 0, BLOCK),
      );

      const element = (offset: number): Stmt =>
        seq(
          v.set(v128.load(at, offset)),
          q.set(f32x4.nearest(f32x4.sub(f32x4.div(v, s), o))),
          kept.set(f32x4.pmin(f32x4.pmax(q, low), high)),
          term.set(f32x4.sub(f32x4.mul(f32x4.add(kept, o), s), v)),
          term.set(f32x4.mul(f32x4.mul(term, term), v128.load(i32.add(at, room), offset))),
          sum.set(f32x4.add(sum, v128.bitselect(f32x4.mul(term, factor), term, f32x4.ne(q, kept)))),
        );
      const fold = (order: readonly number[]): Stmt => sum.set(f32x4.add(sum, v128.shuffle32(sum, sum, order)));
      const block = seq(
        sum.set(v128.zero),
        ...Array.from({ length: BLOCK / 16 }, (_, u) => element(u * 16)),
        fold([2, 3, 0, 1]),
        fold([1, 0, 3, 2]),
        total.set(f64.add(total, f64.promote(f32x4.lane(sum, 0)))),
        at.set(i32.add(at, BLOCK)),
      );

      const pair = (pointer: Local<'i32'>, back: number): Expr<'i32'> =>
        i32.load(i32.sub(i32.add(pointer, i32.shl(i, 2)), back));
      const repeated = i32.and(
        i32.ne(i, 0),
        i32.and(i32.eq(pair(scale, 0), pair(scale, 4)), i32.eq(pair(offset, 0), pair(offset, 4))),
      );
      const reach = (end: Expr<'f32'>): Expr<'i32'> => below(TAME, size(f32.bits(f32.mul(f32.add(start, end), step))));
      const evaluate = seq(
        step.set(f32.load(i32.add(scale, i32.shl(i, 2)))),
        start.set(f32.load(i32.add(offset, i32.shl(i, 2)))),
        suspect(i32.sub(f32.bits(step), 1), below(FINITE, f32.bits(step)), reach(qmin), reach(qmax)),
        s.set(f32x4.splat(step)),
        o.set(f32x4.splat(start)),
        total.set(0),
        at.set(packed),
        doWhile(block, i32.and(i32.ltU(at, end), f64.le(total, least))),
        when(
          i32.or(f64.lt(total, least), i32.and(f64.eq(total, least), i32.ltU(i, best))),
          seq(least.set(total), best.set(i)),
        ),
      );

      const advance = (pointer: Local<'i32'>, by: Expr<'i32'>): Stmt => pointer.set(i32.add(pointer, i32.shl(by, 2)));
      return seq(
        low.set(f32x4.splat(qmin)),
        high.set(f32x4.splat(qmax)),
        factor.set(f32x4.splat(clipped)),
        best.set(0),
        forRange(
          row,
          0,
          rows,
          1,
          seq(
            bad.set(0),
            pack,
            least.set(Infinity),
            from.set(best),
            forRange(
              visit,
              0,
              candidates,
              1,
              seq(
                i.set(i32.add(from, visit)),
                when(i32.geU(i, candidates), i.set(i32.sub(i, candidates))),
                when(i32.eqz(repeated), evaluate),
              ),
            ),
            f32.store(values, f32.demote(least)),
            i32.store(indices, best),
            when(i32.ltS(bad, 0), i32.store(indices, UNDECIDED)),
            advance(x, n),
            advance(weights, n),
            advance(scale, candidates),
            advance(offset, candidates),
            values.set(i32.add(values, 4)),
            indices.set(i32.add(indices, 4)),
          ),
        ),
      );
    },
  );
};

/** A row of a contiguous view with at least one dim, as a view of one row. */
const rowOf = <D extends DType>({ storage, layout }: View<D>, row: number): View<D> => {
  const [, ...sizes] = layout.shape;
  const count = sizes.reduce((product, size) => product * size, 1);
  return { storage, layout: new Layout([1, ...sizes], undefined, layout.offset + row * count) };
};

/** The elements of a contiguous view from an address in kernel memory. */
function copyOut<D extends 'float32' | 'int32'>(heap: ArrayOf<D>, at: number, { storage, layout }: View): void {
  storage.array.set(heap.subarray(at / 4, at / 4 + layout.numel), storage.base + layout.offset);
}

/** The search among grids in float32, bit for bit as the reference; rows whose errors overflow or are NaN go to `fallback`. */
export function simdGridSearch(engine: SimdEngine, fallback: GridSearchKernels): Partial<GridSearchKernels> {
  return {
    leastErrorGrid(x, weights, scale, offset, grid, values, indices) {
      const [rows, n] = x.layout.shape as [number, number];
      const candidates = scale.layout.shape[1]!;
      const errors = x.layout.numel * candidates;
      if (!worthwhile([x, weights, scale, offset, values], errors))
        return fallback.leastErrorGrid(x, weights, scale, offset, grid, values, indices);
      const { memory } = engine;
      memory.beginKernel();
      try {
        const [xs, ws, ss, os] = [x, weights, scale, offset].map(
          ({ storage, layout }) => storage.pointer(memory, layout) + layout.offset * 4,
        ) as [number, number, number, number];
        const [least, best] = [memory.scratch(rows * 4), memory.scratch(rows * 4)];
        const room = n * 4 + BLOCK;
        engine.divide(family, 'search', { count: rows, grain: 1, work: errors / 10 }, (start, end) => [
          xs + start * n * 4,
          ws + start * n * 4,
          n,
          ss + start * candidates * 4,
          os + start * candidates * 4,
          candidates,
          end - start,
          room,
          memory.scratch(room * 2),
          grid.qmin,
          grid.qmax,
          grid.clipped,
          least + start * 4,
          best + start * 4,
        ]);
        copyOut(memory.heap('float32'), least, values);
        copyOut(memory.heap('int32'), best, indices);
      } finally {
        memory.endKernel();
      }
      const { array, base } = indices.storage;
      for (let row = 0; row < rows; row++)
        if (array[base + indices.layout.offset + row] === UNDECIDED)
          fallback.leastErrorGrid(
            rowOf(x, row),
            rowOf(weights, row),
            rowOf(scale, row),
            rowOf(offset, row),
            grid,
            rowOf(values, row),
            rowOf(indices, row),
          );
    },
  };
}
