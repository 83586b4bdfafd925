import {
  doWhile,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from './assembler.js';
import { emitImages } from './images.js';
import { emitGemmF32Gathered, GEMM_F32_WORKSPACE, type GemmVariant } from './gemm-f32.js';

/** Elements of results kept between product and output, so that they stay in the second-level cache. */
const BAND = 1 << 18;

/** Bytes of workspace `convRows` needs for an image with rows of `pitch` elements. */
export const convWorkspace = (filters: number, pitch: number): number =>
  GEMM_F32_WORKSPACE + Math.max(BAND, filters * pitch) * 4;

/**
 * Emits `convRows(filters, k, weight, offsets, image, pitch, rows, width, y, plane, bias, workspace)`: `rows` rows of `width` of
 * every output channel as a product of the weight `[filters, k]` and the image, whose k-th row begins `offsets[k]` bytes from
 * where the output row does. The columns between `width` and the image's pitch are computed too and left out. `plane` in
 * bytes, `pitch` in elements.
 */
function emitConvRows(module: ModuleBuilder, variant: GemmVariant): void {
  const gemm = emitGemmF32Gathered(module, variant);
  const params = new Array<'i32'>(12).fill('i32');
  module.func('convRows', params, (f, ...all) => {
    const [filters, k, weight, offsets, image, pitch, rows, width, y, plane, bias, workspace] = all as Locals<
      'i32',
      12
    >;
    const [row, band, sums, columns, o, r, from, to, end] = f.locals('i32', 9);
    const b = f.local('v128');
    const copyRow = seq(
      end.set(i32.add(from, i32.shl(width, 2))),
      forRange(
        from,
        from,
        i32.sub(end, 15),
        16,
        seq(v128.store(to, f32x4.add(v128.load(from), b)), to.set(i32.add(to, 16))),
      ),
      forRange(
        from,
        from,
        end,
        4,
        seq(v128.storeLane32(to, f32x4.add(v128.load32Zero(from), b)), to.set(i32.add(to, 4))),
      ),
    );
    const height = (start: Local<'i32'>): Expr<'i32'> => i32.minU(i32.sub(rows, start), band);
    return seq(
      sums.set(i32.add(workspace, GEMM_F32_WORKSPACE)),
      band.set(i32.divU(i32.const(BAND), i32.mul(filters, pitch))),
      when(i32.eqz(band), band.set(1)),
      row.set(0),
      doWhile(
        seq(
          columns.set(i32.add(i32.mul(i32.sub(height(row), 1), pitch), width)),
          gemm(
            filters,
            columns,
            k,
            weight,
            i32.shl(k, 2),
            4,
            0,
            offsets,
            4,
            0,
            i32.add(image, i32.shl(i32.mul(row, pitch), 2)),
            sums,
            i32.shl(columns, 2),
            workspace,
            0,
            0,
          ),
          forRange(
            o,
            0,
            filters,
            1,
            seq(
              b.set(v128.load32Splat(i32.add(bias, i32.shl(o, 2)))),
              to.set(i32.add(i32.add(y, i32.mul(o, plane)), i32.shl(i32.mul(row, width), 2))),
              forRange(
                r,
                0,
                height(row),
                1,
                seq(from.set(i32.add(sums, i32.shl(i32.add(i32.mul(o, columns), i32.mul(r, pitch)), 2))), copyRow),
              ),
            ),
          ),
          row.set(i32.add(row, band)),
        ),
        i32.ltU(row, rows),
      ),
    );
  });
}

/**
 * Emits `depthwise(channels, filters, taps, weight, offsets, image, plane, pitch, rows, width, y, bias)`: each of `filters`
 * filters per channel directly. `plane` and `pitch` of the image in bytes; weight, y and bias are contiguous.
 */
function emitDepthwise(module: ModuleBuilder, { fused }: GemmVariant): void {
  const madd = (a: Expr<'v128'>, b: Expr<'v128'>, sum: Expr<'v128'>): Expr<'v128'> =>
    fused ? f32x4.relaxedMadd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
  const params = new Array<'i32'>(12).fill('i32');
  module.func('depthwise', params, (f, ...all) => {
    const [channels, filters, taps, weight, offsets, image, plane, pitch, rows, width, y, bias] = all as Locals<
      'i32',
      12
    >;
    const [c, o, r, j, t, row, from] = f.locals('i32', 7);
    const [w, b] = f.locals('v128', 2);
    const sums = f.locals<'v128', number>('v128', 4);
    /** `vectors` vectors of a row from position `j` on. */
    const block = (
      vectors: number,
      load: (address: Expr<'i32'>, offset?: number) => Expr<'v128'>,
      store: (address: Expr<'i32'>, value: Expr<'v128'>, offset?: number) => Stmt,
    ): Stmt =>
      seq(
        ...sums.slice(0, vectors).map((sum) => sum.set(b)),
        forRange(
          t,
          0,
          i32.shl(taps, 2),
          4,
          seq(
            from.set(i32.add(i32.add(row, i32.shl(j, 2)), i32.load(i32.add(offsets, t)))),
            w.set(v128.load32Splat(i32.add(weight, t))),
            ...sums.slice(0, vectors).map((sum, v) => sum.set(madd(w, load(from, v * 16), sum))),
          ),
        ),
        ...sums.slice(0, vectors).map((sum, v) => store(i32.add(y, i32.shl(j, 2)), sum, v * 16)),
      );
    const oneRow = seq(
      j.set(0),
      when(
        i32.ltU(i32.const(3), width),
        seq(
          forRange(j, 0, i32.and(width, -16), 16, block(4, v128.load, v128.store)),
          forRange(j, j, i32.and(width, -4), 4, block(1, v128.load, v128.store)),
          // The last vector overlaps the one before it.
          when(i32.ltU(j, width), seq(j.set(i32.sub(width, 4)), block(1, v128.load, v128.store))),
        ),
        forRange(j, 0, width, 1, block(1, v128.load32Zero, v128.storeLane32)),
      ),
    );
    return forRange(
      c,
      0,
      channels,
      1,
      seq(
        forRange(
          o,
          0,
          filters,
          1,
          seq(
            b.set(v128.load32Splat(bias)),
            row.set(image),
            forRange(r, 0, rows, 1, seq(oneRow, row.set(i32.add(row, pitch)), y.set(i32.add(y, i32.shl(width, 2))))),
            weight.set(i32.add(weight, i32.shl(taps, 2))),
            bias.set(i32.add(bias, 4)),
          ),
        ),
        image.set(i32.add(image, plane)),
      ),
    );
  });
}

/** Emits what convolutions of float32 images are made of: `frame` and `phases`, `convRows` and `depthwise`. */
export function emitConvF32(module: ModuleBuilder, variant: GemmVariant): void {
  emitImages(module, 'float32');
  emitConvRows(module, variant);
  emitDepthwise(module, variant);
}
