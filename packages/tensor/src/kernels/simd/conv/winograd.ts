import {
  f32,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { tilesF32, type GemmVariant } from '../product/gemm-f32.js';
import { forLowest } from '../product/tile.js';
import { constants, REACH, TILE, transformInput, transformOutput, transposed } from './winograd-transforms.js';

/** Channels summed at a time: their panel of inputs stays in the first-level cache. */
const DEPTH = 256;

/** Bytes of transformed inputs and products kept at a time, about what the second-level cache holds. */
const BAND = 1.5 * 2 ** 20;

/** Bytes between points: they would all compete for the same lines of a cache if their distance were a power of two. */
const SPREAD = 64;

/** Tiles per point as they lie in memory: whole panels of any variant, and up to three lanes of the last group behind the last tile. */
const padded = (tiles: number): number => Math.ceil((tiles + 3) / 16) * 16;

const even = (filters: number): number => Math.ceil(filters / 2) * 2;

/** Rows of tiles computed at a time. */
export const bandRows = (channels: number, filters: number, tilesX: number): number =>
  Math.max(1, Math.floor(BAND / (REACH * REACH * 4 * (channels + even(filters)) * tilesX)));

/** Bytes of workspace `winograd` needs. */
export const winogradWorkspace = (channels: number, filters: number, tiles: number): number =>
  REACH * REACH * (4 * (channels + even(filters)) * padded(tiles) + 2 * SPREAD + 16);

/** Bytes of the transformed filters, as `winograd` reads them: `[36][filters / MR][channels][MR]`, the last panel as `panelOf` says. */
export const winogradFilterBytes = (channels: number, filters: number): number =>
  REACH * REACH * even(filters) * channels * 4;

/**
 * Emits the transformation of four tiles side by side of every channel, `(image, channels, plane, pitch, index, to, point, scratch)`:
 * from the padded image into lanes `index` to `index + 3` of `to`, `[36][panel][channel][NR]` with `point` bytes per point.
 */
function emitInput(module: ModuleBuilder, NR: number) {
  const width = NR * 4;
  return module.func(null, new Array<'i32'>(8).fill('i32'), (f, ...all) => {
    const [image, channels, plane, pitch, index, to, point, scratch] = all as Locals<'i32', 8>;
    const [c, r, from, at, lane, panel] = f.locals('i32', 6);
    const jumps = f.locals<'i32', number>('i32', TILE);
    const d = f.locals<'v128', number>('v128', REACH);
    const u = f.locals<'v128', number>('v128', TILE);
    const t = f.locals<'v128', number>('v128', 2);
    const { set, values } = constants(f.locals<'v128', number>('v128', 8));
    const columns = transposed(d.slice(0, TILE), u);
    const row = seq(
      ...d.slice(0, 5).map((vector, v) => vector.set(v128.load(from, v * 16))),
      columns.code,
      // Columns 0 to 3 of each tile; columns 4 and 5 are columns 0 and 1 of the tile to the right.
      d[5]!.set(v128.shuffle32(columns.rows[1]!, d[4]!, [1, 2, 3, 5])),
      d[4]!.set(v128.shuffle32(columns.rows[0]!, d[4]!, [1, 2, 3, 4])),
      ...d.slice(0, TILE).map((vector, j) => vector.set(columns.rows[j]!)),
      transformInput(d, values, t, (j, value) => v128.store(at, value, j * 16)),
      from.set(i32.add(from, pitch)),
      at.set(i32.add(at, REACH * 16)),
    );
    const straddles = i32.ltU(i32.const(NR - TILE), lane);
    const put = (value: Expr<'v128'>): Stmt =>
      seq(
        t[1]!.set(value),
        when(
          straddles,
          seq(...jumps.map((jump, l) => f32.store(i32.add(at, jump), f32x4.lane(t[1]!, l), l * 4))),
          v128.store(at, t[1]!),
        ),
        at.set(i32.add(at, i32.mul(point, REACH))),
      );
    // Points come in the order 0, 1, 2, ... of `transformInput`.
    const column = seq(
      ...d.map((vector, i) => vector.set(v128.load(from, i * REACH * 16))),
      transformInput(d, values, [t[0]!, u[0]!], (_i, value) => put(value)),
      from.set(i32.add(from, 16)),
    );
    return seq(
      set,
      lane.set(i32.and(index, NR - 1)),
      panel.set(
        i32.add(to, i32.add(i32.mul(i32.shrU(index, Math.log2(NR)), i32.mul(channels, width)), i32.shl(lane, 2))),
      ),
      ...jumps.map((jump, l) =>
        seq(
          jump.set(0),
          when(i32.ltU(i32.const(NR - 1 - l), lane), jump.set(i32.sub(i32.mul(channels, width), width))),
        ),
      ),
      forRange(
        c,
        0,
        channels,
        1,
        seq(
          from.set(image),
          at.set(scratch),
          forRange(r, 0, REACH, 1, row),
          from.set(scratch),
          forRange(r, 0, REACH, 1, seq(at.set(i32.add(panel, i32.mul(r, point))), column)),
          image.set(i32.add(image, plane)),
          panel.set(i32.add(panel, width)),
        ),
      ),
    );
  });
}

/**
 * Emits the transformation of four tiles side by side of every filter, `(m, filters, row, point, y, plane, pitch, height, width, bias,
 * scratch)`: from products at the first of four tiles, `[36][filter][row]`, to `height` x `width` elements of each plane of y.
 */
function emitOutput(module: ModuleBuilder) {
  return module.func(null, new Array<'i32'>(11).fill('i32'), (f, ...all) => {
    const [m, filters, row, point, y, plane, pitch, height, width, bias, scratch] = all as Locals<'i32', 11>;
    const [o, j, r, from, to, at, end] = f.locals('i32', 7);
    const d = f.locals<'v128', number>('v128', REACH);
    const t = f.locals<'v128', number>('v128', TILE);
    const out = f.locals<'v128', number>('v128', TILE);
    const b = f.local('v128');
    const { set, values } = constants(f.locals<'v128', number>('v128', 8));
    const column = seq(
      at.set(from),
      ...d.map((vector) => seq(vector.set(v128.load(at)), at.set(i32.add(at, i32.mul(point, REACH))))),
      transformOutput(d, values, t, (i, value) => v128.store(to, value, i * REACH * 16)),
      from.set(i32.add(from, point)),
      to.set(i32.add(to, 16)),
    );
    const tiles = transposed(out, t);
    const line = (store: (value: Expr<'v128'>, tile: number) => Stmt): Stmt =>
      seq(
        ...d.map((vector, i) => vector.set(v128.load(from, i * 16))),
        transformOutput(d, values, t, (i, value) => out[i]!.set(f32x4.add(value, b))),
        tiles.code,
        ...tiles.rows.map(store),
        from.set(i32.add(from, REACH * 16)),
      );
    const whole = forRange(
      r,
      0,
      TILE,
      1,
      seq(
        line((value, tile) => v128.store(to, value, tile * 16)),
        to.set(i32.add(to, pitch)),
      ),
    );
    // At the edges a row is finished in scratch memory first.
    const part = forRange(
      r,
      0,
      height,
      1,
      seq(
        at.set(i32.add(scratch, REACH * TILE * 16)),
        line((value, tile) => v128.store(at, value, tile * 16)),
        end.set(i32.add(to, i32.shl(width, 2))),
        forRange(to, to, i32.sub(end, 15), 16, seq(v128.store(to, v128.load(at)), at.set(i32.add(at, 16)))),
        forRange(to, to, end, 4, seq(f32.store(to, f32.load(at)), at.set(i32.add(at, 4)))),
        to.set(i32.add(i32.sub(end, i32.shl(width, 2)), pitch)),
      ),
    );
    return seq(
      set,
      forRange(
        o,
        0,
        filters,
        1,
        seq(
          b.set(v128.load32Splat(bias)),
          from.set(m),
          to.set(scratch),
          forRange(j, 0, REACH, 1, column),
          from.set(scratch),
          to.set(y),
          when(i32.and(i32.eq(height, TILE), i32.eq(width, TILE * TILE)), whole, part),
          m.set(i32.add(m, row)),
          y.set(i32.add(y, plane)),
          bias.set(i32.add(bias, 4)),
        ),
      ),
    );
  });
}

/**
 * Emits `winograd(image, channels, plane, pitch, tilesX, first, rows, band, u, filters, y, outPlane, height, width, bias, workspace)`: `rows`
 * rows of tiles from `first` on, `band` at a time, of a convolution of the padded image with the filters at `u`; `outPlane`, `plane` and
 * `pitch` in bytes, y is `[filters, height, width]`.
 */
export function emitWinograd(module: ModuleBuilder, variant: GemmVariant): void {
  const NR = variant.NV * 4;
  const input = emitInput(module, NR);
  const output = emitOutput(module);
  const tileRows = tilesF32(module, variant);
  module.func('winograd', new Array<'i32'>(16).fill('i32'), (f, ...all) => {
    const [
      image,
      channels,
      plane,
      pitch,
      tilesX,
      first,
      rows,
      band,
      u,
      filters,
      y,
      outPlane,
      height,
      width,
      bias,
      workspace,
    ] = all as Locals<'i32', 16>;
    const [ty, tx, row, last, index, tiles, inPoint, outPoint, outRow, scratch, products] = f.locals('i32', 11);
    const [xi, j, r, k, even, high, depth, a, b, c] = f.locals('i32', 10);
    const groups = (each: Stmt): Stmt =>
      seq(
        index.set(0),
        forRange(
          ty,
          row,
          last,
          1,
          seq(
            forRange(tx, 0, tilesX, TILE, seq(each, index.set(i32.add(index, TILE)))),
            // The lanes behind the end of a row are written again by the next one.
            index.set(i32.mul(i32.sub(i32.add(ty, 1), row), tilesX)),
          ),
        ),
      );
    const transformed = groups(
      input(
        i32.add(image, i32.add(i32.mul(i32.shl(ty, 2), pitch), i32.shl(tx, 4))),
        channels,
        plane,
        pitch,
        index,
        i32.add(scratch, REACH * REACH * 16),
        inPoint,
        scratch,
      ),
    );
    const block = seq(
      depth.set(i32.minU(i32.sub(channels, k), DEPTH)),
      forRange(
        r,
        0,
        even,
        variant.MR,
        seq(
          high.set(i32.minU(i32.sub(even, r), variant.MR)),
          forLowest(tileRows, high, ({ multiply }) =>
            multiply(
              depth,
              i32.add(a, i32.shl(i32.add(i32.mul(r, channels), i32.mul(k, high)), 2)),
              i32.add(b, i32.mul(k, NR * 4)),
              i32.add(c, i32.mul(r, outRow)),
              outRow,
              i32.eqz(k),
              0,
              0,
            ),
          ),
        ),
      ),
    );
    const multiplied = forRange(
      xi,
      0,
      REACH * REACH,
      1,
      seq(
        a.set(i32.add(u, i32.mul(xi, i32.mul(even, i32.shl(channels, 2))))),
        b.set(i32.add(i32.add(scratch, REACH * REACH * 16), i32.mul(xi, inPoint))),
        c.set(i32.add(products, i32.mul(xi, outPoint))),
        forRange(
          j,
          0,
          tiles,
          NR,
          seq(
            forRange(k, 0, channels, DEPTH, block),
            b.set(i32.add(b, i32.mul(channels, NR * 4))),
            c.set(i32.add(c, NR * 4)),
          ),
        ),
      ),
    );
    const finished = groups(
      output(
        i32.add(products, i32.shl(index, 2)),
        filters,
        outRow,
        outPoint,
        i32.add(y, i32.shl(i32.add(i32.mul(i32.shl(ty, 2), width), i32.shl(tx, 2)), 2)),
        outPlane,
        i32.shl(width, 2),
        i32.minU(i32.sub(height, i32.shl(ty, 2)), TILE),
        i32.minU(i32.sub(width, i32.shl(tx, 2)), TILE * TILE),
        bias,
        scratch,
      ),
    );
    return seq(
      scratch.set(workspace),
      even.set(i32.and(i32.add(filters, 1), -2)),
      row.set(first),
      last.set(first),
      rows.set(i32.add(first, rows)),
      forRange(
        row,
        first,
        rows,
        1,
        seq(
          last.set(i32.minU(i32.add(row, band), rows)),
          tiles.set(i32.mul(i32.sub(last, row), tilesX)),
          outRow.set(i32.shl(i32.and(i32.add(tiles, 3 + NR - 1), -NR), 2)),
          inPoint.set(i32.add(i32.mul(outRow, channels), SPREAD)),
          outPoint.set(i32.add(i32.mul(outRow, even), SPREAD)),
          products.set(i32.add(i32.add(scratch, REACH * REACH * 16), i32.mul(inPoint, REACH * REACH))),
          transformed,
          multiplied,
          finished,
          row.set(i32.sub(last, 1)),
        ),
      ),
    );
  });
}
