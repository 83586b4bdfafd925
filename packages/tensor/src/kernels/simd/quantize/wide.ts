import type { View } from '../../../storage.js';
import type { IntegerKernels } from '../../contract/integer.js';
import {
  doWhile,
  forRange,
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  when,
  type Expr,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { overPlanes, type PlaneFamilies } from '../elementwise/planes.js';

/** Four integers, or one, of a dtype as int32. */
const integers = {
  int16: {
    shift: 1,
    four: (at: Expr<'i32'>, offset: number) => v128.load16x4S(at, offset * 2),
    one: (at: Expr<'i32'>) => i32.load16S(at),
  },
  int32: {
    shift: 2,
    four: (at: Expr<'i32'>, offset: number) => v128.load(at, offset * 4),
    one: (at: Expr<'i32'>) => i32.load(at),
  },
} as const;

/** `plane(rows, n, x, stride, shift, out, stride)`: the high or the low byte of the low 16 bits of `x - shift`. */
const splitFamily =
  (dtype: keyof typeof integers, half: 'high' | 'low'): Family =>
  ({ module }) => {
    module.func('plane', new Array<'i32'>(7).fill('i32'), (f, ...all) => {
      const [rows, n, x, stride, shift, out, outStride] = all as Locals<'i32', 7>;
      const [row, from, to, end] = f.locals('i32', 4);
      const middle = f.local('v128');
      const { shift: log, four, one } = integers[dtype];
      const part = (offset: number): Expr<'v128'> => {
        const value = i32x4.sub(four(from, offset), middle);
        return half === 'high' ? i32x4.shrS(i32x4.shl(value, 16), 24) : v128.and(value, i32x4.splat(i32.const(255)));
      };
      const narrow = half === 'high' ? i8x16.narrowS : i8x16.narrowU;
      const single = i32.sub(one(from), shift);
      const loop = (count: number, elements: Expr<'i32'>, body: Stmt): Stmt =>
        seq(
          end.set(i32.add(out, elements)),
          when(
            i32.ltU(to, end),
            doWhile(seq(body, from.set(i32.add(from, count << log)), to.set(i32.add(to, count))), i32.ltU(to, end)),
          ),
        );
      return seq(
        middle.set(i32x4.splat(shift)),
        forRange(
          row,
          0,
          rows,
          1,
          seq(
            from.set(x),
            to.set(out),
            loop(
              16,
              i32.and(n, -16),
              v128.store(to, narrow(i16x8.narrowS(part(0), part(4)), i16x8.narrowS(part(8), part(12)))),
            ),
            loop(1, n, i32.store8(to, half === 'high' ? i32.shrU(single, 8) : single)),
            x.set(i32.add(x, stride)),
            out.set(i32.add(out, outStride)),
          ),
        ),
      );
    });
  };

const splits = {
  int16: { high: splitFamily('int16', 'high'), low: splitFamily('int16', 'low') },
  int32: { high: splitFamily('int32', 'high'), low: splitFamily('int32', 'low') },
} as const;

/** `plane(rows, n, high, stride, low, stride, out, stride)`: `256 * high + low` of int32 with wrap-around. */
const joinFamily: Family = ({ module }) => {
  module.func('plane', new Array<'i32'>(8).fill('i32'), (f, ...all) => {
    const [rows, n, high, highStride, low, lowStride, out, outStride] = all as Locals<'i32', 8>;
    const [row, h, l, to, end] = f.locals('i32', 5);
    const advance = (bytes: number): Stmt => seq(...[h, l, to].map((pointer) => pointer.set(i32.add(pointer, bytes))));
    const loop = (bytes: number, count: Expr<'i32'>, body: Stmt): Stmt =>
      seq(
        end.set(i32.add(out, i32.shl(count, 2))),
        when(i32.ltU(to, end), doWhile(seq(body, advance(bytes)), i32.ltU(to, end))),
      );
    return forRange(
      row,
      0,
      rows,
      1,
      seq(
        h.set(high),
        l.set(low),
        to.set(out),
        loop(16, i32.and(n, -4), v128.store(to, i32x4.add(i32x4.shl(v128.load(h), 8), v128.load(l)))),
        loop(4, n, i32.store(to, i32.add(i32.shl(i32.load(h), 8), i32.load(l)))),
        high.set(i32.add(high, highStride)),
        low.set(i32.add(low, lowStride)),
        out.set(i32.add(out, outStride)),
      ),
    );
  });
};
const join: PlaneFamilies = () => joinFamily;

/** Whether every element has a place of its own. */
const isSpread = ({ layout }: View): boolean => layout.strides.every((step, d) => step !== 0 || layout.shape[d] === 1);

type WideKernels = Pick<IntegerKernels, 'splitBytes' | 'joinBytes'>;

/** Integers of more than a byte as bytes, exactly as the reference; unusual layouts and dtypes go to `fallback`. */
export function simdWide(engine: SimdEngine, fallback: WideKernels): WideKernels {
  return {
    splitBytes(x, shift, upper, lower) {
      const { dtype } = x.storage;
      const families = dtype === 'int16' || dtype === 'int32' ? splits[dtype] : null;
      const done =
        families !== null &&
        isSpread(x) &&
        overPlanes(engine, [x], upper, () => families.high, [shift]) &&
        overPlanes(engine, [x], lower, () => families.low, [shift]);
      if (!done) fallback.splitBytes(x, shift, upper, lower);
    },

    joinBytes(upper, lower, out) {
      const each = [upper, lower, out].every((view) => view.storage.dtype === 'int32' && isSpread(view));
      if (!each || !overPlanes(engine, [upper, lower], out, join)) fallback.joinBytes(upper, lower, out);
    },
  };
}
