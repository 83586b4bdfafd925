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
import type { Family } from '../engine/engine.js';
import { lookForNaN } from '../elementwise/nan.js';

/**
 * Emits `extrema(x, stride, count, n, min, max)`: smallest and largest element of `count` lines of `n` > 0 contiguous elements in
 * one pass; both NaN where a line has one. `stride` in bytes.
 */
export const extremaFamily: Family = ({ module, features }) => {
  // Independent accumulators of each kind hide latencies; more of them are spilled by engines that do not unroll well either.
  const accumulators = features.unrolls ? 3 : 2;
  // Bytes that are read at once: a pair of vectors for each accumulator.
  const step = accumulators * 32;
  module.func('extrema', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, count, n, min, max) => {
    const [i, p, end] = f.locals('i32', 3);
    const lows = f.locals<'v128', number>('v128', accumulators);
    const highs = f.locals<'v128', number>('v128', accumulators);
    const checks = f.locals<'v128', number>('v128', accumulators);
    const [a, b] = f.locals('v128', 2);
    const meet = (k: number, vectors: readonly Local<'v128'>[], check: Expr<'v128'>): Stmt =>
      seq(
        lows[k]!.set(vectors.reduce<Expr<'v128'>>(f32x4.pmin, lows[k]!)),
        highs[k]!.set(vectors.reduce<Expr<'v128'>>(f32x4.pmax, highs[k]!)),
        checks[k]!.set(f32x4.add(checks[k]!, check)),
      );
    const single = (value: Expr<'v128'>): Stmt => seq(a.set(value), meet(0, [a], a));
    // A product takes NaN along as a sum does, and is made where the others are not.
    const pair = (k: number): Stmt =>
      seq(a.set(v128.load(p, k * 32)), b.set(v128.load(p, k * 32 + 16)), meet(k, [a, b], f32x4.mul(a, b)));
    const last = i32.sub(end, step - 1);
    /** Everything folded into all lanes of the first accumulator. */
    const fold = (
      accs: readonly Local<'v128'>[],
      combine: (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>,
    ): Stmt => {
      const all = accs[0]!;
      return seq(
        ...accs.slice(1).map((acc) => all.set(combine(all, acc))),
        ...[
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ].map((order) => all.set(combine(all, v128.shuffle32(all, all, order)))),
      );
    };
    const nan = f32x4.splat(f32.const(NaN));
    return forRange(
      i,
      0,
      count,
      1,
      seq(
        p.set(x),
        end.set(i32.add(x, i32.shl(n, 2))),
        ...checks.map((check) => check.set(v128.zero)),
        ...[...lows, ...highs].map((acc) => acc.set(v128.load32Splat(x))),
        when(i32.ltU(p, last), doWhile(seq(...lows.map((_, k) => pair(k)), p.set(i32.add(p, step))), i32.ltU(p, last))),
        forRange(p, p, i32.sub(end, 15), 16, single(v128.load(p))),
        forRange(p, p, end, 4, single(v128.load32Splat(p))),
        fold(lows, f32x4.pmin),
        fold(highs, f32x4.pmax),
        ...checks.slice(1).map((check) => checks[0]!.set(f32x4.add(checks[0]!, check))),
        lookForNaN(x, end, p, checks[0]!, seq(lows[0]!.set(nan), highs[0]!.set(nan))),
        v128.storeLane32(min, lows[0]!),
        v128.storeLane32(max, highs[0]!),
        min.set(i32.add(min, 4)),
        max.set(i32.add(max, 4)),
        x.set(i32.add(x, stride)),
      ),
    );
  });
};
