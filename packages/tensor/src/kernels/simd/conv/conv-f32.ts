import {
  doWhile,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { sheetForm } from '../engine/sheet.js';
import { emitGemmF32Gathered, GEMM_F32_WORKSPACE, type GemmVariant } from '../product/gemm-f32.js';
import { emitDepthwise, type DepthwiseFunctions } from './depthwise-f32.js';
import { emitImages, sliceArguments, type ImageFunctions } from './images.js';

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
function emitConvRows(module: ModuleBuilder, variant: GemmVariant): EmittedFunction {
  const gemm = emitGemmF32Gathered(module, variant);
  const params = new Array<'i32'>(12).fill('i32');
  return module.func('convRows', params, (f, ...all) => {
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

/** How samples are convolved: as products of the filters with windows, or, with one channel to a group, filter by filter. */
export const WAYS = { rows: 0, depthwise: 1, depthwise3x3: 2 } as const;

/** What `convSamples` is told about a convolution; sizes are in elements where nothing else is said. */
export interface SampleSheet {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Rows of an image and elements of one; elements of one of its phases, and of all of them. */
  readonly imageRows: number;
  readonly pitch: number;
  readonly phase: number;
  readonly plane: number;
  /** Border above and at the left of an image, and strides. */
  readonly top: number;
  readonly left: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly groups: number;
  /** Channels and filters of a group, products of a sum, and taps of a channel. */
  readonly inside: number;
  readonly outside: number;
  readonly k: number;
  readonly taps: number;
  readonly rows: number;
  readonly columns: number;
  readonly way: number;
  /** Addresses; that of images counts from where the workspace begins. */
  readonly weight: number;
  readonly bias: number;
  readonly offsets: number;
  readonly images: number;
}

const fields = sheetForm<keyof SampleSheet>([
  'channels',
  'height',
  'width',
  'imageRows',
  'pitch',
  'phase',
  'plane',
  'top',
  'left',
  'strideY',
  'strideX',
  'groups',
  'inside',
  'outside',
  'k',
  'taps',
  'rows',
  'columns',
  'way',
  'weight',
  'bias',
  'offsets',
  'images',
]);

/** A sheet as `convSamples` reads it. */
export const sampleSheet = (sheet: SampleSheet): Int32Array => Int32Array.from(fields.words(sheet));

/** What a sample is convolved with. */
interface SampleFunctions extends ImageFunctions, DepthwiseFunctions {
  readonly convRows: EmittedFunction;
}

/** Emits `convSamples(samples, sheet, x, y, workspace)`: so many samples, one after the other, whose images lie in the workspace. */
function emitSamples(
  module: ModuleBuilder,
  { frame, phases, convRows, depthwise, depthwise3x3 }: SampleFunctions,
): void {
  module.func('convSamples', new Array<'i32'>(5).fill('i32'), (f, samples, sheet, x, y, workspace) => {
    const [n, g, image, fresh, channelBytes, planeBytes, filterBytes] = f.locals('i32', 7);
    const [from, to, weight, bias] = f.locals('i32', 4);
    const given = (field: keyof SampleSheet): Expr<'i32'> => fields.read(sheet, field);
    const bytes = (field: keyof SampleSheet): Expr<'i32'> => i32.shl(given(field), 2);
    const slices = [
      ...sliceArguments<Expr<'i32'> | number>({
        x,
        image,
        outer: 1,
        outerStep: 0,
        outerPlane: 0,
        count: given('channels'),
        step: channelBytes,
        plane: planeBytes,
      }),
      given('height'),
      given('width'),
      bytes('pitch'),
    ];
    const [top, left, strideY, strideX] = [given('top'), given('left'), given('strideY'), given('strideX')];
    const placed = when(
      i32.and(i32.eq(strideY, 1), i32.eq(strideX, 1)),
      frame(...slices, given('imageRows'), top, left, 0),
      // All border at first, and later again where nothing else was written.
      seq(phases(...slices, bytes('phase'), top, left, strideY, strideX, 0, fresh), fresh.set(0)),
    );
    const groups = seq(
      from.set(image),
      to.set(y),
      weight.set(given('weight')),
      bias.set(given('bias')),
      forRange(
        g,
        0,
        given('groups'),
        1,
        seq(
          convRows(
            given('outside'),
            given('k'),
            weight,
            given('offsets'),
            from,
            given('pitch'),
            given('rows'),
            given('columns'),
            to,
            filterBytes,
            bias,
            workspace,
          ),
          from.set(i32.add(from, i32.mul(given('inside'), planeBytes))),
          to.set(i32.add(to, i32.mul(given('outside'), filterBytes))),
          weight.set(i32.add(weight, i32.mul(bytes('outside'), given('k')))),
          bias.set(i32.add(bias, bytes('outside'))),
        ),
      ),
    );
    const byFilter = (kernel: EmittedFunction): Stmt =>
      kernel(
        given('channels'),
        given('outside'),
        given('taps'),
        given('weight'),
        given('offsets'),
        image,
        planeBytes,
        bytes('pitch'),
        given('rows'),
        given('columns'),
        y,
        given('bias'),
      );
    return seq(
      image.set(i32.add(workspace, given('images'))),
      channelBytes.set(i32.mul(given('height'), bytes('width'))),
      planeBytes.set(bytes('plane')),
      filterBytes.set(i32.mul(given('rows'), bytes('columns'))),
      fresh.set(i32.mul(given('channels'), planeBytes)),
      forRange(
        n,
        0,
        samples,
        1,
        seq(
          placed,
          when(
            i32.eq(given('way'), WAYS.rows),
            groups,
            when(i32.eq(given('way'), WAYS.depthwise), byFilter(depthwise), byFilter(depthwise3x3)),
          ),
          x.set(i32.add(x, i32.mul(given('channels'), channelBytes))),
          y.set(i32.add(y, i32.mul(i32.mul(given('groups'), given('outside')), filterBytes))),
        ),
      ),
    );
  });
}

/** Emits what convolutions of float32 images are made of: `frame`, `phases`, `convRows`, `depthwise`, `depthwise3x3`, and `convSamples`. */
export function emitConvF32(module: ModuleBuilder, variant: GemmVariant): void {
  const images = emitImages(module, 'float32');
  const convRows = emitConvRows(module, variant);
  emitSamples(module, { ...images, convRows, ...emitDepthwise(module, variant) });
}
