import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { IntegerKernels } from '../../contract/integer.js';
import {
  f32,
  f64,
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';
import { familiesOf } from '../engine/families.js';
import { isLaneDType, type LaneDType } from '../elementwise/lanes.js';
import { emitPlane } from '../elementwise/planes.js';
import { FEW } from '../elementwise/rows.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf, lineOf } from '../engine/places.js';
import { emitSoftmax, SHORTEST } from '../reduce/softmax.js';
import { dequantized, quantized, writesFloats } from './affine.js';
import { countable, gridNumbers, rescaled } from './requantize.js';

/** Nanoseconds per element, roughly. */
const WORK = { softmax: 0.8, normalize: 0.3 };

/**
 * `softmaxScaled(x, rows, n, y, line, xScale, xOffset, scale, offset, low, high)`: each row by way of its float32 at `line`, in the
 * functions that do it for whole tensors.
 */
const softmaxes = familiesOf((from: LaneDType, to: LaneDType) => (emission) => {
  const enter = emitPlane(
    emission,
    null,
    [{ dtype: from, each: true }],
    2,
    'float32',
    (code, [q, scale, offset]) => dequantized(code, q!, scale!, offset!),
    'floats',
  );
  const softmax = emitSoftmax(emission, null, false);
  const leave = emitPlane(
    emission,
    null,
    [{ dtype: 'float32', each: true }],
    4,
    to,
    (code, [x, scale, offset, low, high]) => quantized(code, x!, scale!, offset!, low!, high!),
    'floats',
  );
  const types = [...new Array<'i32'>(5).fill('i32'), ...new Array<'f32'>(6).fill('f32')];
  emission.module.func('softmaxScaled', types, (f, ...all) => {
    const [x, rows, n, y, line] = all as unknown as Locals<'i32', 5>;
    const numbers = all.slice(5) as Local<'f32'>[];
    const row = f.local('i32');
    return forRange(
      row,
      0,
      rows,
      1,
      seq(
        enter(1, n, x, 0, ...numbers.slice(0, 2), line, 0),
        softmax(line, 1, n, line),
        leave(1, n, line, 0, ...numbers.slice(2), y, 0),
        x.set(i32.add(x, i32.mul(n, dtypes[from].bytes))),
        y.set(i32.add(y, i32.mul(n, dtypes[to].bytes))),
      ),
    );
  });
});

/** Elements of a row up to which the sums of their squares fit 32 bits, and their multiples float32. */
const LONGEST = 2 ** 15;

/** Sums of a row of bytes and of their squares. */
function sumsOf(
  f: FunctionScope,
  signed: boolean,
  row: Expr<'i32'>,
  n: Expr<'i32'>,
): { readonly code: Stmt; readonly sum: Local<'i32'>; readonly squares: Local<'i32'> } {
  const [sum, squares, at, end, value] = f.locals('i32', 5);
  const [sums, products, bytes, ones] = f.locals('v128', 4);
  const halves = signed ? [i16x8.extendLowS, i16x8.extendHighS] : [i16x8.extendLowU, i16x8.extendHighU];
  const all = (vector: Local<'v128'>): Expr<'i32'> =>
    [0, 1, 2, 3].map((lane) => i32x4.lane(vector, lane)).reduce((a, b) => i32.add(a, b));
  const code = seq(
    ...[sums, products].map((vector) => vector.set(v128.zero)),
    ones.set(i32x4.splat(i32.const(0x00010001))),
    at.set(row),
    end.set(i32.add(row, n)),
    forRange(
      at,
      at,
      i32.sub(end, 15),
      16,
      seq(
        bytes.set(v128.load(at)),
        ...halves.flatMap((half) => [
          sums.set(i32x4.add(sums, i32x4.dotI16x8(half(bytes), ones))),
          products.set(i32x4.add(products, i32x4.dotI16x8(half(bytes), half(bytes)))),
        ]),
      ),
    ),
    sum.set(all(sums)),
    squares.set(all(products)),
    forRange(
      at,
      at,
      end,
      1,
      seq(
        value.set((signed ? i32.load8S : i32.load8U)(at)),
        sum.set(i32.add(sum, value)),
        squares.set(i32.add(squares, i32.mul(value, value))),
      ),
    ),
  );
  return { code, sum, squares };
}

/**
 * `normalizeInteger(x, rows, n, y, multiplier, bias, centered, zero, scale, eps, low, high, base)`: multiplier and bias are vectors, `zero`
 * is `n` times the zero point of rows that are not `centered`.
 */
const normalizations = familiesOf((from: LaneDType, to: LaneDType) => (emission) => {
  const each = ([from, 'float32', 'float32'] as const).map((dtype) => ({ dtype, each: true }));
  const place = emitPlane(
    emission,
    null,
    each,
    6,
    to,
    (code, [q, multiplier, bias, n, middle, factor, low, high, base]) => {
      const unit = code.mul(code.sub(code.mul(q!, n!), middle!), factor!);
      return rescaled(code, unit, multiplier!, bias!, [low!, high!, base!]);
    },
    'integers',
  );
  emitNormalization(emission, from, to, place);
});

function emitNormalization(
  { module }: Parameters<Family>[0],
  from: LaneDType,
  to: LaneDType,
  place: EmittedFunction,
): void {
  const types = [
    ...new Array<'i32'>(7).fill('i32'),
    ...new Array<'f64'>(3).fill('f64'),
    ...new Array<'f32'>(3).fill('f32'),
  ];
  module.func('normalizeInteger', types, (f, ...all) => {
    const [x, rows, n, y, multiplier, bias, centered] = all as unknown as Locals<'i32', 7>;
    const [zero, scale, eps] = all.slice(7, 10) as Locals<'f64', 3>;
    const grid = all.slice(10) as Local<'f32'>[];
    const row = f.local('i32');
    const [count, total, middle, variance] = f.locals('f64', 4);
    const { code, sum, squares } = sumsOf(f, from === 'int8', x, n);
    return seq(
      count.set(f64.fromI32(n)),
      forRange(
        row,
        0,
        rows,
        1,
        seq(
          code,
          total.set(f64.fromI32(sum)),
          middle.set(zero),
          when(centered, middle.set(total)),
          variance.set(
            f64.div(
              f64.add(f64.mul(count, f64.fromI32(squares)), f64.mul(middle, f64.sub(middle, f64.add(total, total)))),
              f64.mul(count, count),
            ),
          ),
          place(
            ...[1, n, x, 0, multiplier, 0, bias, 0, f32.demote(count), f32.demote(middle)],
            f32.demote(
              f64.div(f64.div(scale, f64.sqrt(f64.add(f64.mul(variance, f64.mul(scale, scale)), eps))), count),
            ),
            ...[...grid, y, 0],
          ),
          x.set(i32.add(x, n)),
          y.set(i32.add(y, i32.mul(n, dtypes[to].bytes))),
        ),
      ),
    );
  });
}

type RowKernels = Pick<IntegerKernels, 'softmaxScaled' | 'normalizeInteger'>;

/** Normalizations of rows of integers as the reference, or for softmax as the float kernels; unusual cases go to `fallback`. */
export function simdIntegerRows(engine: SimdEngine, fallback: RowKernels): RowKernels {
  const { memory } = engine;

  /** Runs a function over rows; false where it has to write elsewhere. `argsOf` gives what follows the result. */
  function overRows(
    family: Family,
    name: string,
    [x, y]: readonly [View, View],
    work: number,
    argsOf: () => readonly number[],
  ): boolean {
    const [rows, n] = x.layout.shape as [number, number];
    memory.beginKernel();
    try {
      const target = y.storage.writePointer(memory, y.layout);
      if (target === null) return false;
      const bytes = [x, y].map(({ storage }) => n * dtypes[storage.dtype].bytes) as [number, number];
      const from = addressOf(memory, x);
      const to = target + y.layout.offset * dtypes[y.storage.dtype].bytes;
      engine.divide(family, name, { count: rows, grain: 1, work: x.layout.numel * work }, (start, end) => [
        from + start * bytes[0],
        end - start,
        n,
        to + start * bytes[1],
        ...argsOf(),
      ]);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    softmaxScaled(x, grid, out) {
      const [from, to] = [x.view.storage.dtype, out.view.storage.dtype];
      const { shape, numel } = x.view.layout;
      const { qmin, qmax } = grid;
      const done =
        isLaneDType(from) &&
        isLaneDType(to) &&
        numel >= FEW &&
        shape[1]! >= SHORTEST &&
        writesFloats(grid) &&
        overRows(softmaxes(from, to), 'softmaxScaled', [x.view, out.view], WORK.softmax, () => [
          memory.scratch(shape[1]! * 4),
          x.scale,
          x.offset,
          out.scale,
          out.offset,
          qmin,
          qmax,
        ]);
      if (!done) fallback.softmaxScaled(x, grid, out);
    },

    normalizeInteger(x, norm, rescaling, y) {
      const [from, to] = [x.storage.dtype, y.storage.dtype];
      const { scale, zeroPoint, eps } = norm;
      const { multiplier, bias, grid } = rescaling;
      const n = x.layout.shape[1]!;
      const done =
        isLaneDType(to) &&
        x.layout.numel >= FEW &&
        n <= LONGEST &&
        n * (255 + Math.abs(zeroPoint ?? 0)) < 2 ** 24 &&
        countable(grid) &&
        overRows(normalizations(from as LaneDType, to), 'normalizeInteger', [x, y], WORK.normalize, () => [
          lineOf(memory, multiplier),
          lineOf(memory, bias),
          Number(zeroPoint === null),
          n * (zeroPoint ?? 0),
          scale,
          eps,
          ...gridNumbers(grid),
        ]);
      if (!done) fallback.normalizeInteger(x, norm, rescaling, y);
    },
  };
}
