import type { Division, Family, SimdEngine } from '../engine/engine.js';
import { gemmArguments, type GemmCall, type GemmOperand } from './gemm.js';

/** How a product that `emitGemm` emitted is divided. */
export interface ProductDivision {
  /** Rows and columns of a tile. */
  readonly tile: { readonly rows: number; readonly columns: number };
  readonly workspace: number;
  /** Bytes of a column of B in packed form. */
  readonly packedColumn: number;
  /** Multiplications that one thread does in a nanosecond, roughly. */
  readonly rate: number;
  /** Columns by rows from which those are divided where B is packed: nothing is packed twice if rows are, but each part reads all of B. */
  readonly wide: number;
}

/** Rows and columns of a part that make up for what each part does anew: packing A, and reading B. */
const LEAST = { rows: 32, columns: 256 };

/** A line of an operand further on, with its number. */
const moved = ({ at, row, column, extra }: GemmOperand, by: number, step: number): GemmOperand => ({
  at: at + by * step,
  row,
  column,
  ...(extra ? { extra: extra + by * 4 } : {}),
});

/** Along which side a product is divided, the longer one if B is not packed, and how. */
export function dividedSides(
  { m, n, k }: Pick<GemmCall, 'm' | 'n' | 'k'>,
  { tile, rate, wide }: Pick<ProductDivision, 'tile' | 'rate' | 'wide'>,
  packed: boolean,
): Pick<Division, 'count' | 'grain' | 'work' | 'least'> & { readonly byRows: boolean } {
  const work = (m * n * k) / rate;
  return n < (packed ? wide * m : m)
    ? { byRows: true, count: m, grain: tile.rows, work, least: LEAST.rows }
    : { byRows: false, count: n, grain: tile.columns, work, least: LEAST.columns };
}

/** Divides a product between threads. */
export function divideProduct(
  engine: SimdEngine,
  family: Family,
  name: string,
  call: GemmCall,
  division: ProductDivision,
): void {
  const { a, b, c, cRow, packed = 0, bias = 0 } = call;
  const { byRows, ...parts } = dividedSides(call, division, packed !== 0);
  const { workspace, packedColumn } = division;
  engine.divide(family, name, { ...parts, workspace }, (start, end) =>
    gemmArguments(
      byRows
        ? { ...call, m: end - start, a: moved(a, start, a.row), c: c + start * cRow }
        : {
            ...call,
            n: end - start,
            b: moved(b, start, b.column),
            c: c + start * 4,
            packed: packed && packed + start * packedColumn,
            bias: bias && bias + start * 4,
          },
    ),
  );
}
