import type { DType } from '../../dtype.js';
import type { IntegerKernels } from '../contract/integer.js';
import {
  doWhile,
  f32x4,
  forRange,
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type ModuleBuilder,
  type Stmt,
} from './assembler.js';
import type { Family, SimdEngine } from './engine.js';
import { emitOverRows, overRows, type RowKernel } from './rows.js';

/** Elements per iteration: four vectors of accumulators, one of bytes. */
const BLOCK = 16;

type Four = readonly [Expr<'v128'>, Expr<'v128'>, Expr<'v128'>, Expr<'v128'>];

/** How four vectors of int32, and the first lane of one, are written as a dtype. */
interface Target {
  readonly bytes: number;
  readonly block: (out: Local<'i32'>, values: Four) => Stmt;
  readonly single: (out: Local<'i32'>, value: Expr<'i32'>) => Stmt;
}

const byteTarget = (narrow: (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>): Target => ({
  bytes: 1,
  block: (out, [a, b, c, d]) => v128.store(out, narrow(i16x8.narrowS(a, b), i16x8.narrowS(c, d))),
  single: (out, value) => i32.store8(out, value),
});

const targets: Readonly<Partial<Record<DType, Target>>> = {
  int8: byteTarget(i8x16.narrowS),
  uint8: byteTarget(i8x16.narrowU),
  int16: {
    bytes: 2,
    block: (out, [a, b, c, d]) => seq(v128.store(out, i16x8.narrowS(a, b)), v128.store(out, i16x8.narrowS(c, d), 16)),
    single: (out, value) => i32.store16(out, value),
  },
  int32: {
    bytes: 4,
    block: (out, values) => seq(...values.map((value, u) => v128.store(out, value, u * 16))),
    single: (out, value) => i32.store(out, value),
  },
};

/**
 * Emits `name`, for `overRows`: rows of accumulators (acc, multiplier, bias, zeroPoint, qmin, qmax, out) onto a grid. Multiplier and bias
 * lie in memory, one for the row or (`varies`) one per element.
 */
function emitRequantize(module: ModuleBuilder, name: string, target: Target, varies: boolean): void {
  const params = ['i32', 'i32', 'i32', 'f32', 'f32', 'f32', 'i32', 'i32'] as const;
  const row = module.func(null, params, (f, acc, multiplier, bias, zeroPoint, qmin, qmax, out, n) => {
    const [zero, low, high, factor, term] = f.locals('v128', 5);
    const values = f.locals('v128', 4);
    const [i, blocks] = f.locals('i32', 2);
    /** One step for all vectors before the next, so that latencies overlap. */
    const each = (of: readonly Local<'v128'>[], step: (value: Local<'v128'>, u: number) => Expr<'v128'>): Stmt =>
      seq(...of.map((value, u) => value.set(step(value, u))));
    const compute = (of: readonly Local<'v128'>[], load: (address: Local<'i32'>, u: number) => Expr<'v128'>): Stmt =>
      seq(
        each(of, (_, u) => f32x4.mul(i32x4.toF32x4(load(acc, u)), varies ? load(multiplier, u) : factor)),
        each(of, (value, u) => f32x4.add(value, varies ? load(bias, u) : term)),
        each(of, (value) => f32x4.add(f32x4.nearest(value), zero)),
        each(of, (value) => f32x4.pmin(f32x4.pmax(value, low), high)),
        each(of, (value) => i32x4.truncSatF32x4(value)),
      );
    const advance = (count: number): Stmt =>
      seq(
        acc.set(i32.add(acc, count * 4)),
        ...(varies ? [multiplier, bias].map((pointer) => pointer.set(i32.add(pointer, count * 4))) : []),
        out.set(i32.add(out, count * target.bytes)),
      );
    return seq(
      zero.set(f32x4.splat(zeroPoint)),
      low.set(f32x4.splat(qmin)),
      high.set(f32x4.splat(qmax)),
      factor.set(v128.load32Splat(multiplier)),
      term.set(v128.load32Splat(bias)),
      blocks.set(i32.add(acc, i32.shl(i32.and(n, -BLOCK), 2))),
      when(
        i32.ltU(acc, blocks),
        doWhile(
          seq(
            compute(values, (address, u) => v128.load(address, u * 16)),
            target.block(out, values),
            advance(BLOCK),
          ),
          i32.ltU(acc, blocks),
        ),
      ),
      n.set(i32.and(n, BLOCK - 1)),
      forRange(
        i,
        0,
        n,
        1,
        seq(
          compute([values[0]], (address) => v128.load32Splat(address)),
          target.single(out, i32x4.lane(values[0], 0)),
          advance(1),
        ),
      ),
    );
  });
  emitOverRows(module, name, params.slice(0, 6), 1, row);
}

const families: Readonly<Partial<Record<DType, Family>>> = Object.fromEntries(
  Object.entries(targets).map(([dtype, target]) => [
    dtype,
    (({ module }) => {
      emitRequantize(module, 'row', target, false);
      emitRequantize(module, 'elements', target, true);
    }) as Family,
  ]),
);

/** Elements below which the plain loop is as fast. */
const FEW = 128;

/** `requantize` bit for bit as the reference; what float32 cannot count exactly and unusual layouts go to `fallback`. */
export function simdRequantize(
  engine: SimdEngine,
  fallback: Pick<IntegerKernels, 'requantize'>,
): Pick<IntegerKernels, 'requantize'> {
  return {
    requantize(acc, multiplier, bias, grid, out) {
      const family = families[out.storage.dtype];
      const numbers = [grid.zeroPoint, grid.qmin, grid.qmax];
      const done =
        family !== undefined &&
        acc.storage.dtype === 'int32' &&
        out.layout.numel >= FEW &&
        numbers.every((value) => Math.abs(value) <= 2 ** 22) &&
        overRows(
          engine,
          [acc, multiplier, bias],
          out,
          ([step, factor, term]): RowKernel | null =>
            step !== 1 || factor !== term
              ? null
              : factor === 0
                ? [family, 'row']
                : factor === 1
                  ? [family, 'elements']
                  : null,
          numbers,
        );
      if (!done) fallback.requantize(acc, multiplier, bias, grid, out);
    },
  };
}
