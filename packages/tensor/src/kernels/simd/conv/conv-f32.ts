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
} from '../assembler/assembler.js';
import { emitDepthwise } from './depthwise-f32.js';
import { emitImages } from './images.js';
import { emitGemmF32Gathered, GEMM_F32_WORKSPACE, type GemmVariant } from '../product/gemm-f32.js';

/** Elements of results kept between product and output, so that they stay in the second-level cache. */
const BAND = 1 << 18;

/** Rows of the output that `convRows` computes at a time. */
export const convBand = (filters: number, pitch: number): number => Math.max(1, Math.floor(BAND / (filters * pitch)));

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
            0,
            0,
            0,
            workspace,
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

/** Emits what convolutions of float32 images are made of: `frame` and `phases`, `convRows`, `depthwise` and `depthwise3x3`. */
export function emitConvF32(module: ModuleBuilder, variant: GemmVariant): void {
  emitImages(module, 'float32');
  emitConvRows(module, variant);
  emitDepthwise(module, variant);
}
