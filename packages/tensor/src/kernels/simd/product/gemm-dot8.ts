import {
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
  type ModuleBuilder,
} from '../assembler/assembler.js';
import { dot, FLIP, mirrored, movedBy, type Dot } from './dot8.js';
import { emitBatchDot8, emitCorrect, emitLineSums } from './dot8-zeros.js';
import { emitGemm, emitPack, gemmWorkspace, packedBytes } from './gemm.js';
import type { BytePair } from './gemm-i8.js';
import { emitRepeatedTile } from './tile.js';

/** 12 accumulators hide the latency of a dot product; 2 vectors of B and one of A fit the 16 registers with them. */
const MR = 6;
const NV = 2;
const NR = NV * 4;
const SIZES = { MR, NR, KC: 1024, MC: 504, group: 4 };

/** Bytes of workspace the products need. */
export const GEMM_DOT8_WORKSPACE = gemmWorkspace(SIZES);

/** Multiplications that one thread does in a nanosecond, roughly. */
export const GEMM_DOT8_RATE = 100;

/** Rows and columns of a tile. */
export const GEMM_DOT8_TILE = { rows: MR, columns: NR };

/** Bytes of B as `packDot8` writes it, with the sum of every column behind the panels. */
export const packedDot8 = (k: number, n: number): { panels: number; all: number } => {
  const panels = packedBytes(SIZES, k, n);
  return { panels, all: panels + Math.ceil(n / NR) * NR * 4 };
};

/**
 * Emits a function `(lines, kc, from, lineStride, kStride, sums, dst)` that packs up to `LINES` lines of bytes as `[kc / 4][LINES]`
 * groups of four positions of k; missing positions are zero, missing lines anything. `flip` tells whether bytes change by 128.
 */
function packLines(module: ModuleBuilder, LINES: number, flip: boolean): EmittedFunction {
  const flipped = (x: Expr<'i32'>): Expr<'i32'> => (flip ? i32.xor(x, FLIP) : x);
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, lines, kc, from, lineStride, kStride, _sums, dst) => {
      const [line, p, q, source, target, whole, word, at] = f.locals('i32', 8);
      const [a, b, c, d, low, high] = f.locals('v128', 6);
      /** Four positions that lie in order, of every line. */
      const words = forRange(
        line,
        0,
        lines,
        1,
        seq(
          source.set(i32.add(from, i32.mul(line, lineStride))),
          target.set(i32.add(dst, i32.shl(line, 2))),
          forRange(
            p,
            0,
            whole,
            4,
            seq(
              i32.store(target, flipped(i32.load(source))),
              source.set(i32.add(source, 4)),
              target.set(i32.add(target, LINES * 4)),
            ),
          ),
        ),
      );
      /** Four positions along which eight lines lie in order. */
      const across = forRange(
        p,
        0,
        whole,
        4,
        seq(
          ...[a, b, c, d].map((row, i) => row.set(v128.load64Zero(i32.add(source, i32.mul(kStride, i))))),
          low.set(i8x16.interleaveLow(a, b)),
          high.set(i8x16.interleaveLow(c, d)),
          ...[i16x8.interleaveLow(low, high), i16x8.interleaveHigh(low, high)].map((packed, v) =>
            v128.store(target, flip ? v128.xor(packed, i32x4.splat(i32.const(FLIP))) : packed, v * 16),
          ),
          source.set(i32.add(source, i32.shl(kStride, 2))),
          target.set(i32.add(target, LINES * 4)),
        ),
      );
      /** Groups from position `whole` on, byte by byte. */
      const rest = forRange(
        line,
        0,
        lines,
        1,
        seq(
          source.set(i32.add(i32.add(from, i32.mul(line, lineStride)), i32.mul(whole, kStride))),
          target.set(i32.add(dst, i32.add(i32.shl(line, 2), i32.mul(whole, LINES)))),
          forRange(
            p,
            whole,
            kc,
            4,
            seq(
              word.set(0),
              at.set(i32.minU(i32.sub(kc, p), 4)),
              forRange(
                q,
                0,
                at,
                1,
                seq(
                  word.set(
                    i32.or(word, i32.shl(flip ? i32.xor(i32.load8U(source), 0x80) : i32.load8U(source), i32.shl(q, 3))),
                  ),
                  source.set(i32.add(source, kStride)),
                ),
              ),
              i32.store(target, word),
              target.set(i32.add(target, LINES * 4)),
            ),
          ),
        ),
      );
      return seq(
        whole.set(0),
        source.set(from),
        target.set(dst),
        when(
          i32.eq(kStride, 1),
          seq(whole.set(i32.and(kc, -4)), words),
          LINES === NR
            ? when(i32.and(i32.eq(lineStride, 1), i32.eq(lines, NR)), seq(whole.set(i32.and(kc, -4)), across))
            : seq(),
        ),
        when(i32.ltU(whole, kc), rest),
      );
    },
  );
}

/** All rows of a block of A, MR at a time. */
function packRows(module: ModuleBuilder, pack: EmittedFunction): EmittedFunction {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, mc, kc, a, rowStride, columnStride, extra, dst) => {
      const i = f.local('i32');
      return forRange(
        i,
        0,
        mc,
        MR,
        seq(
          pack(
            i32.minU(i32.sub(mc, i), MR),
            kc,
            i32.add(a, i32.mul(i, rowStride)),
            rowStride,
            columnStride,
            extra,
            dst,
          ),
          dst.set(i32.add(dst, i32.mul(i32.shrU(i32.add(kc, 3), 2), MR * 4))),
        ),
      );
    },
  );
}

/** Columns of B, whose sums are added to what the extras point at. `multiply` takes bytes of B first. */
function packPanel(module: ModuleBuilder, pack: EmittedFunction, multiply: Dot): EmittedFunction {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, kc, columns, b, rowStride, columnStride, sums, dst) => {
      const p = f.local('i32');
      const totals = f.locals<'v128', number>('v128', NV);
      const ones = f.local('v128');
      return seq(
        pack(columns, kc, b, columnStride, rowStride, 0, dst),
        ones.set(i32x4.splat(i32.const(0x01010101))),
        ...totals.map((total, v) => total.set(v128.load(sums, v * 16))),
        forRange(
          p,
          0,
          kc,
          4,
          seq(
            ...totals.map((total, v) => total.set(multiply(v128.load(dst, v * 16), ones, total))),
            dst.set(i32.add(dst, NR * 4)),
          ),
        ),
        ...totals.map((total, v) => v128.store(sums, total, v * 16)),
      );
    },
  );
}

/** The functions that products by dot products of four are made of. */
export interface Dot8Parts {
  readonly gemm: EmittedFunction;
  readonly pack: EmittedFunction;
  readonly correct: EmittedFunction;
}

/**
 * Emits products of matrices of bytes by dot products of four, moved as `movedBy` says. `gemmDot8` gives the sums of products in
 * int32, zero points left out, and a bias; `packDot8` packs B and adds the sums of its columns to the extras; `correct` brings the zero
 * points in. See `emitGemm`.
 */
export function emitDot8Parts(module: ModuleBuilder, pair: BytePair): Dot8Parts {
  const moved = movedBy(pair);
  const multiply = multiplyOf(pair);
  const packB = packPanel(module, packLines(module, NR, moved.b !== 0), multiply);
  const packA = packRows(module, packLines(module, MR, moved.a !== 0));
  return {
    gemm: emitGemm(module, 'gemmDot8', {
      ...SIZES,
      packA,
      packB,
      tiles: [emitRepeatedTile(module, MR, NV, { multiplyAdd: (a, b, sum) => multiply(b, a, sum), add: i32x4.add })],
    }),
    pack: emitPack(module, 'packDot8', { ...SIZES, packB }),
    correct: emitCorrect(module),
  };
}

/** The dot product of bytes of B and of A. */
const multiplyOf = (pair: BytePair): Dot => (pair === 'signed-unsigned' ? mirrored : dot);

/** Emits what `emitDot8Parts` does; also `lineSums`, which gives the sums of the rows of A, and `gemmDot8Batch`, which does all for a batch. */
export function emitGemmDot8(module: ModuleBuilder, pair: BytePair): void {
  const parts = emitDot8Parts(module, pair);
  emitBatchDot8(module, { NR, ...parts, lineSums: emitLineSums(module, multiplyOf(pair), movedBy(pair).a !== 0) });
}
