import {
  doWhile,
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family } from '../engine/engine.js';
import type { Bytes } from './gemm-i8.js';

/** Elements per iteration: two vectors of 16-bit integers. */
export const STEP = 16;

/** Lines that are read together, so that the vector is read once for all of them. */
export const LINES = 4;

/** The four lanes of a sum added up. */
export const total = (sum: Local<'v128'>): Expr<'i32'> =>
  [1, 2, 3].reduce((all, lane) => i32.add(all, i32x4.lane(sum, lane)), i32x4.lane(sum, 0));

/** `body` for groups of so many lines, from `at` on, while there are as many. */
export function groups(at: Local<'i32'>, count: Local<'i32'>, size: number, body: (lines: number) => Stmt): Stmt {
  const enough = i32.geU(i32.sub(count, at), size);
  return when(enough, doWhile(seq(body(size), at.set(i32.add(at, size))), enough));
}

/** Pointers to lines that lie `stride` apart. */
export const starts = (pointers: readonly Local<'i32'>[], lines: Local<'i32'>, stride: Local<'i32'>): Stmt =>
  seq(...pointers.map((pointer, l) => pointer.set(l === 0 ? lines : i32.add(pointers[l - 1]!, stride))));

/**
 * `gemvI8(vector, k, lines, count, stride, out)`: dot products in int32 of `count` lines of bytes, `stride` bytes apart, with a
 * vector of 16-bit integers. A line is read where it lies, so memory is all that it costs.
 */
export const gemvI8Family =
  (bytes: Bytes): Family =>
  ({ module }) => {
    const load8 = bytes === 'signed' ? i32.load8S : i32.load8U;
    const load8x8 = bytes === 'signed' ? v128.load8x8S : v128.load8x8U;
    module.func('gemvI8', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, vector, k, lines, count, stride, out) => {
      const [at, x, end, i, sum] = f.locals('i32', 5);
      const pointers = f.locals<'i32', number>('i32', LINES);
      const sums = f.locals<'v128', number>('v128', LINES);
      const [low, high] = f.locals('v128', 2);
      const some = (size: number): Stmt => {
        const [from, to] = [pointers.slice(0, size), sums.slice(0, size)];
        const step = seq(
          low.set(v128.load(x)),
          high.set(v128.load(x, 16)),
          ...from.map((line, l) =>
            to[l]!.set(
              i32x4.add(i32x4.add(to[l]!, i32x4.dotI16x8(load8x8(line), low)), i32x4.dotI16x8(load8x8(line, 8), high)),
            ),
          ),
          ...from.map((line) => line.set(i32.add(line, STEP))),
          x.set(i32.add(x, STEP * 2)),
        );
        /** What is left of a line, element by element. */
        const rest = (line: Local<'i32'>): Stmt =>
          forRange(
            i,
            0,
            i32.and(k, STEP - 1),
            1,
            sum.set(i32.add(sum, i32.mul(load8(i32.add(line, i)), i32.load16S(i32.add(x, i32.shl(i, 1)))))),
          );
        return seq(
          starts(from, lines, stride),
          ...to.map((vectors) => vectors.set(v128.zero)),
          x.set(vector),
          end.set(i32.add(vector, i32.shl(i32.and(k, -STEP), 1))),
          when(i32.ltU(x, end), doWhile(step, i32.ltU(x, end))),
          ...from.map((line, l) => seq(sum.set(total(to[l]!)), rest(line), i32.store(out, sum, l * 4))),
          out.set(i32.add(out, size * 4)),
          lines.set(i32.add(lines, i32.mul(stride, size))),
        );
      };
      return seq(at.set(0), groups(at, count, LINES, some), groups(at, count, 1, some));
    });
  };

/**
 * `widen(from, k, zero, to)`: `k` bytes less a zero point as 16-bit integers, zeros up to a multiple of 16; with `pairs`, sixteen by
 * sixteen: those at even places, then those at odd ones.
 */
export const widenFamily =
  (bytes: Bytes, pairs: boolean): Family =>
  ({ module }) => {
    const load8 = bytes === 'signed' ? i32.load8S : i32.load8U;
    module.func('widen', ['i32', 'i32', 'i32', 'i32'], (f, from, k, zero, to) => {
      const [i, j, value] = f.locals('i32', 3);
      return forRange(
        i,
        0,
        k,
        STEP,
        seq(
          ...Array.from({ length: STEP }, (_, p) =>
            seq(
              value.set(0),
              j.set(i32.add(i, p)),
              when(i32.ltU(j, k), value.set(i32.sub(load8(i32.add(from, j)), zero))),
              i32.store16(to, value, pairs ? (p & 1) * STEP + (p & ~1) : p * 2),
            ),
          ),
          to.set(i32.add(to, STEP * 2)),
        ),
      );
    });
  };
