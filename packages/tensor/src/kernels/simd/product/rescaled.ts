import {
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Locals,
  type ModuleBuilder,
} from '../assembler/assembler.js';
import { lanes, type LaneDType } from '../elementwise/lanes.js';
import { emitPlane, type Operand } from '../elementwise/planes.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { familiesOf } from '../engine/families.js';
import { rescaledBy } from '../quantize/requantize.js';
import { dividedSides, type ProductDivision } from './divided.js';
import type { GemmOperand } from './gemm.js';
import type { BytePair } from './gemm-i8.js';

/** Rows and columns of sums that are put on their grid together: they stay in the second-level cache. Whole tiles of every product. */
const BLOCK = { rows: 60, columns: 1024 };

/** Bytes of workspace behind those of the product: for sums, and for a row that is added to them, of which whole panels are read. */
const ROOM = { sums: BLOCK.rows * BLOCK.columns * 4, row: BLOCK.columns * 4 };

const SUMS: Operand = { dtype: 'int32', each: true };
const PER_COLUMN: Operand = { dtype: 'float32', each: true };

/** A product with a packed B that is put on a grid as it is made; addresses. */
export interface RescaledCall {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand;
  readonly packed: number;
  /** Sums of the columns of B; times `factor` they are added to every row where that is not 0. */
  readonly sums: number;
  readonly factor: number;
  /** float32, one for each column. */
  readonly multiplier: number;
  readonly bias: number;
  readonly y: number;
  /** Bytes of an element of y. */
  readonly bytes: number;
  /** What `gridNumbers` gives. */
  readonly grid: readonly number[];
}

/**
 * Emits `rescaled(m, n, k, a, aRow, aColumn, aExtra, packed, packedColumn, sums, factor, multiplier, bias, y, yRow, low, high, base,
 * workspace)`, see `RescaledCall`: by a `gemm` that takes so much workspace; a column of its packed B has `packedColumn` bytes.
 */
function emitRescaled(
  emission: Emission,
  gemm: EmittedFunction,
  gemmBytes: number,
  result: LaneDType,
  clamps: boolean,
): void {
  const operands = [SUMS, PER_COLUMN, PER_COLUMN];
  const onGrid = emitPlane(emission, null, operands, 3, result, rescaledBy(clamps), 'integers');
  const params = [...new Array<'i32'>(15).fill('i32'), ...new Array<'f32'>(3).fill('f32'), 'i32' as const];
  emission.module.func('rescaled', params, (f, ...all) => {
    const [m, n, k, a, aRow, aColumn, aExtra, packed, packedColumn, sums, factor] = all as Locals<'i32', 11>;
    const [multiplier, bias, y, yRow] = all.slice(11, 15) as Locals<'i32', 4>;
    const grid = all.slice(15, 18) as Locals<'f32', 3>;
    const [workspace] = all.slice(18) as Locals<'i32', 1>;
    const [i, j, t, rows, columns, acc, row, added, offset, stride] = f.locals('i32', 10);
    const added4 = i32x4.mul(v128.load(i32.add(sums, i32.add(offset, t))), i32x4.splat(factor));
    const block = seq(
      rows.set(i32.minU(i32.sub(m, i), BLOCK.rows)),
      gemm(
        rows,
        columns,
        k,
        i32.add(a, i32.mul(i, aRow)),
        aRow,
        aColumn,
        i32.add(aExtra, i32.shl(i, 2)),
        0,
        0,
        0,
        0,
        acc,
        stride,
        i32.add(packed, i32.mul(j, packedColumn)),
        added,
        0,
        workspace,
      ),
      onGrid(
        rows,
        columns,
        acc,
        stride,
        i32.add(multiplier, offset),
        0,
        i32.add(bias, offset),
        0,
        ...grid,
        i32.add(y, i32.add(i32.mul(i, yRow), i32.shl(j, lanes[result].shift))),
        yRow,
      ),
    );
    return seq(
      acc.set(i32.add(workspace, gemmBytes)),
      row.set(i32.add(acc, ROOM.sums)),
      added.set(0),
      when(factor, added.set(row)),
      forRange(
        j,
        0,
        n,
        BLOCK.columns,
        seq(
          columns.set(i32.minU(i32.sub(n, j), BLOCK.columns)),
          offset.set(i32.shl(j, 2)),
          stride.set(i32.shl(columns, 2)),
          // Whole panels of both.
          when(factor, forRange(t, 0, stride, 16, v128.store(i32.add(row, t), added4))),
          forRange(i, 0, m, BLOCK.rows, block),
        ),
      ),
    );
  });
}

/** Families of `rescaled` by how bytes are read, the dtype of results, and whether the grid ends before it; `gemmOf` emits the product. */
export const rescaledFamilies = (
  gemmOf: (module: ModuleBuilder, pair: BytePair) => EmittedFunction,
  gemmBytes: number,
): ((pair: BytePair, result: LaneDType, clamps: boolean) => Family) =>
  familiesOf((pair, result, clamps) => (emission) => {
    emitRescaled(emission, gemmOf(emission.module, pair), gemmBytes, result, clamps);
  });

/** Runs `rescaled` of a family, divided between threads as the product is. */
export function runRescaled(
  engine: SimdEngine,
  family: Family,
  { m, n, k, a, packed, sums, factor, multiplier, bias, y, bytes, grid }: RescaledCall,
  division: ProductDivision,
): void {
  const { byRows, ...parts } = dividedSides({ m, n, k }, division, true);
  const { packedColumn } = division;
  const workspace = division.workspace + ROOM.sums + ROOM.row;
  engine.divide(family, 'rescaled', { ...parts, workspace }, (start, end) => {
    const [row, column] = byRows ? [start, 0] : [0, start];
    return [
      byRows ? end - start : m,
      byRows ? n : end - start,
      k,
      a.at + row * a.row,
      a.row,
      a.column,
      (a.extra ?? 0) + row * 4,
      packed + column * packedColumn,
      packedColumn,
      sums + column * 4,
      factor,
      multiplier + column * 4,
      bias + column * 4,
      y + (row * n + column) * bytes,
      n * bytes,
      ...grid,
    ];
  });
}
