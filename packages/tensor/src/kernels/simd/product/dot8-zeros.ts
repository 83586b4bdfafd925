import {
  fillBytes,
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { FLIP, mirrored, type Dot } from './dot8.js';
import type { GemmOperand } from './gemm.js';

/**
 * Emits `correct(c, m, n, cRow, rowTerms, columnSums, rowFactors, columnZeros)`: `c[i][j] += rowTerms[i] * columnSums[j] + rowFactors[i] *
 * columnZeros[j]` in int32 with wrap-around; a `rowFactors` of 0 leaves the second product out. Columns are read in fours.
 */
export function emitCorrect(module: ModuleBuilder): EmittedFunction {
  return module.func('correct', new Array<'i32'>(8).fill('i32'), (f, ...all) => {
    const [c, m, n, cRow, rowTerms, columnSums, rowFactors, columnZeros] = all as Locals<'i32', 8>;
    const [i, j, whole, width] = f.locals('i32', 4);
    const [term, factor] = f.locals('v128', 2);
    const corrected = (load: (address: Expr<'i32'>) => Expr<'v128'>): Expr<'v128'> =>
      i32x4.add(
        load(i32.add(c, j)),
        i32x4.add(
          i32x4.mul(term, v128.load(i32.add(columnSums, j))),
          i32x4.mul(factor, v128.load(i32.add(columnZeros, j))),
        ),
      );
    const plain = (load: (address: Expr<'i32'>) => Expr<'v128'>): Expr<'v128'> =>
      i32x4.add(load(i32.add(c, j)), i32x4.mul(term, v128.load(i32.add(columnSums, j))));
    const row = (value: typeof plain): Stmt =>
      seq(
        forRange(j, 0, whole, 16, v128.store(i32.add(c, j), value(v128.load))),
        forRange(j, j, width, 4, v128.storeLane32(i32.add(c, j), value(v128.load32Zero))),
      );
    return seq(
      width.set(i32.shl(n, 2)),
      whole.set(i32.and(width, -16)),
      forRange(
        i,
        0,
        i32.shl(m, 2),
        4,
        seq(
          term.set(v128.load32Splat(i32.add(rowTerms, i))),
          when(rowFactors, seq(factor.set(v128.load32Splat(i32.add(rowFactors, i))), row(corrected)), row(plain)),
          c.set(i32.add(c, cRow)),
        ),
      ),
    );
  });
}

/** Emits `lineSums(from, lines, lineStride, k, kStride, out)`: the sums of lines of bytes of A, moved where `flip` says so. */
export function emitLineSums(module: ModuleBuilder, multiply: Dot, flip: boolean): EmittedFunction {
  const load8 = multiply === mirrored ? i32.load8S : i32.load8U;
  return module.func('lineSums', new Array<'i32'>(6).fill('i32'), (f, ...all) => {
    const [from, lines, lineStride, k, kStride, out] = all as Locals<'i32', 6>;
    const [i, p, source, total] = f.locals('i32', 4);
    const [sum, ones, flips] = f.locals('v128', 3);
    const vector = v128.load(source);
    return seq(
      ones.set(i32x4.splat(i32.const(0x01010101))),
      flips.set(i32x4.splat(i32.const(FLIP))),
      forRange(
        i,
        0,
        lines,
        1,
        seq(
          source.set(from),
          total.set(0),
          p.set(0),
          when(
            i32.eq(kStride, 1),
            seq(
              sum.set(v128.zero),
              forRange(
                p,
                0,
                i32.and(k, -16),
                16,
                seq(
                  sum.set(multiply(ones, flip ? v128.xor(vector, flips) : vector, sum)),
                  source.set(i32.add(source, 16)),
                ),
              ),
              ...[0, 1, 2, 3].map((lane) => total.set(i32.add(total, i32x4.lane(sum, lane)))),
            ),
          ),
          forRange(
            p,
            p,
            k,
            1,
            seq(
              total.set(i32.add(total, flip ? i32.xor(i32.load8U(source), 0x80) : load8(source))),
              source.set(i32.add(source, kStride)),
            ),
          ),
          i32.store(out, total),
          out.set(i32.add(out, 4)),
          from.set(i32.add(from, lineStride)),
        ),
      ),
    );
  });
}

/** What a batch of products is made of. */
interface BatchParts {
  /** Columns of a panel. */
  readonly NR: number;
  readonly gemm: EmittedFunction;
  readonly pack: EmittedFunction;
  readonly lineSums: EmittedFunction;
  readonly correct: EmittedFunction;
}

/** What `gemmDot8Batch` is called with: a batch of products whose matrices have one zero point each, all the same. */
export interface BatchDot8Call {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand & { readonly step: number; readonly zero: number };
  readonly b: GemmOperand & { readonly step: number };
  /** Address of the zero point of B, once for each column; 0 where it is 0. */
  readonly bZeros: number;
  readonly c: number;
  /** Where in the workspace there is room for B as `packDot8` writes it, for the sums of its columns, and for those of the rows of A. */
  readonly panels: number;
  readonly sums: number;
  readonly rowSums: number;
}

/** The arguments of `gemmDot8Batch`, but for the last, the workspace. */
export const batchDot8Arguments = (call: BatchDot8Call): number[] => {
  const { batches, m, n, k, a, b, bZeros, c, panels, sums, rowSums } = call;
  const [left, right] = [
    [a.at, a.step, a.row, a.column, a.zero],
    [b.at, b.step, b.row, b.column, bZeros],
  ] as const;
  return [batches, m, n, k, ...left, ...right, c, panels, sums, rowSums];
};

/** Emits `gemmDot8Batch`, to be called with `batchDot8Arguments` and a workspace: packs, multiplies and brings zero points in, for one product after the other. */
export function emitBatchDot8(module: ModuleBuilder, { NR, gemm, pack, lineSums, correct }: BatchParts): void {
  module.func('gemmDot8Batch', new Array<'i32'>(19).fill('i32'), (f, ...all) => {
    const [batches, m, n, k, a, aStep, aRow, aColumn, aZero, b, bStep, bRow, bColumn, bZeros, ...rest] = all as Locals<
      'i32',
      19
    >;
    const [c, panels, sums, rowSums, workspace] = rest;
    const [i, j, row, width, total] = f.locals('i32', 5);
    const column = i32.add(sums, j);
    const one = i32.add(rowSums, j);
    return seq(
      ...[panels, sums, rowSums].map((room) => room.set(i32.add(workspace, room))),
      row.set(i32.shl(n, 2)),
      width.set(i32.shl(i32.and(i32.add(n, NR - 1), -NR), 2)),
      total.set(i32.mul(k, aZero)),
      forRange(
        i,
        0,
        batches,
        1,
        seq(
          fillBytes(sums, 0, width),
          pack(n, k, b, bRow, bColumn, sums, panels),
          // The sums of columns times the zero point of A, taken away, are a bias.
          forRange(j, 0, width, 16, v128.store(column, i32x4.mul(v128.load(column), i32x4.splat(i32.sub(0, aZero))))),
          gemm(m, n, k, a, aRow, aColumn, 0, b, bRow, bColumn, 0, c, row, panels, sums, 0, workspace),
          when(
            bZeros,
            seq(
              lineSums(a, m, aRow, k, aColumn, rowSums),
              forRange(j, 0, i32.shl(m, 2), 4, i32.store(one, i32.sub(total, i32.load(one)))),
              correct(c, m, n, row, rowSums, bZeros, 0, 0),
            ),
          ),
          a.set(i32.add(a, aStep)),
          b.set(i32.add(b, bStep)),
          c.set(i32.add(c, i32.mul(m, row))),
        ),
      ),
    );
  });
}
