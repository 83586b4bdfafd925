import type { DType } from '../../../dtype.js';
import type { Rescaling } from '../../contract/integer.js';
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
  type EmittedFunction,
  type Expr,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { copyBytes } from '../elementwise/bytes.js';
import type { Emission, Family } from '../engine/engine.js';
import { familiesOf } from '../engine/families.js';
import { lanes, type LaneDType } from '../elementwise/lanes.js';
import { Lockstep, type Wide } from '../elementwise/lockstep.js';
import { rescaled, saturates } from '../quantize/requantize.js';

/** Bytes that `columns` may write behind what it is asked for. */
export const COLUMN_SLACK = 16;

/** Positions behind those of an image that are computed too. */
export const POSITION_SLACK = 16;

/** int32 of a filter before its weights: multiplier and bias, as float32. */
export const FILTER_HEAD = 2;

/** Loads up to which the code of all of them is written out. */
const UNROLLED = 6;

/**
 * Emits `columns(image, k, offsets, samples, sample, rows, width, pitch, to)`: the windows of bytes under `rows` rows of `width`
 * outputs of every sample, as a matrix `[k, samples * rows * width]`. Its line for a tap begins `offsets[tap]` bytes from where
 * the image of a sample does; images are `sample` bytes apart.
 */
export function emitColumns(module: ModuleBuilder): EmittedFunction {
  return module.func(null, new Array<'i32'>(9).fill('i32'), (f, ...all) => {
    const [image, k, offsets, samples, sample, rows, width, pitch, to] = all as Locals<'i32', 9>;
    const [tap, n, start, from, row, x] = f.locals('i32', 6);
    return forRange(
      tap,
      0,
      k,
      1,
      seq(
        start.set(i32.add(image, i32.load(offsets))),
        offsets.set(i32.add(offsets, 4)),
        forRange(
          n,
          0,
          samples,
          1,
          seq(
            from.set(start),
            forRange(
              row,
              0,
              rows,
              1,
              seq(
                // Whole vectors: what is too much lies where the next line will be written.
                forRange(x, 0, width, 16, v128.store(i32.add(to, x), v128.load(i32.add(from, x)))),
                to.set(i32.add(to, width)),
                from.set(i32.add(from, pitch)),
              ),
            ),
            start.set(i32.add(start, sample)),
          ),
        ),
      ),
    );
  });
}

/** Bytes of 16-bit integers. */
const narrowTo: Partial<Record<LaneDType, (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>>> = {
  int8: i8x16.narrowS,
  uint8: i8x16.narrowU,
};

/** Two vectors of even and two of odd positions as four in order. */
const inOrder = (code: Lockstep, [e0, e1, o0, o1]: Wide): Wide =>
  code.take(
    [
      [e0!, o0!],
      [e1!, o1!],
    ].flatMap(([e, o]) => [v128.shuffle32(e!, o!, [0, 4, 1, 5]), v128.shuffle32(e!, o!, [2, 6, 3, 7])]),
  );

/** What becomes of the sums: they are the result, or are put on a grid that ends before its dtype does, or with it. */
export type Goal = 'sums' | 'clamped' | 'saturated';

/** What becomes of sums that are put on a grid, if they are, as a dtype. */
export const goalOf = (dtype: DType, rescaling: Rescaling | null): Goal =>
  rescaling === null ? 'sums' : saturates(dtype, rescaling.grid) ? 'saturated' : 'clamped';

/** Where and how results are written. */
interface Output {
  readonly result: LaneDType;
  readonly goal: Goal;
  /** The next place. */
  readonly to: Local<'i32'>;
  /** Address of the head of the filter. */
  readonly head: Local<'i32'>;
  /** What limits the grid, in all lanes: its ends, and its base. */
  readonly grid: readonly Local<'v128'>[];
}

/** Writes two vectors each of sums at even and at odd positions, in order, and moves on. */
function written(code: Lockstep, sums: Wide, { result, goal, to, head, grid }: Output): Stmt {
  const advance = to.set(i32.add(to, 16 << lanes[result].shift));
  if (goal === 'sums') {
    const ordered = inOrder(code, sums);
    return seq(code.code, lanes.int32.write(to, ordered, 16, true), advance);
  }
  const [multiplier, bias] = [0, 1].map((index) => code.shared(v128.load32Splat(head, index * 4)));
  const [low, high, base] = grid.map((limit) => code.vectors(() => limit)) as [Wide, Wide, Wide];
  const limits = [low, goal === 'clamped' ? high : null, base] as const;
  const done = rescaled(code, code.step(i32x4.toF32x4, sums), multiplier!, bias!, limits);
  const narrow = narrowTo[result];
  if (!narrow) {
    const ordered = inOrder(code, done);
    return seq(code.code, lanes[result].write(to, ordered, 16, true), advance);
  }
  const [e0, e1, o0, o1] = done as [Expr<'v128'>, Expr<'v128'>, Expr<'v128'>, Expr<'v128'>];
  const bytes = narrow(i16x8.narrowS(e0, e1), i16x8.narrowS(o0, o1));
  return seq(code.code, v128.store(to, i8x16.zip(bytes)), advance);
}

/**
 * Emits `depthwise(outer, inner, filters, image, plane, y, yOuter, yInner, yFilter, records, record, loads, offsets, positions, pitch,
 * rows, width, low, high, base, temporary)`: `filters` filters of its own over each of `outer` times `inner` images of 16-bit
 * integers, one behind the other. A filter's record is its head and for each load two pairs of weights, for even and odd positions;
 * `offsets` says where loads begin. All positions of an image are computed to `temporary`, `rows` rows of `width` are kept: as
 * int32, or on a grid.
 */
function emitDepthwise(
  { module, constants, features }: Emission,
  result: LaneDType,
  goal: Goal,
  unrolled: number | null,
): void {
  const { shift } = lanes[result];
  const params = [...new Array<'i32'>(17).fill('i32'), ...new Array<'f32'>(3).fill('f32'), 'i32' as const];
  module.func('depthwise', params, (f, ...all) => {
    const [outer, inner, filters, image, plane, y, yOuter, yInner, yFilter] = all as Locals<'i32', 9>;
    const [records, record, loads, offsets, positions, pitch, rows, width] = all.slice(9) as Locals<'i32', 8>;
    const numbers = all.slice(17, 20) as Locals<'f32', 3>;
    const temporary = all[20] as Local<'i32'>;
    const [a, b, o, j, p, row, from, to, count, y1, y2, r1, weights, end] = f.locals('i32', 14);
    const [even, odd] = [f.locals<'v128', number>('v128', 4), f.locals<'v128', number>('v128', 4)];
    const [pairs, first, second] = f.locals('v128', 3);
    const grid = f.locals('v128', 3);
    const output: Output = { result, goal, to, head: r1, grid };

    /** `vectors` times eight positions, four even and four odd ones each. */
    const block = (vectors: number): Stmt => {
      const [evens, odds] = [even.slice(0, vectors), odd.slice(0, vectors)];
      const step = (offset: Local<'i32'>, weight: Local<'i32'>, index: number): Stmt =>
        seq(
          from.set(i32.add(row, i32.load(offset, index * 4))),
          first.set(v128.load32Splat(weight, (FILTER_HEAD + 2 * index) * 4)),
          second.set(v128.load32Splat(weight, (FILTER_HEAD + 2 * index + 1) * 4)),
          ...evens.flatMap((sum, v) => [
            pairs.set(v128.load(from, v * 16)),
            sum.set(i32x4.add(sum, i32x4.dotI16x8(pairs, first))),
            odds[v]!.set(i32x4.add(odds[v]!, i32x4.dotI16x8(pairs, second))),
          ]),
        );
      const steps =
        unrolled === null
          ? seq(
              p.set(offsets),
              end.set(i32.add(offsets, i32.shl(loads, 2))),
              weights.set(r1),
              doWhile(
                seq(step(p, weights, 0), p.set(i32.add(p, 4)), weights.set(i32.add(weights, 8))),
                i32.ltU(p, end),
              ),
            )
          : seq(...Array.from({ length: unrolled }, (_, index) => step(offsets, r1, index)));
      const finish = (v: number): Stmt => {
        const code = new Lockstep(f, constants, features.fused, 4);
        return written(code, [even[v]!, even[v + 1]!, odd[v]!, odd[v + 1]!], output);
      };
      return seq(
        ...[...evens, ...odds].map((sum) => sum.set(v128.zero)),
        steps,
        ...Array.from({ length: vectors / 2 }, (_, i) => finish(2 * i)),
        row.set(i32.add(row, vectors * 16)),
      );
    };
    const filter = seq(
      row.set(image),
      to.set(temporary),
      j.set(positions),
      when(i32.geU(j, 32), doWhile(seq(block(4), j.set(i32.sub(j, 32))), i32.geU(j, 32))),
      // The last ones, and as many behind them as a block has.
      when(i32.ltS(i32.const(16), j), seq(block(2), j.set(i32.sub(j, 16)))),
      when(i32.ltS(i32.const(0), j), block(2)),
      from.set(temporary),
      to.set(y2),
      count.set(i32.shl(width, shift)),
      forRange(
        j,
        0,
        rows,
        1,
        seq(copyBytes(f, from, to, count), from.set(i32.add(from, i32.shl(pitch, shift))), to.set(i32.add(to, count))),
      ),
      y2.set(i32.add(y2, yFilter)),
      r1.set(i32.add(r1, record)),
    );
    return seq(
      ...grid.map((vector, i) => vector.set(f32x4.splat(numbers[i]!))),
      forRange(
        a,
        0,
        outer,
        1,
        seq(
          y1.set(y),
          forRange(
            b,
            0,
            inner,
            1,
            seq(
              y2.set(y1),
              r1.set(records),
              forRange(o, 0, filters, 1, filter),
              image.set(i32.add(image, plane)),
              y1.set(i32.add(y1, yInner)),
            ),
          ),
          y.set(i32.add(y, yOuter)),
          records.set(i32.add(records, i32.mul(record, filters))),
        ),
      ),
    );
  });
}

const depthwiseFamilies = familiesOf((result: LaneDType, goal: Goal, unrolled: number | null): Family => (emission) => {
  emitDepthwise(emission, result, goal, unrolled);
});

/** `depthwise` with so many loads, made when it is first needed. */
export const depthwiseFamily = (result: LaneDType, goal: Goal, loads: number): Family =>
  depthwiseFamilies(result, goal, loads <= UNROLLED ? loads : null);
