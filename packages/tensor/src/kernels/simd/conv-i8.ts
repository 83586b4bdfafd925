import {
  doWhile,
  f32x4,
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  when,
  i8x16,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from './assembler.js';
import type { Emission, Family } from './engine.js';
import type { Bytes } from './gemm-i8.js';
import { emitImages } from './images.js';
import { lanes, type LaneDType } from './lanes.js';
import { Lockstep, type Wide } from './lockstep.js';
import { rescaled } from './requantize.js';

/** Bytes that `columns` may write behind what it is asked for. */
export const COLUMN_SLACK = 16;

/** Positions of an image that are computed together. */
const BLOCK = 16;

/** int32 of a filter before the pairs of its weights: what its sums start from, then multiplier and bias as float32. */
export const FILTER_HEAD = 3;

/** Pairs of taps up to which the code of all of them is written out. */
const UNROLLED = 5;

/** Copies `count` bytes, in words as wide as there are bytes; the last word may overlap the one before. */
function copyBytes(f: FunctionScope, from: Local<'i32'>, to: Local<'i32'>, count: Local<'i32'>): Stmt {
  const [i, last] = f.locals('i32', 2);
  const words = (width: number, move: (offset: Expr<'i32'>) => Stmt): Stmt =>
    seq(last.set(i32.sub(count, width)), forRange(i, 0, last, width, move(i)), move(last));
  const at = (base: Local<'i32'>, offset: Expr<'i32'>): Expr<'i32'> => i32.add(base, offset);
  return when(
    i32.geU(count, 16),
    words(16, (offset) => v128.store(at(to, offset), v128.load(at(from, offset)))),
    when(
      i32.geU(count, 4),
      words(4, (offset) => i32.store(at(to, offset), i32.load(at(from, offset)))),
      forRange(i, 0, count, 1, i32.store8(at(to, i), i32.load8U(at(from, i)))),
    ),
  );
}

/**
 * Emits `columns(image, k, offsets, samples, sample, rows, width, pitch, to)`: the windows of bytes under `rows` rows of `width`
 * outputs of every sample, as a matrix `[k, samples * rows * width]`. Its line for a tap begins `offsets[tap]` bytes from where
 * the image of a sample does; images are `sample` bytes apart.
 */
function emitColumns(module: ModuleBuilder): void {
  module.func('columns', new Array<'i32'>(9).fill('i32'), (f, ...all) => {
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

/**
 * Emits `depthwise(outer, inner, filters, image, plane, y, yOuter, yInner, yFilter, records, recordOuter, recordInner, record,
 * pairs, offsets, positions, pitch, rows, width, temporary, low, high, base)`: `filters` filters over each of `outer * inner` images
 * of bytes that lie one behind the other. A filter's record is its head and, for each pair of taps, two 16-bit weights; `offsets`
 * has the places of the taps. All positions of an image are computed to `temporary`, `rows` rows of `width` of them are kept:
 * as int32, or on a grid.
 */
function emitDepthwise(
  { module, constants, features }: Emission,
  bytes: Bytes,
  result: LaneDType,
  pairs: number | null,
): void {
  const [extendLow, extendHigh] =
    bytes === 'signed' ? [i16x8.extendLowS, i16x8.extendHighS] : ([i16x8.extendLowU, i16x8.extendHighU] as const);
  const { shift } = lanes[result];
  const params = [...new Array<'i32'>(20).fill('i32'), ...new Array<'f32'>(3).fill('f32')];
  module.func('depthwise', params, (f, ...all) => {
    const [outer, inner, filters, image, plane, y, yOuter, yInner, yFilter, records] = all as Locals<'i32', 10>;
    const [recordOuter, recordInner, record, pairCount, offsets, positions, pitch, rows, width, temporary] = all.slice(
      10,
    ) as Locals<'i32', 10>;
    const numbers = all.slice(20) as Locals<'f32', 3>;
    const [a, b, o, j, p, row, from, to, count, y1, y2, r1, r2, place] = f.locals('i32', 14);
    const sums = f.locals<'v128', number>('v128', 4);
    const [first, second, low, high, weight] = f.locals('v128', 5);
    const grid = f.locals('v128', 3);
    /** Two taps: their bytes in turn, as 16 bits, times the pair of weights. */
    const step = (pointer: Local<'i32'>, weights: Local<'i32'>, index: number): Stmt =>
      seq(
        first.set(v128.load(i32.add(row, i32.load(pointer, index * 8)))),
        second.set(v128.load(i32.add(row, i32.load(pointer, index * 8 + 4)))),
        weight.set(v128.load32Splat(weights, (FILTER_HEAD + index) * 4)),
        low.set(i8x16.interleaveLow(first, second)),
        high.set(i8x16.interleaveHigh(first, second)),
        ...[extendLow(low), extendHigh(low), extendLow(high), extendHigh(high)].map((values, u) =>
          sums[u]!.set(i32x4.add(sums[u]!, i32x4.dotI16x8(values, weight))),
        ),
      );
    const taps =
      pairs === null
        ? seq(
            p.set(offsets),
            place.set(r2),
            doWhile(
              seq(step(p, place, 0), p.set(i32.add(p, 8)), place.set(i32.add(place, 4))),
              i32.ltU(p, i32.add(offsets, i32.shl(pairCount, 3))),
            ),
          )
        : seq(...Array.from({ length: pairs }, (_, index) => step(offsets, r2, index)));
    const finish = (): Stmt => {
      if (result === 'int32') return lanes.int32.write(to, sums, 16, true);
      const code = new Lockstep(f, constants, features.fused, 4);
      const all = (value: Expr<'v128'>): Wide => code.vectors(() => value);
      const acc = code.step(i32x4.toF32x4, sums);
      const [multiplier, bias] = [1, 2].map((index) => code.shared(v128.load32Splat(r2, index * 4)));
      const done = rescaled(code, acc, multiplier!, bias!, grid.map(all) as [Wide, Wide, Wide]);
      return seq(code.code, lanes[result].write(to, done, 16, true));
    };
    const filter = seq(
      row.set(image),
      to.set(temporary),
      forRange(
        j,
        0,
        positions,
        BLOCK,
        seq(
          ...sums.map((sum) => sum.set(v128.load32Splat(r2))),
          taps,
          finish(),
          row.set(i32.add(row, BLOCK)),
          to.set(i32.add(to, BLOCK << shift)),
        ),
      ),
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
      r2.set(i32.add(r2, record)),
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
          r1.set(records),
          forRange(
            b,
            0,
            inner,
            1,
            seq(
              y2.set(y1),
              r2.set(r1),
              forRange(o, 0, filters, 1, filter),
              image.set(i32.add(image, plane)),
              y1.set(i32.add(y1, yInner)),
              r1.set(i32.add(r1, recordInner)),
            ),
          ),
          y.set(i32.add(y, yOuter)),
          records.set(i32.add(records, recordOuter)),
        ),
      ),
    );
  });
}

/** `frame` and `phases` of bytes, and `columns`. */
export const byteImages: Family = ({ module }) => {
  emitImages(module, 'bytes');
  emitColumns(module);
};

const depthwiseFamilies = new Map<string, Family>();

/** `depthwise` of so many pairs of taps, made when it is first needed. */
export function depthwiseFamily(bytes: Bytes, result: LaneDType, pairs: number): Family {
  const unrolled = pairs <= UNROLLED ? pairs : null;
  const key = `${bytes} ${result} ${unrolled}`;
  let family = depthwiseFamilies.get(key);
  if (!family) {
    family = (emission) => emitDepthwise(emission, bytes, result, unrolled);
    depthwiseFamilies.set(key, family);
  }
  return family;
}
