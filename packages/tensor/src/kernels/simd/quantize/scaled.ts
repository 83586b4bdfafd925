import { dtypes } from '../../../dtype.js';
import type { IntegerKernels, ScaledBinaryName } from '../../contract/integer.js';
import { dequantized, quantized, writesFloats } from './affine.js';
import { doWhile, f32x4, i32, forRange, seq, when, type Expr, type Local, type Stmt } from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { isLaneDType, type LaneDType } from '../elementwise/lanes.js';
import { addressOf } from '../engine/places.js';
import { overPlanes, planeFamilies, type PlaneFamilies } from '../elementwise/planes.js';

const pairs = (f: (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>): PlaneFamilies =>
  planeFamilies(8, (code, [a, b, aScale, aOffset, bScale, bOffset, scale, offset, low, high]) =>
    quantized(
      code,
      code.step(f, dequantized(code, a!, aScale!, aOffset!), dequantized(code, b!, bScale!, bOffset!)),
      scale!,
      offset!,
      low!,
      high!,
    ),
  );

const families: Readonly<Record<ScaledBinaryName, PlaneFamilies>> = {
  add: pairs(f32x4.add),
  sub: pairs(f32x4.sub),
  mul: pairs(f32x4.mul),
  div: pairs(f32x4.div),
  maximum: pairs(f32x4.max),
  minimum: pairs(f32x4.min),
};

/** Look-ups per iteration: as many as the machine can have under way. */
const UNROLL = 8;

const element: Readonly<
  Record<LaneDType, { shift: number; read: (at: Expr<'i32'>, offset?: number) => Expr<'i32'>; write: typeof i32.store }>
> = {
  int8: { shift: 0, read: i32.load8S, write: i32.store8 },
  uint8: { shift: 0, read: i32.load8U, write: i32.store8 },
  int16: { shift: 1, read: i32.load16S, write: i32.store16 },
  int32: { shift: 2, read: i32.load, write: i32.store },
  float32: { shift: 2, read: i32.load, write: i32.store },
};

/**
 * `plane(rows, n, x, stride, table, out, stride)`: what a table holds for each integer, its entry for 0 at `table`. Plain
 * loads: sixteen swizzles for one vector take half as long again.
 */
const lookups: PlaneFamilies = ([x], result): Family => {
  const key = `${x!.dtype} ${x!.each} ${result}`;
  const known = lookupFamilies.get(key);
  if (known) return known;
  const [from, to] = [element[x!.dtype], element[result]];
  const along = x!.each ? 1 : 0;
  const family: Family = ({ module }) => {
    module.func('plane', new Array<'i32'>(7).fill('i32'), (f, ...all) => {
      const [rows, n, source, stride, table, out, outStride] = all as Local<'i32'>[] & { length: 7 };
      const [row, at, target, end] = f.locals('i32', 4);
      const look = (i: number): Stmt =>
        to.write(
          target,
          to.read(i32.add(table!, i32.shl(from.read(at, (i * along) << from.shift), to.shift))),
          i << to.shift,
        );
      const steps = (count: number): Stmt =>
        seq(
          ...Array.from({ length: count }, (_, i) => look(i)),
          at.set(i32.add(at, (count * along) << from.shift)),
          target.set(i32.add(target, count << to.shift)),
        );
      const loop = (count: number, elements: Expr<'i32'>): Stmt =>
        seq(
          end.set(i32.add(out!, i32.shl(elements, to.shift))),
          when(i32.ltU(target, end), doWhile(steps(count), i32.ltU(target, end))),
        );
      return forRange(
        row,
        0,
        rows!,
        1,
        seq(
          at.set(source!),
          target.set(out!),
          loop(UNROLL, i32.and(n!, -UNROLL)),
          loop(1, n!),
          source!.set(i32.add(source!, stride!)),
          out!.set(i32.add(out!, outStride!)),
        ),
      );
    });
  };
  lookupFamilies.set(key, family);
  return family;
};
const lookupFamilies = new Map<string, Family>();

type ScaledKernels = Pick<IntegerKernels, 'binaryScaled' | 'lookup'>;

/** Integers that stand for numbers, element by element, exactly as the reference; unusual layouts and dtypes go to `fallback`. */
export function simdScaled(engine: SimdEngine, fallback: ScaledKernels): ScaledKernels {
  return {
    binaryScaled(name, a, b, grid, out) {
      const { qmin, qmax } = grid;
      const numbers = [a.scale, a.offset, b.scale, b.offset, out.scale, out.offset, qmin, qmax];
      const done = writesFloats(grid) && overPlanes(engine, [a.view, b.view], out.view, families[name], numbers);
      if (!done) fallback.binaryScaled(name, a, b, grid, out);
    },

    lookup(x, table, first, out) {
      const { bytes } = dtypes[table.storage.dtype];
      const done =
        isLaneDType(table.storage.dtype) &&
        overPlanes(engine, [x], out, lookups, () => [addressOf(engine.memory, table) - first * bytes]);
      if (!done) fallback.lookup(x, table, first, out);
    },
  };
}
