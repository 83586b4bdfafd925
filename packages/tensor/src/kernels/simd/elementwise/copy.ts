import type { View } from '../../../storage.js';
import type { ElementwiseKernels } from '../../contract/elementwise.js';
import { merge } from '../../reference/walk.js';
import { dtypes } from '../../../dtype.js';
import {
  f32,
  forRange,
  i32,
  seq,
  v128,
  type Arg,
  type Expr,
  type Local,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';
import { copyBytes } from './bytes.js';
import type { Family, SimdEngine } from '../engine/engine.js';

/** Columns of the source visited together: their cache lines stay until all of a line is read. */
const STRIP = 32;

/** Elements below which a transposing copy is left to the plain loops. */
const FEW = 256;

/** Emits `transpose(x, columnStride, rows, columns, out, rowStride)`: `out[r][c] = x[c][r]` for 32-bit elements, strides in bytes. */
const family: Family = ({ module }) => {
  module.func('transpose', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, x, stride, rows, columns, out, width) => {
    const [c, r, last, strip, from, to, i] = f.locals('i32', 7);
    const [t0, t1, t2, t3, u0, u1, u2, u3] = f.locals('v128', 8);
    const bytes = (count: Arg<'i32'>): Expr<'i32'> => i32.shl(count, 2);
    const at = (column: Expr<'i32'>, row: Arg<'i32'>): Expr<'i32'> =>
      i32.add(x, i32.add(i32.mul(column, stride), bytes(row)));
    const target = (row: Expr<'i32'>, column: Arg<'i32'>): Expr<'i32'> =>
      i32.add(out, i32.add(i32.mul(row, width), bytes(column)));
    const block = seq(
      from.set(at(c, r)),
      to.set(target(r, c)),
      t0.set(v128.load(from)),
      t1.set(v128.load(i32.add(from, stride))),
      t2.set(v128.load(i32.add(from, i32.shl(stride, 1)))),
      t3.set(v128.load(i32.add(from, i32.mul(stride, 3)))),
      u0.set(v128.shuffle32(t0, t1, [0, 4, 1, 5])),
      u1.set(v128.shuffle32(t0, t1, [2, 6, 3, 7])),
      u2.set(v128.shuffle32(t2, t3, [0, 4, 1, 5])),
      u3.set(v128.shuffle32(t2, t3, [2, 6, 3, 7])),
      v128.store(to, v128.shuffle32(u0, u2, [0, 1, 4, 5])),
      v128.store(i32.add(to, width), v128.shuffle32(u0, u2, [2, 3, 6, 7])),
      v128.store(i32.add(to, i32.shl(width, 1)), v128.shuffle32(u1, u3, [0, 1, 4, 5])),
      v128.store(i32.add(to, i32.mul(width, 3)), v128.shuffle32(u1, u3, [2, 3, 6, 7])),
    );
    const element = (row: Local<'i32'>, column: Local<'i32'>): Stmt =>
      f32.store(target(row, column), f32.load(at(column, row)));
    const wholeRows = i32.and(rows, -4);
    const wholeColumns = i32.and(columns, -4);
    return seq(
      forRange(
        strip,
        0,
        wholeColumns,
        STRIP,
        seq(
          last.set(i32.minU(wholeColumns, i32.add(strip, STRIP))),
          forRange(r, 0, wholeRows, 4, forRange(c, strip, last, 4, block)),
        ),
      ),
      forRange(i, wholeColumns, columns, 1, forRange(r, 0, rows, 1, element(r, i))),
      forRange(i, wholeRows, rows, 1, forRange(c, 0, wholeColumns, 1, element(i, c))),
    );
  });
};

/** Sizes of a copy, and strides of its source and target in bytes. */
interface Walk {
  readonly sizes: readonly number[];
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/** How a copy walks through words of 32 bits: elements, or runs of smaller ones; null where these are not what it moves. */
function wordsOf(x: View, out: View): Walk | null {
  const { bytes } = dtypes[x.storage.dtype];
  const { sizes, strides } = merge([x.layout, out.layout]);
  const [source, target] = strides.map((dims) => dims.map((stride) => stride * bytes)) as [number[], number[]];
  if (bytes === 4) return { sizes, source, target };
  const isRun = sizes.at(-1)! * bytes === 4 && source.at(-1) === bytes && target.at(-1) === bytes;
  return isRun ? { sizes: sizes.slice(0, -1), source: source.slice(0, -1), target: target.slice(0, -1) } : null;
}

/** `copyRows(rows, bytes, from, fromStride, to, toStride)`: rows of bytes that lie in order each. */
const rowFamily: Family = ({ module }) => {
  module.func('copyRows', new Array<'i32'>(6).fill('i32'), (f, ...all) => {
    const [rows, bytes, from, fromStride, to, toStride] = all as Locals<'i32', 6>;
    const row = f.local('i32');
    return forRange(
      row,
      0,
      rows,
      1,
      seq(copyBytes(f, from, to, bytes), from.set(i32.add(from, fromStride)), to.set(i32.add(to, toStride))),
    );
  });
};

/** Rows, and bytes of a row, from which copying them together pays. */
const [FEW_ROWS, FEW_BYTES] = [8, 8];

/** Calls `visit` with the places in source and target of every index of the dims that are not `within`. */
function eachPlace(
  sizes: readonly number[],
  [source, target]: readonly (readonly number[])[],
  within: readonly number[],
  visit: (from: number, to: number) => void,
): void {
  const others = sizes.map((_, d) => d).filter((d) => !within.includes(d));
  const walk = (next: number, from: number, to: number): void => {
    if (next === others.length) return visit(from, to);
    const d = others[next]!;
    for (let i = 0; i < sizes[d]!; i++) walk(next + 1, from + i * source![d]!, to + i * target![d]!);
  };
  walk(0, 0, 0);
}

/** Copies of rows, and those that exchange two dims of 32-bit words; the rest goes to `fallback`. */
export function simdCopy(engine: SimdEngine, fallback: ElementwiseKernels): Partial<ElementwiseKernels> {
  const { memory } = engine;

  function transposes(x: View, out: View): boolean {
    const { dtype } = x.storage;
    const walk = x.layout.numel < FEW || dtype !== out.storage.dtype ? null : wordsOf(x, out);
    if (!walk) return false;
    const { sizes, source, target } = walk;
    const inner = sizes.length - 1;
    // The dim along which the source lies in order must not be the target's.
    const outer = source.indexOf(4);
    if (inner < 1 || target[inner] !== 4 || outer < 0 || outer === inner || source[inner]! <= 0) return false;
    if (sizes[inner]! < 4 || sizes[outer]! < 4) return false;
    const { bytes } = dtypes[dtype];
    const { transpose } = engine.load(family);
    memory.beginKernel();
    try {
      const to = out.storage.writePointer(memory, out.layout);
      if (to === null) return false;
      const from = x.storage.pointer(memory, x.layout);
      eachPlace(sizes, [source, target], [outer, inner], (xAt, outAt) =>
        transpose!(
          from + x.layout.offset * bytes + xAt,
          source[inner]!,
          sizes[outer]!,
          sizes[inner]!,
          to + out.layout.offset * bytes + outAt,
          target[outer]!,
        ),
      );
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /** Copies whose innermost dim lies in order on both sides. */
  function inRows(x: View, out: View): boolean {
    const { dtype } = x.storage;
    if (dtype !== out.storage.dtype || (x.layout.isContiguous && out.layout.isContiguous)) return false;
    const { sizes, strides } = merge([x.layout, out.layout]);
    const [source, target] = strides as [number[], number[]];
    const inner = sizes.length - 1;
    const { bytes } = dtypes[dtype];
    const length = sizes[inner]! * bytes;
    if (inner < 1 || source[inner] !== 1 || target[inner] !== 1) return false;
    const count = Math.max(...sizes.slice(0, inner));
    if (length < FEW_BYTES || count < FEW_ROWS) return false;
    const along = sizes.indexOf(count);
    const { copyRows } = engine.load(rowFamily);
    memory.beginKernel();
    try {
      const to = out.storage.writePointer(memory, out.layout);
      if (to === null) return false;
      const from = x.storage.pointer(memory, x.layout);
      eachPlace(sizes, strides, [along, inner], (xAt, outAt) =>
        copyRows!(
          count,
          length,
          from + (x.layout.offset + xAt) * bytes,
          source[along]! * bytes,
          to + (out.layout.offset + outAt) * bytes,
          target[along]! * bytes,
        ),
      );
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    copy(x, out) {
      if (!transposes(x, out) && !inRows(x, out)) fallback.copy(x, out);
    },
  };
}
