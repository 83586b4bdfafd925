import {
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

/** Lanes with all bits set where a value is NaN. */
export const isNaNLane = (x: Expr<'v128'>): Expr<'v128'> => f32x4.ne(x, x);

/**
 * The instructions for minima and maxima that are fast lose NaN. A sum of everything that was met is NaN if a NaN was met, and
 * seldom else (infinities of both signs): an addition is cheaper than a comparison, and only where this holds elements are looked
 * at again.
 */
export const suspicious = (sum: Expr<'v128'>): Expr<'i32'> => v128.anyTrue(isNaNLane(sum));

/** Where the sum of the elements between two addresses is suspicious and one of them is NaN: `found`. Takes `at` and `sum` to count. */
export const lookForNaN = (
  from: Expr<'i32'>,
  end: Expr<'i32'>,
  at: Local<'i32'>,
  sum: Local<'v128'>,
  found: Stmt,
): Stmt =>
  when(
    suspicious(sum),
    seq(
      sum.set(v128.zero),
      forRange(at, from, i32.sub(end, 15), 16, sum.set(v128.or(sum, isNaNLane(v128.load(at))))),
      forRange(at, at, end, 4, sum.set(v128.or(sum, isNaNLane(f32x4.splat(f32.load(at)))))),
      when(v128.anyTrue(sum), found),
    ),
  );
