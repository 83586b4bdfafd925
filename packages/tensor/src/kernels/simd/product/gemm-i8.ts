import {
  forRange,
  i16x8,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { emitBatch, emitGemm, emitPack, gemmWorkspace, packedBytes } from './gemm.js';
import { emitStrassen, strassenGrains } from './strassen.js';
import { emitRepeatedTile, type RepeatedTile, type TileArithmetic } from './tile.js';

/** 8 accumulators, 2 vectors of B and one of A: wide rows of A suit the dot product of 16-bit pairs. */
const MR = 4;
const NV = 2;
const NR = NV * 4;
const SIZES = { MR, NR, KC: 512, MC: 256, group: 2 };

/** Bytes of workspace the integer products need. */
export const GEMM_I8_WORKSPACE = gemmWorkspace(SIZES);

/** Multiplications that one thread does in a nanosecond, roughly. */
export const GEMM_I8_RATE = 40;

/** Rows and columns of a tile. */
export const GEMM_I8_TILE = { rows: MR, columns: NR };

/** Rows, columns and depths of which the sizes of `strassen` are multiples. */
export const STRASSEN_GRAINS = strassenGrains(SIZES);

/** Bytes of `[k, n]` as `packI8` writes it. */
export const packedI8 = (k: number, n: number): number => packedBytes(SIZES, k, n);

/** How the bytes of an operand are read. */
export type Bytes = 'signed' | 'unsigned';

/** How those of A, and of B, are read. */
export type BytePair = `${Bytes}-${Bytes}`;

/**
 * Emits a function `(lines, kc, from, lineStride, kStride, zeros, dst)` that packs up to `LINES` lines of bytes, minus the
 * zero point of each line, as pairs of 16-bit integers: `[kc / 2][LINES]`; missing lines and a missing last k are zero.
 */
function packLines(module: ModuleBuilder, LINES: number, bytes: Bytes): EmittedFunction {
  const load8 = bytes === 'signed' ? i32.load8S : i32.load8U;
  const load8x8 = bytes === 'signed' ? v128.load8x8S : v128.load8x8U;
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, lines, kc, from, lineStride, kStride, zeros, dst) => {
      const [line, p, source, target, zero, low, high, whole] = f.locals('i32', 8);
      const t = f.locals<'v128', number>('v128', 4);
      const u = f.locals<'v128', number>('v128', 4);
      const z = f.locals<'v128', number>('v128', 4);
      const starts = f.locals<'i32', number>('i32', 4);
      const STEP = LINES * 4;

      /** Four lines along which k is contiguous, eight positions at a time. */
      const fourLines = (first: number): Stmt =>
        seq(
          ...starts.map((start, l) => start.set(i32.add(from, i32.mul(lineStride, first + l)))),
          ...z.map((vector, l) => vector.set(i16x8.splat(i32.load(zeros, (first + l) * 4)))),
          target.set(i32.add(dst, first * 4)),
          forRange(
            p,
            0,
            whole,
            8,
            seq(
              ...t.map((vector, l) => vector.set(i16x8.sub(load8x8(i32.add(starts[l]!, p)), z[l]!))),
              u[0]!.set(v128.shuffle32(t[0]!, t[1]!, [0, 4, 1, 5])),
              u[1]!.set(v128.shuffle32(t[0]!, t[1]!, [2, 6, 3, 7])),
              u[2]!.set(v128.shuffle32(t[2]!, t[3]!, [0, 4, 1, 5])),
              u[3]!.set(v128.shuffle32(t[2]!, t[3]!, [2, 6, 3, 7])),
              v128.store(target, v128.shuffle32(u[0]!, u[2]!, [0, 1, 4, 5])),
              v128.store(target, v128.shuffle32(u[0]!, u[2]!, [2, 3, 6, 7]), STEP),
              v128.store(target, v128.shuffle32(u[1]!, u[3]!, [0, 1, 4, 5]), STEP * 2),
              v128.store(target, v128.shuffle32(u[1]!, u[3]!, [2, 3, 6, 7]), STEP * 3),
              target.set(i32.add(target, STEP * 4)),
            ),
          ),
        );

      /** Two positions of k along which eight lines are contiguous. */
      const twoSteps = seq(
        t[0]!.set(i16x8.sub(load8x8(source), z[0]!)),
        t[1]!.set(i16x8.sub(load8x8(i32.add(source, kStride)), z[0]!)),
        v128.store(target, i16x8.interleaveLow(t[0]!, t[1]!)),
        v128.store(target, i16x8.interleaveHigh(t[0]!, t[1]!), 16),
        source.set(i32.add(source, i32.shl(kStride, 1))),
        target.set(i32.add(target, STEP)),
      );

      /** Pairs from position `whole` on, one element at a time. */
      const rest = forRange(
        line,
        0,
        LINES,
        1,
        seq(
          target.set(i32.add(i32.add(dst, i32.shl(line, 2)), i32.mul(i32.shrU(whole, 1), STEP))),
          source.set(i32.add(i32.add(from, i32.mul(line, lineStride)), i32.mul(whole, kStride))),
          when(i32.ltU(line, lines), zero.set(i32.load(i32.add(zeros, i32.shl(line, 2))))),
          forRange(
            p,
            whole,
            kc,
            2,
            seq(
              low.set(0),
              high.set(0),
              when(
                i32.ltU(line, lines),
                seq(
                  low.set(i32.sub(load8(source), zero)),
                  when(i32.ltU(i32.add(p, 1), kc), high.set(i32.sub(load8(i32.add(source, kStride)), zero))),
                ),
              ),
              i32.store16(target, low),
              i32.store16(target, high, 2),
              source.set(i32.add(source, i32.shl(kStride, 1))),
              target.set(i32.add(target, STEP)),
            ),
          ),
        ),
      );

      const full = i32.eq(lines, LINES);
      const alongK = seq(whole.set(i32.and(kc, -8)), ...Array.from({ length: LINES / 4 }, (_, g) => fourLines(g * 4)));
      const acrossLines = seq(
        whole.set(i32.and(kc, -2)),
        z[0]!.set(i16x8.narrowS(v128.load(zeros), v128.load(zeros, 16))),
        source.set(from),
        target.set(dst),
        forRange(p, 0, whole, 2, twoSteps),
      );
      return seq(
        whole.set(0),
        when(
          i32.and(full, i32.eq(kStride, 1)),
          alongK,
          LINES === 8 ? when(i32.and(full, i32.eq(lineStride, 1)), acrossLines) : seq(),
        ),
        when(i32.ltU(whole, kc), rest),
      );
    },
  );
}

/** All rows of a block of A, MR at a time. */
function packRows(module: ModuleBuilder, packLine: EmittedFunction): EmittedFunction {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, mc, kc, a, rowStride, columnStride, zeros, dst) => {
      const i = f.local('i32');
      return forRange(
        i,
        0,
        mc,
        MR,
        seq(
          packLine(
            i32.minU(i32.sub(mc, i), MR),
            kc,
            i32.add(a, i32.mul(i, rowStride)),
            rowStride,
            columnStride,
            i32.add(zeros, i32.shl(i, 2)),
            dst,
          ),
          dst.set(i32.add(dst, i32.mul(i32.shrU(i32.add(kc, 1), 1), MR * 4))),
        ),
      );
    },
  );
}

/** Columns of B: the lines run across its columns. */
function packPanel(module: ModuleBuilder, packLine: EmittedFunction): EmittedFunction {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (_f, kc, columns, b, rowStride, columnStride, zeros, dst) =>
      packLine(columns, kc, b, columnStride, rowStride, zeros, dst),
  );
}

/** The functions that products of bytes as 16-bit integers are made of. */
interface PairParts {
  readonly packA: EmittedFunction;
  readonly packB: EmittedFunction;
  readonly tile: RepeatedTile;
  readonly gemm: EmittedFunction;
}

/**
 * Emits `gemmI8`, the product of matrices of bytes in int32, exactly: `(A - aZero) (B - bZero)` with a zero point (int32) for every row
 * of A and every column of B, read from the extras, which hold whole panels. Zero points are within 16 bits less the width of a byte.
 * See `emitGemm`.
 */
export function emitPairParts(module: ModuleBuilder, a: Bytes, b: Bytes): PairParts {
  const packB = packPanel(module, packLines(module, NR, b));
  const packA = packRows(module, packLines(module, MR, a));
  const multiplyAdd: TileArithmetic['multiplyAdd'] = (a, b, sum) => i32x4.add(sum, i32x4.dotI16x8(a, b));
  const tile = emitRepeatedTile(module, MR, NV, { multiplyAdd, add: i32x4.add });
  return { packA, packB, tile, gemm: emitGemm(module, 'gemmI8', { ...SIZES, packA, packB, tiles: [tile] }) };
}

/**
 * Emits `gemmI8`; also `gemmI8Batch`, `packI8` for its second operand, `strassen` and `packStrassen`. See `emitBatch`, `emitPack` and
 * `emitStrassen`.
 */
export function emitGemmI8(module: ModuleBuilder, a: Bytes, b: Bytes): void {
  const { gemm, ...parts } = emitPairParts(module, a, b);
  emitBatch(module, 'gemmI8Batch', gemm);
  emitPack(module, 'packI8', { ...SIZES, packB: parts.packB });
  emitStrassen(module, { ...SIZES, ...parts });
}
