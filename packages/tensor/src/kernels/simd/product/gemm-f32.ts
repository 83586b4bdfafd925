import {
  doWhile,
  f32,
  f32x4,
  f64,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Arg,
  type EmittedFunction,
  type Expr,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Features } from '../engine/engine.js';
import { emitBatch, emitGemm, emitPack, gemmWorkspace, packedBytes } from './gemm.js';
import { emitTile, withoutNegatives, type Tile } from './tile.js';

/** A kind of product: its tile, and how it multiplies. */
export interface GemmVariant {
  /** Rows of a tile, an even number, and vectors in each. */
  readonly MR: number;
  readonly NV: number;
  /** Rows packed at a time, a multiple of MR. */
  readonly MC: number;
  /** Relaxed fused multiply-add instead of a product and a sum. */
  readonly fused: boolean;
}

/** 8 accumulators, 4 vectors of B and one of A fit the 16 vector registers, with one left for products. */
const WIDE = { MR: 2, NV: 4, MC: 512 };

/** 12 accumulators, which the latency of fused multiply-adds asks for. V8 before 13 spills them. */
const TALL = { MR: 6, NV: 2, MC: 516 };

/** What suits an engine. */
export const gemmVariant = ({ fused, unrolls }: Features): GemmVariant => ({
  ...(fused && unrolls ? TALL : WIDE),
  fused,
});

/** Rows in `MR` at a time: a panel's first row, and how many it has, a multiple of two. */
export function panelOf(MR: number, row: number, rows: number): { readonly first: number; readonly height: number } {
  const first = row - (row % MR);
  return { first, height: Math.min(MR, 2 * Math.ceil((rows - first) / 2)) };
}

const sizes = ({ MR, NV, MC }: Pick<GemmVariant, 'MR' | 'NV' | 'MC'>) => ({ MR, NR: NV * 4, KC: 256, MC, group: 1 });

/** Bytes of workspace `gemmF32` needs, of whatever variant. */
export const GEMM_F32_WORKSPACE = Math.max(gemmWorkspace(sizes(WIDE)), gemmWorkspace(sizes(TALL)));

/** Bytes of `[k, n]` as `packF32` writes it. */
export const packedF32 = (variant: GemmVariant, k: number, n: number): number => packedBytes(sizes(variant), k, n);

/**
 * Rows of A interleaved: `[mc / MR][kc][MR]`, of which the last has as many rows as there are, a multiple of two; one beyond `mc` is
 * zero. Strides in bytes.
 */
function packRows(module: ModuleBuilder, MR: number) {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, mc, kc, a, rowStride, columnStride, _extra, dst) => {
      const [i, p, first, second, within, advance, to] = f.locals('i32', 7);
      const [x, y] = f.locals('v128', 2);
      const hasSecond = i32.ltU(i32.add(i, 1), mc);
      const next = to.set(i32.add(to, advance));
      /** Two columns of the two rows. */
      const columns = (lanes: Expr<'v128'>): Stmt =>
        MR === 2
          ? seq(v128.store(to, lanes), to.set(i32.add(to, 16)))
          : seq(...[0, 1].map((half) => seq(v128.storeLane64(to, lanes, 0, half), next)));
      const step = seq(
        f32.store(to, f32.load(first)),
        when(hasSecond, f32.store(to, f32.load(second), 4), f32.store(to, 0, 4)),
        first.set(i32.add(first, columnStride)),
        second.set(i32.add(second, columnStride)),
        next,
      );
      const four = seq(
        x.set(v128.load(first)),
        y.set(v128.load(second)),
        ...[
          [0, 4, 1, 5],
          [2, 6, 3, 7],
        ].map((lanes) => columns(v128.shuffle32(x, y, lanes))),
        first.set(i32.add(first, 16)),
        second.set(i32.add(second, 16)),
        p.set(i32.add(p, 4)),
      );
      const vectors = i32.and(hasSecond, i32.and(i32.eq(columnStride, 4), i32.geU(kc, 4)));
      // A transposed operand: neighbours in memory are neighbours in the panel.
      const pair = seq(f64.store(to, f64.load(first)), first.set(i32.add(first, columnStride)), next);
      return forRange(
        i,
        0,
        mc,
        2,
        seq(
          within.set(i32.remU(i, MR)),
          advance.set(i32.minU(i32.and(i32.add(i32.sub(mc, i32.sub(i, within)), 1), -2), MR)),
          advance.set(i32.shl(advance, 2)),
          to.set(i32.add(dst, i32.shl(i32.add(i32.mul(i32.sub(i, within), kc), within), 2))),
          first.set(i32.add(a, i32.mul(i, rowStride))),
          second.set(i32.add(first, rowStride)),
          p.set(0),
          when(vectors, doWhile(four, i32.ltU(i32.add(p, 3), kc))),
          when(i32.and(hasSecond, i32.eq(rowStride, 4)), forRange(p, p, kc, 1, pair), forRange(p, p, kc, 1, step)),
        ),
      );
    },
  );
}

/**
 * Columns of B as one panel `[kc][NR]`; what stands in columns from `columns` on does not matter. Strides in bytes. Up to 15
 * elements behind the last row are read.
 */
function packPanel(module: ModuleBuilder, NV: number) {
  const NR = NV * 4;
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, kc, columns, b, rowStride, columnStride, _extra, dst) => {
      const [p, j, from, to] = f.locals('i32', 4);
      const lines = f.locals('i32', 4);
      const [t0, t1, t2, t3, u0, u1, u2, u3] = f.locals('v128', 8);
      const alongRows = forRange(
        p,
        0,
        kc,
        1,
        seq(
          ...Array.from({ length: NV }, (_, v) => v128.store(dst, v128.load(b, v * 16), v * 16)),
          b.set(i32.add(b, rowStride)),
          dst.set(i32.add(dst, NR * 4)),
        ),
      );
      const [first, second, third, fourth] = lines;
      // k runs along memory (a transposed operand): 4 x 4 blocks are transposed in registers.
      const alongColumns = forRange(
        j,
        0,
        columns,
        4,
        seq(
          first.set(i32.add(b, i32.mul(j, columnStride))),
          // Lines that are not there repeat the one before.
          ...[second, third, fourth].map((line, l) =>
            seq(line.set(lines[l]!), when(i32.ltU(i32.add(j, l + 1), columns), line.set(i32.add(line, columnStride)))),
          ),
          to.set(i32.add(dst, i32.shl(j, 2))),
          forRange(
            p,
            0,
            i32.and(kc, -4),
            4,
            seq(
              t0.set(v128.load(first)),
              t1.set(v128.load(second)),
              t2.set(v128.load(third)),
              t3.set(v128.load(fourth)),
              u0.set(v128.shuffle32(t0, t1, [0, 4, 1, 5])),
              u1.set(v128.shuffle32(t0, t1, [2, 6, 3, 7])),
              u2.set(v128.shuffle32(t2, t3, [0, 4, 1, 5])),
              u3.set(v128.shuffle32(t2, t3, [2, 6, 3, 7])),
              v128.store(to, v128.shuffle32(u0, u2, [0, 1, 4, 5])),
              v128.store(to, v128.shuffle32(u0, u2, [2, 3, 6, 7]), NR * 4),
              v128.store(to, v128.shuffle32(u1, u3, [0, 1, 4, 5]), NR * 8),
              v128.store(to, v128.shuffle32(u1, u3, [2, 3, 6, 7]), NR * 12),
              ...lines.map((line) => line.set(i32.add(line, 16))),
              to.set(i32.add(to, NR * 16)),
            ),
          ),
        ),
      );
      const element = (start: Arg<'i32'>): Stmt =>
        forRange(
          p,
          start,
          kc,
          1,
          seq(
            from.set(i32.add(b, i32.mul(p, rowStride))),
            to.set(i32.add(dst, i32.mul(p, NR * 4))),
            forRange(
              j,
              0,
              columns,
              1,
              seq(f32.store(to, f32.load(from)), from.set(i32.add(from, columnStride)), to.set(i32.add(to, 4))),
            ),
          ),
        );
      return when(
        i32.eq(columnStride, 4),
        alongRows,
        when(i32.eq(rowStride, 4), seq(alongColumns, element(i32.and(kc, -4))), element(0)),
      );
    },
  );
}

/** Tiles of a variant, the lowest first: of 2, 4 ... rows. */
export const tilesF32 = (module: ModuleBuilder, { MR, NV, fused }: GemmVariant): readonly Tile[] =>
  Array.from({ length: MR / 2 }, (_, i) =>
    emitTile(module, 2 * (i + 1), NV, {
      multiplyAdd: fused ? f32x4.relaxedMadd : (a, b, sum) => f32x4.add(sum, f32x4.mul(a, b)),
      add: f32x4.add,
      relu: withoutNegatives,
    }),
  );

/** The parts of a product but for `packB`. */
const partsOf = (module: ModuleBuilder, variant: GemmVariant) => ({
  ...sizes(variant),
  packA: packRows(module, variant.MR),
  tiles: tilesF32(module, variant),
});

/**
 * Emits `gemmF32`, the product of float32 matrices, `gemmF32Batch`, and `packF32` for its second operand; there are no extras. See
 * `emitGemm` and `emitBatch`.
 */
export function emitGemmF32(module: ModuleBuilder, variant: GemmVariant): void {
  const parts = { ...partsOf(module, variant), packB: packPanel(module, variant.NV) };
  emitBatch(module, 'gemmF32Batch', emitGemm(module, 'gemmF32', parts));
  emitPack(module, 'packF32', parts);
}

/** Rows of B that begin anywhere: `b` holds their distances in bytes from the address in `extra`. */
function packGathered(module: ModuleBuilder, NV: number) {
  return module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, kc, _columns, offsets, _rowStride, _columnStride, origin, dst) => {
      const [p, row] = f.locals('i32', 2);
      return forRange(
        p,
        0,
        kc,
        1,
        seq(
          row.set(i32.add(origin, i32.load(i32.add(offsets, i32.shl(p, 2))))),
          ...Array.from({ length: NV }, (_, v) => v128.store(dst, v128.load(row, v * 16), v * 16)),
          dst.set(i32.add(dst, NV * 16)),
        ),
      );
    },
  );
}

/**
 * Emits the product with a B whose rows begin anywhere: it takes the address of their distances (int32, bytes) as `b` with a row
 * stride of 4 and a column stride of 0, and what they are distances from as `bExtra`. Whole panels of B are read.
 */
export function emitGemmF32Gathered(module: ModuleBuilder, variant: GemmVariant): EmittedFunction {
  return emitGemm(module, null, { ...partsOf(module, variant), packB: packGathered(module, variant.NV) });
}
