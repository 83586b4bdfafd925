import {
  doWhile,
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family } from '../engine/engine.js';
import { groups, LINES, starts, STEP, total } from './gemv-i8.js';

/** Bytes that `unpack` may write behind what it is asked for. */
export const UNPACK_SLACK = STEP;

/** Eight bytes as 16 bits; the values in their low and in their high halves, with sign or without. */
function halves(f: FunctionScope, signed: boolean): (at: Local<'i32'>) => readonly [Expr<'v128'>, Expr<'v128'>] {
  const eight = f.local('v128');
  return (at) => {
    const bytes = eight.tee(v128.load8x8U(at));
    return signed
      ? [i16x8.shrS(i16x8.shl(bytes, 12), 12), i16x8.shrS(i16x8.shl(eight, 8), 12)]
      : [v128.and(bytes, i16x8.splat(i32.const(15))), i16x8.shrU(eight, 4)];
  };
}

/**
 * Emits `gemvI4(vector, bytes, lines, count, stride, out, block, factors, factorStride)`: as `gemvI8`, of lines of `bytes` bytes with two
 * values each, the first in the low half. Every `block` bytes of a line share a factor, a byte; 0 for no factors. The vector is
 * widened in pairs; `block` is a multiple of 8.
 */
function emitGemv(module: ModuleBuilder, signed: boolean): void {
  module.func('gemvI4', new Array<'i32'>(9).fill('i32'), (f, ...all) => {
    const [vector, bytes, lines, count, stride, out, block, factors, factorStride] = all as Locals<'i32', 9>;
    const [at, x, end, last] = f.locals('i32', 4);
    const pointers = f.locals<'i32', number>('i32', LINES);
    const factorAt = f.locals<'i32', number>('i32', LINES);
    const sums = f.locals<'v128', number>('v128', LINES);
    const totals = f.locals<'v128', number>('v128', LINES);
    const [even, odd] = f.locals('v128', 2);
    const valuesAt = halves(f, signed);
    const some = (size: number): Stmt => {
      const [from, to, sum, byFactor] = [pointers, totals, sums, factorAt].map((all) => all.slice(0, size)) as [
        Local<'i32'>[],
        Local<'v128'>[],
        Local<'v128'>[],
        Local<'i32'>[],
      ];
      const step = seq(
        even.set(v128.load(x)),
        odd.set(v128.load(x, 16)),
        ...from.map((line, l) => {
          const [low, high] = valuesAt(line);
          return sum[l]!.set(i32x4.add(i32x4.add(sum[l]!, i32x4.dotI16x8(low, even)), i32x4.dotI16x8(high, odd)));
        }),
        ...from.map((line) => line.set(i32.add(line, STEP / 2))),
        x.set(i32.add(x, STEP * 2)),
      );
      return seq(
        starts(from, lines, stride),
        starts(byFactor, factors, factorStride),
        ...to.map((all) => all.set(v128.zero)),
        x.set(vector),
        last.set(i32.add(from[0]!, bytes)),
        doWhile(
          seq(
            ...sum.map((all) => all.set(v128.zero)),
            end.set(i32.minU(i32.add(from[0]!, block), last)),
            doWhile(step, i32.ltU(from[0]!, end)),
            ...sum.map((all, l) =>
              when(
                factors,
                seq(
                  to[l]!.set(i32x4.add(to[l]!, i32x4.mul(all, i32x4.splat(i32.load8U(byFactor[l]!))))),
                  byFactor[l]!.set(i32.add(byFactor[l]!, 1)),
                ),
                to[l]!.set(i32x4.add(to[l]!, all)),
              ),
            ),
          ),
          i32.ltU(from[0]!, last),
        ),
        ...to.map((all, l) => i32.store(out, total(all), l * 4)),
        out.set(i32.add(out, size * 4)),
        lines.set(i32.add(lines, i32.mul(stride, size))),
        when(factors, factors.set(i32.add(factors, i32.mul(factorStride, size)))),
      );
    };
    return seq(at.set(0), groups(at, count, LINES, some), groups(at, count, 1, some));
  });
}

/**
 * Emits `unpack(from, rows, bytes, stride, k, to, block, factors, factorStride)`: rows of `k` values, two a byte, as bytes, `k` from
 * one row to the next; times the factor of their block, as `gemvI4` has it.
 */
function emitUnpack(module: ModuleBuilder, signed: boolean): void {
  module.func('unpack', new Array<'i32'>(9).fill('i32'), (f, ...all) => {
    const [from, rows, bytes, stride, k, to, block, factors, factorStride] = all as Locals<'i32', 9>;
    const [row, at, end, last, into, factor] = f.locals('i32', 6);
    const scale = f.local('v128');
    const valuesAt = halves(f, signed);
    const [low, high] = valuesAt(at);
    const eight = (times: (values: Expr<'v128'>) => Expr<'v128'>): Stmt =>
      seq(
        // Sixteen at a time: what is too much lies where the next row will be written.
        v128.store(into, v128.or(v128.and(times(low), i16x8.splat(i32.const(255))), i16x8.shl(times(high), 8))),
        at.set(i32.add(at, STEP / 2)),
        into.set(i32.add(into, STEP)),
      );
    return forRange(
      row,
      0,
      rows,
      1,
      seq(
        at.set(from),
        into.set(to),
        factor.set(factors),
        last.set(i32.add(from, bytes)),
        doWhile(
          seq(
            end.set(i32.minU(i32.add(at, block), last)),
            when(
              factors,
              seq(
                scale.set(i16x8.splat(i32.load8U(factor))),
                factor.set(i32.add(factor, 1)),
                doWhile(
                  eight((values) => i16x8.mul(values, scale)),
                  i32.ltU(at, end),
                ),
              ),
              doWhile(
                eight((values) => values),
                i32.ltU(at, end),
              ),
            ),
          ),
          i32.ltU(at, last),
        ),
        from.set(i32.add(from, stride)),
        to.set(i32.add(to, k)),
        when(factors, factors.set(i32.add(factors, factorStride))),
      ),
    );
  });
}

const families = [false, true].map((signed): Family => ({ module }) => {
  emitGemv(module, signed);
  emitUnpack(module, signed);
});

/** `gemvI4` and `unpack`, of values with sign or without. */
export const nibbleFamily = (signed: boolean): Family => families[Number(signed)]!;
