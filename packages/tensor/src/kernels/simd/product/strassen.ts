import {
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  type Arg,
  type EmittedFunction,
  type Expr,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { GemmParts } from './gemm.js';
import type { RepeatedTile } from './tile.js';

/** What the method needs of a product of 16-bit integers. */
interface Parts extends Pick<GemmParts, 'MR' | 'NR' | 'MC' | 'packA' | 'packB'> {
  readonly tile: RepeatedTile;
}

/** Rows, columns and depths of which sizes must be multiples: quarters consist of whole tiles, and of whole pairs of k. */
export const strassenGrains = ({ MR, NR }: Pick<Parts, 'MR' | 'NR'>) => ({ m: 2 * MR, n: 2 * NR, k: 4 });

/** What of B is multiplied, in packed form: quarters, numbered by row and column, and sums of them. */
const RIGHT = { b11: 0, b21: 1, b22: 2, t1: 3, t2: 4, t3: 5, t4: 6 } as const;

/** What of A is packed or summed at a time. */
const LEFT = { a11: 0, a12: 1, a21: 2, a22: 3, s1: 4, s2: 5 } as const;

/** Bytes of a quarter of `rows` by `columns` in 16 bits. */
const quarter = (rows: number, columns: number): number => (rows / 2) * (columns / 2) * 2;

/** Bytes of B as `packStrassen` writes it. */
export const strassenBytes = (k: number, n: number): number => Object.keys(RIGHT).length * quarter(k, n);

/** Bytes of workspace that `strassen` needs. */
export const strassenWorkspace = (m: number, n: number, k: number): number =>
  Object.keys(LEFT).length * quarter(m, k) + 2 * quarter(m, n);

/** Rows of vectors, `bytes` long: what `combine` makes of those of x and y. Strides in bytes. */
const emitRows = (
  module: ModuleBuilder,
  combine: (x: Expr<'v128'>, y: Expr<'v128'>) => Expr<'v128'>,
): EmittedFunction =>
  module.func(null, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'], (f, rows, bytes, x, y, yStride, to, stride) => {
    const [i, j] = f.locals('i32', 2);
    const at = (row: Arg<'i32'>): Expr<'i32'> => i32.add(row, j);
    return forRange(
      i,
      0,
      rows,
      1,
      seq(
        forRange(j, 0, bytes, 16, v128.store(at(to), combine(v128.load(at(x)), v128.load(at(y))))),
        x.set(i32.add(x, stride)),
        y.set(i32.add(y, yStride)),
        to.set(i32.add(to, stride)),
      ),
    );
  });

/**
 * Emits `strassen(m, n, k, a, aRow, aColumn, aExtra, packed, c, cRow, workspace)` and `packStrassen(n, k, b, bRow, bColumn, bExtra,
 * to)`: products by Strassen's method in Winograd's form, seven of quarters in place of eight. Modulo 2^32 integers lose nothing by it,
 * as long as four elements of an operand and their zero points sum to 16 bits.
 */
export function emitStrassen(module: ModuleBuilder, { MR, NR, MC, packA, packB, tile }: Parts): void {
  const [plus16, minus16] = [emitRows(module, i16x8.add), emitRows(module, i16x8.sub)];
  const [plus32, same] = [emitRows(module, i32x4.add), emitRows(module, (x) => x)];

  /** `(rows, columns, steps, a, b, c, cRow, fresh)`: a product of quarters in packed form, or added to C. */
  const product = module.func(null, new Array<'i32'>(8).fill('i32'), (f, ...all) => {
    const [rows, columns, steps, a, b, c, cRow, fresh] = all as Locals<'i32', 8>;
    const [i, j] = f.locals('i32', 2);
    const column = tile.multiplyAll(
      steps,
      i32.add(a, i32.shl(i32.mul(i, steps), 2)),
      i32.add(b, i32.shl(i32.mul(j, steps), 2)),
      i32.add(c, i32.add(i32.mul(i, cRow), i32.shl(j, 2))),
      cRow,
      fresh,
      0,
      0,
      i32.divU(i32.minU(i32.sub(rows, i), MC), MR),
    );
    return forRange(i, 0, rows, MC, forRange(j, 0, columns, NR, column));
  });

  module.func('packStrassen', new Array<'i32'>(7).fill('i32'), (f, ...all) => {
    const [n, k, b, bRow, bColumn, bExtra, to] = all as Locals<'i32', 7>;
    const [columns, depth, size, j, panel] = f.locals('i32', 5);
    const at = (slot: keyof typeof RIGHT): Expr<'i32'> => i32.add(to, i32.mul(size, RIGHT[slot]));
    const packed = (slot: keyof typeof RIGHT, row: 0 | 1, column: 0 | 1): Stmt => {
      const first = column ? i32.add(j, columns) : j;
      return seq(
        panel.set(at(slot)),
        forRange(
          j,
          0,
          columns,
          NR,
          seq(
            packB(
              depth,
              NR,
              i32.add(b, i32.add(i32.mul(first, bColumn), row ? i32.mul(depth, bRow) : 0)),
              bRow,
              bColumn,
              i32.add(bExtra, i32.shl(first, 2)),
              panel,
            ),
            panel.set(i32.add(panel, i32.mul(depth, NR * 2))),
          ),
        ),
      );
    };
    const minus = (x: keyof typeof RIGHT, y: keyof typeof RIGHT, sum: keyof typeof RIGHT): Stmt =>
      minus16(1, size, at(x), at(y), 0, at(sum), 0);
    return seq(
      columns.set(i32.shrU(n, 1)),
      depth.set(i32.shrU(k, 1)),
      size.set(i32.shl(i32.mul(columns, depth), 1)),
      packed('b11', 0, 0),
      packed('b21', 1, 0),
      packed('b22', 1, 1),
      // The fourth quarter is needed in sums only.
      packed('t1', 0, 1),
      minus('b22', 't1', 't3'),
      minus('t1', 'b11', 't1'),
      minus('b22', 't1', 't2'),
      minus('b21', 't2', 't4'),
    );
  });

  module.func('strassen', new Array<'i32'>(11).fill('i32'), (f, ...all) => {
    const [m, n, k, a, aRow, aColumn, aExtra, packed, c, cRow, workspace] = all as Locals<'i32', 11>;
    const [rows, columns, depth, size, form, width, c12, c21, c22, rest] = f.locals('i32', 10);
    const left = (slot: keyof typeof LEFT): Expr<'i32'> => i32.add(workspace, i32.mul(size, LEFT[slot]));
    const right = (slot: keyof typeof RIGHT): Expr<'i32'> => i32.add(packed, i32.mul(form, RIGHT[slot]));
    const packedQuarter = (slot: 'a11' | 'a12' | 'a21' | 'a22', row: 0 | 1, column: 0 | 1): Stmt =>
      packA(
        rows,
        depth,
        i32.add(a, i32.add(row ? i32.mul(rows, aRow) : 0, column ? i32.mul(depth, aColumn) : 0)),
        aRow,
        aColumn,
        row ? i32.add(aExtra, i32.shl(rows, 2)) : aExtra,
        left(slot),
      );
    const summed = (how: EmittedFunction, x: keyof typeof LEFT, y: keyof typeof LEFT, sum: keyof typeof LEFT): Stmt =>
      how(1, size, left(x), left(y), 0, left(sum), 0);
    const multiplied = (
      x: keyof typeof LEFT,
      y: keyof typeof RIGHT,
      to: Arg<'i32'>,
      fresh: 0 | 1,
      stride: Arg<'i32'> = cRow,
    ): Stmt => product(rows, columns, i32.shrU(depth, 1), left(x), right(y), to, stride, fresh);
    return seq(
      rows.set(i32.shrU(m, 1)),
      columns.set(i32.shrU(n, 1)),
      depth.set(i32.shrU(k, 1)),
      size.set(i32.shl(i32.mul(rows, depth), 1)),
      form.set(i32.shl(i32.mul(columns, depth), 1)),
      width.set(i32.shl(columns, 2)),
      c12.set(i32.add(c, width)),
      c21.set(i32.add(c, i32.mul(rows, cRow))),
      c22.set(i32.add(c21, width)),
      rest.set(i32.add(workspace, i32.mul(size, Object.keys(LEFT).length))),
      packedQuarter('a11', 0, 0),
      packedQuarter('a12', 0, 1),
      packedQuarter('a21', 1, 0),
      packedQuarter('a22', 1, 1),
      summed(plus16, 'a21', 'a22', 's1'),
      summed(minus16, 's1', 'a11', 's2'),
      summed(minus16, 'a11', 'a21', 'a21'),
      multiplied('a11', 'b11', c, 1),
      same(rows, width, c, c, cRow, c12, cRow),
      multiplied('a12', 'b21', c, 0),
      summed(minus16, 'a12', 's2', 'a12'),
      multiplied('s2', 't2', c12, 0),
      same(rows, width, c12, c12, cRow, c21, cRow),
      multiplied('a21', 't3', c21, 0),
      multiplied('s1', 't1', rest, 1, width),
      plus32(rows, width, c21, rest, width, c22, cRow),
      multiplied('a22', 't4', c21, 0),
      plus32(rows, width, c12, rest, width, c12, cRow),
      multiplied('a12', 'b22', c12, 0),
    );
  });
}
