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

/**
 * Places of what of B is multiplied, in packed form: quarters, numbered by row and column, and
 * `t1 = b12 - b11`, `t2 = b22 - t1`, `t3 = b22 - b12`, `t4 = b21 - t2`.
 */
const RIGHT = { b11: 0, b21: 1, b22: 2, t1: 3, t2: 4, t3: 5, t4: 6 } as const;

type Right = keyof typeof RIGHT;

/** The same of A: `s1 = a21 + a22`, `s2 = s1 - a11`; `s3 = a11 - a21` and `s4 = a12 - s2` take places that are free by then. */
const LEFT = { a11: 0, a12: 1, a21: 2, a22: 3, s1: 4, s2: 5, s3: 2, s4: 1 } as const;

type Left = keyof typeof LEFT;

const LEFT_PLACES = 6;

/** Bytes of a quarter of `rows` by `columns` in 16 bits. */
const quarter = (rows: number, columns: number): number => (rows / 2) * (columns / 2) * 2;

/** Bytes of B as `packStrassen` writes it. */
export const strassenBytes = (k: number, n: number): number => Object.keys(RIGHT).length * quarter(k, n);

/** Bytes of workspace that `strassen` needs. */
export const strassenWorkspace = (m: number, n: number, k: number): number =>
  LEFT_PLACES * quarter(m, k) + 2 * quarter(m, n);

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

/** `packStrassen` of `emitStrassen`. */
function emitPacking(module: ModuleBuilder, { NR, packB }: Parts, minus16: EmittedFunction): void {
  module.func('packStrassen', new Array<'i32'>(7).fill('i32'), (f, ...all) => {
    const [n, k, b, bRow, bColumn, bExtra, to] = all as Locals<'i32', 7>;
    const [columns, depth, size, j, panel] = f.locals('i32', 5);
    const at = (place: Right): Expr<'i32'> => i32.add(to, i32.mul(size, RIGHT[place]));
    const packed = (place: Right, row: 0 | 1, column: 0 | 1): Stmt => {
      const first = column ? i32.add(j, columns) : j;
      const from = i32.add(b, i32.add(i32.mul(first, bColumn), row ? i32.mul(depth, bRow) : 0));
      return seq(
        panel.set(at(place)),
        forRange(
          j,
          0,
          columns,
          NR,
          seq(
            packB(depth, NR, from, bRow, bColumn, i32.add(bExtra, i32.shl(first, 2)), panel),
            panel.set(i32.add(panel, i32.mul(depth, NR * 2))),
          ),
        ),
      );
    };
    const minus = (x: Right, y: Right, to: Right): Stmt => minus16(1, size, at(x), at(y), 0, at(to), 0);
    return seq(
      columns.set(i32.shrU(n, 1)),
      depth.set(i32.shrU(k, 1)),
      size.set(i32.shl(i32.mul(columns, depth), 1)),
      packed('b11', 0, 0),
      packed('b21', 1, 0),
      packed('b22', 1, 1),
      // b12, of which only sums are multiplied.
      packed('t1', 0, 1),
      minus('b22', 't1', 't3'),
      minus('t1', 'b11', 't1'),
      minus('b22', 't1', 't2'),
      minus('b21', 't2', 't4'),
    );
  });
}

/** Emits `(rows, columns, steps, a, b, c, cRow, fresh)`: a product of quarters in packed form, which becomes C or is added to it. */
const emitQuarters = (module: ModuleBuilder, { MR, NR, MC, tile }: Parts): EmittedFunction =>
  module.func(null, new Array<'i32'>(8).fill('i32'), (f, ...all) => {
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

/**
 * Emits `strassen(m, n, k, a, aRow, aColumn, aExtra, packed, c, cRow, workspace)` and `packStrassen(n, k, b, bRow, bColumn, bExtra,
 * to)`: products by Strassen's method in Winograd's form, seven of quarters in place of eight. Modulo 2^32 integers lose nothing by it,
 * as long as four elements of an operand and their zero points sum to 16 bits.
 */
export function emitStrassen(module: ModuleBuilder, parts: Parts): void {
  const [plus16, minus16] = [emitRows(module, i16x8.add), emitRows(module, i16x8.sub)];
  const [plus32, same] = [emitRows(module, i32x4.add), emitRows(module, (x) => x)];
  const quarters = emitQuarters(module, parts);
  emitPacking(module, parts, minus16);

  module.func('strassen', new Array<'i32'>(11).fill('i32'), (f, ...all) => {
    const [m, n, k, a, aRow, aColumn, aExtra, packed, c, cRow, workspace] = all as Locals<'i32', 11>;
    const [rows, columns, depth, leftSize, rightSize, width, c12, c21, c22, product] = f.locals('i32', 10);
    const left = (place: Left): Expr<'i32'> => i32.add(workspace, i32.mul(leftSize, LEFT[place]));
    const right = (place: Right): Expr<'i32'> => i32.add(packed, i32.mul(rightSize, RIGHT[place]));
    const packedQuarter = (place: Left, row: 0 | 1, column: 0 | 1): Stmt =>
      parts.packA(
        rows,
        depth,
        i32.add(a, i32.add(row ? i32.mul(rows, aRow) : 0, column ? i32.mul(depth, aColumn) : 0)),
        aRow,
        aColumn,
        row ? i32.add(aExtra, i32.shl(rows, 2)) : aExtra,
        left(place),
      );
    const combined = (how: EmittedFunction, x: Left, y: Left, to: Left): Stmt =>
      how(1, leftSize, left(x), left(y), 0, left(to), 0);
    const multiplied = (x: Left, y: Right, to: Arg<'i32'>, stride: Arg<'i32'>, fresh: 0 | 1): Stmt =>
      quarters(rows, columns, i32.shrU(depth, 1), left(x), right(y), to, stride, fresh);
    const copied = (from: Arg<'i32'>, to: Arg<'i32'>): Stmt => same(rows, width, from, from, cRow, to, cRow);
    const withProduct = (from: Arg<'i32'>, to: Arg<'i32'>): Stmt => plus32(rows, width, from, product, width, to, cRow);
    return seq(
      rows.set(i32.shrU(m, 1)),
      columns.set(i32.shrU(n, 1)),
      depth.set(i32.shrU(k, 1)),
      leftSize.set(i32.shl(i32.mul(rows, depth), 1)),
      rightSize.set(i32.shl(i32.mul(columns, depth), 1)),
      width.set(i32.shl(columns, 2)),
      c12.set(i32.add(c, width)),
      c21.set(i32.add(c, i32.mul(rows, cRow))),
      c22.set(i32.add(c21, width)),
      product.set(i32.add(workspace, i32.mul(leftSize, LEFT_PLACES))),
      packedQuarter('a11', 0, 0),
      packedQuarter('a12', 0, 1),
      packedQuarter('a21', 1, 0),
      packedQuarter('a22', 1, 1),
      combined(plus16, 'a21', 'a22', 's1'),
      combined(minus16, 's1', 'a11', 's2'),
      combined(minus16, 'a11', 'a21', 's3'),
      // c11 = a11 b11 + a12 b21
      multiplied('a11', 'b11', c, cRow, 1),
      copied(c, c12),
      multiplied('a12', 'b21', c, cRow, 0),
      combined(minus16, 'a12', 's2', 's4'),
      // c21 = a11 b11 + s2 t2 + s3 t3 + a22 t4, and c22 the same with s1 t1 in place of the last
      multiplied('s2', 't2', c12, cRow, 0),
      copied(c12, c21),
      multiplied('s3', 't3', c21, cRow, 0),
      multiplied('s1', 't1', product, width, 1),
      withProduct(c21, c22),
      multiplied('a22', 't4', c21, cRow, 0),
      // c12 = a11 b11 + s2 t2 + s1 t1 + s4 b22
      withProduct(c12, c12),
      multiplied('s4', 'b22', c12, cRow, 0),
    );
  });
}
