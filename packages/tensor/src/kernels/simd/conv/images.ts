import type { View } from '../../../storage.js';
import type { Windows } from '../../contract/conv.js';
import {
  doWhile,
  f32,
  fillBytes,
  forRange,
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  when,
  type Arg,
  type EmittedFunction,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';

/** Bytes behind an image that kernels may read, and a border may overwrite. */
export const IMAGE_SLACK = 64;

/** How the slices of an input lie in padded images, split into the phases of the strides; counts in elements. */
export interface Image {
  readonly pitch: number;
  readonly phase: number;
  readonly plane: number;
  /** Where each tap of a slice meets its image, seen from the output position. */
  readonly taps: readonly number[];
}

/** The image of windows over the last two dims of x, with outputs of the last two dims of y. */
export function imageOf(x: View, y: View, { kernel, stride, padding, dilation }: Windows): Image {
  const [height, width] = x.layout.shape.slice(3) as [number, number];
  const [rows, columns] = y.layout.shape.slice(3) as [number, number];
  /** Positions of one phase, so many that the input and all windows have their place. */
  const extent = (size: number, count: number, d: 1 | 2): number =>
    Math.ceil(Math.max(size + padding[d], (count - 1) * stride[d] + (kernel[d] - 1) * dilation[d] + 1) / stride[d]);
  const pitch = extent(width, columns, 2);
  const phase = extent(height, rows, 1) * pitch;
  const taps: number[] = [];
  for (let b = 0; b < kernel[1]; b++)
    for (let c = 0; c < kernel[2]; c++) {
      const [v, u] = [b * dilation[1], c * dilation[2]];
      const which = (v % stride[1]) * stride[2] + (u % stride[2]);
      taps.push(which * phase + Math.floor(v / stride[1]) * pitch + Math.floor(u / stride[2]));
    }
  return { pitch, phase, plane: phase * stride[1] * stride[2], taps };
}

/** Moves some elements of the input into an image; `values` has the value in all 16-bit lanes. */
type Move = (to: Expr<'i32'>, from: Expr<'i32'>, values: Expr<'v128'>) => Stmt;

/** How elements come into images. More may be read than is moved. */
interface Element {
  /** Logarithms of the bytes of an element, in the input and in an image. */
  readonly from: number;
  readonly to: number;
  /** What borders consist of: a whole vector, and a byte. */
  readonly borders: (value: Expr<'i32'>) => Expr<'v128'>;
  readonly border: (value: Expr<'i32'>) => Arg<'i32'>;
  readonly one: (to: Expr<'i32'>, from: Expr<'i32'>, value: Expr<'i32'>) => Stmt;
  readonly four: Move;
  /** 16 bytes of the input. */
  readonly block: Move;
  /** Every other of 16 and of 8 elements; null where that is done one by one. */
  readonly halve: readonly [of16: Move, of8: Move] | null;
}

/** Bytes less what stands for zero, as 16-bit integers; borders are zeros. */
const widened = (signed: boolean): Element => {
  const load8 = signed ? i32.load8S : i32.load8U;
  const load8x8 = signed ? v128.load8x8S : v128.load8x8U;
  const extend = signed ? i16x8.extendLowS : i16x8.extendLowU;
  const less = (from: Expr<'i32'>, values: Expr<'v128'>, offset = 0) => i16x8.sub(load8x8(from, offset), values);
  const half = (from: Expr<'i32'>, values: Expr<'v128'>) => i16x8.sub(extend(i8x16.even(v128.load(from))), values);
  return {
    from: 0,
    to: 1,
    borders: () => v128.zero,
    border: () => 0,
    one: (to, from, value) => i32.store16(to, i32.sub(load8(from), value)),
    four: (to, from, values) => v128.storeLane64(to, less(from, values)),
    block: (to, from, values) => seq(v128.store(to, less(from, values)), v128.store(to, less(from, values, 8), 16)),
    halve: [
      (to, from, values) => v128.store(to, half(from, values)),
      (to, from, values) => v128.storeLane64(to, half(from, values)),
    ],
  };
};

const elements = {
  float32: {
    from: 2,
    to: 2,
    borders: i32x4.splat,
    border: () => 0,
    one: (to, from) => f32.store(to, f32.load(from)),
    four: (to, from) => v128.store(to, v128.load(from)),
    block: (to, from) => v128.store(to, v128.load(from)),
    halve: null,
  },
  bytes: {
    from: 0,
    to: 0,
    borders: i8x16.splat,
    border: (value) => value,
    one: (to, from) => i32.store8(to, i32.load8U(from)),
    four: (to, from) => i32.store(to, i32.load(from)),
    block: (to, from) => v128.store(to, v128.load(from)),
    halve: [
      (to, from) => v128.storeLane64(to, i8x16.even(v128.load(from))),
      (to, from) => v128.storeLane32(to, i8x16.even(v128.load(from))),
    ],
  },
  signed: widened(true),
  unsigned: widened(false),
} as const satisfies Record<string, Element>;

/** What images consist of: elements of the input, or its bytes less their zero (`value`) as 16-bit integers. */
export type ImageElement = keyof typeof elements;

/**
 * The slices that become images, and where: `count` slices from `x` and `image` on, and as many for each of `outer`. They lie `step`
 * and the `outerStep` of each one apart in the input, their images `plane` and `outerPlane`; all in bytes.
 */
export interface Slices<T> {
  readonly x: T;
  readonly image: T;
  readonly outer: T;
  readonly outerStep: T;
  readonly outerPlane: T;
  readonly count: T;
  readonly step: T;
  readonly plane: T;
}

/** Slices as the first arguments of the functions that place them. */
export const sliceArguments = <T>(slices: Slices<T>): T[] => [
  slices.x,
  slices.image,
  slices.outer,
  slices.outerStep,
  slices.outerPlane,
  slices.count,
  slices.step,
  slices.plane,
];

const SLICE_ARGUMENTS = 8;

/** Runs a body for each slice, with the addresses of the slice and, from `first` on, of its image. */
function eachSlice(
  f: FunctionScope,
  [x, , outer, outerStep, outerPlane, count, step, plane]: Locals<'i32', typeof SLICE_ARGUMENTS>,
  first: Expr<'i32'>,
  body: (slice: Local<'i32'>, image: Local<'i32'>) => Stmt,
): Stmt {
  const [o, c, from, to, slice, image] = f.locals('i32', 6);
  return seq(
    from.set(x),
    to.set(first),
    forRange(
      o,
      0,
      outer,
      1,
      seq(
        slice.set(from),
        image.set(to),
        forRange(
          c,
          0,
          count,
          1,
          seq(body(slice, image), slice.set(i32.add(slice, step)), image.set(i32.add(image, plane))),
        ),
        from.set(i32.add(from, outerStep)),
        to.set(i32.add(to, outerPlane)),
      ),
    ),
  );
}

/**
 * Emits `frame(slices..., height, width, pitch, rows, top, left, value)`: slices as images of `rows` rows of `pitch` bytes, a border
 * of `value` around them; every element of the images is written, and up to a vector behind each.
 */
function emitFrame(module: ModuleBuilder, element: ImageElement): EmittedFunction {
  const { from, to: into, borders, one, four, block } = elements[element] as Element;
  return module.func('frame', new Array<'i32'>(SLICE_ARGUMENTS + 7).fill('i32'), (f, ...all) => {
    const slices = all.slice(0, SLICE_ARGUMENTS) as Locals<'i32', typeof SLICE_ARGUMENTS>;
    const [height, width, pitch, rows, top, left, value] = all.slice(SLICE_ARGUMENTS) as Locals<'i32', 7>;
    const [x, y, to, end, line, bytes, inside] = f.locals('i32', 7);
    const [around, values] = f.locals('v128', 2);
    /** Moves whole parts of so many bytes of a row, as long as there are any. */
    const parts = (size: number, move: Move): Stmt =>
      forRange(
        x,
        x,
        i32.sub(end, size - 1),
        size,
        seq(move(to, x, values), to.set(i32.add(to, size << (into - from)))),
      );
    const copied = seq(
      to.set(line),
      end.set(i32.add(x, bytes)),
      parts(16, block),
      ...(from === 0 ? [parts(4, four)] : []),
      forRange(x, x, end, 1 << from, seq(one(to, x, value), to.set(i32.add(to, 1 << into)))),
      line.set(i32.add(line, pitch)),
    );
    return seq(
      around.set(borders(value)),
      values.set(i16x8.splat(value)),
      bytes.set(i32.shl(width, from)),
      inside.set(i32.add(i32.mul(top, pitch), i32.shl(left, into))),
      eachSlice(f, slices, slices[1], (slice, image) =>
        seq(
          end.set(i32.add(image, i32.mul(rows, pitch))),
          forRange(to, image, end, 16, v128.store(to, around)),
          x.set(slice),
          line.set(i32.add(image, inside)),
          forRange(y, 0, height, 1, copied),
        ),
      ),
    );
  });
}

/**
 * Emits `phases(slices..., height, width, pitch, phase, top, left, strideY, strideX, value, fresh)`: copies slices into images that are
 * all border (the first `fresh` bytes of them become it), split into their phases: the remainders of y and x by the stride, one image
 * behind the other, so that the positions a tap meets lie side by side whatever the stride. `pitch` and `phase` in bytes.
 */
function emitPhases(module: ModuleBuilder, element: ImageElement): EmittedFunction {
  const { from: log, to: into, border, one, halve } = elements[element] as Element;
  return module.func('phases', new Array<'i32'>(SLICE_ARGUMENTS + 10).fill('i32'), (f, ...all) => {
    const slices = all.slice(0, SLICE_ARGUMENTS) as Locals<'i32', typeof SLICE_ARGUMENTS>;
    const [height, width, pitch, phase, top, left, strideY, strideX, value, fresh] = all.slice(
      SLICE_ARGUMENTS,
    ) as Locals<'i32', 10>;
    const [q, y, start, line, row, rest, to, from, first, bytes] = f.locals('i32', 10);
    const values = f.local('v128');
    /** Parts of so many elements of a row, of which every other belongs to the phase. */
    const halves = (size: 16 | 8, move: Move): Stmt =>
      forRange(
        from,
        from,
        // The last one may be the element behind the row, which is not moved.
        i32.sub(line, size - 2),
        size,
        seq(move(to, from, values), to.set(i32.add(to, (size / 2) << into))),
      );
    const oneRow = seq(
      from.set(i32.add(line, first)),
      line.set(i32.add(line, bytes)),
      to.set(i32.add(row, i32.mul(rest, i32.mul(strideX, phase)))),
      ...(halve ? [when(i32.eq(strideX, 2), seq(halves(16, halve[0]), halves(8, halve[1])))] : []),
      when(
        i32.ltU(from, line),
        doWhile(
          seq(one(to, from, value), to.set(i32.add(to, 1 << into)), from.set(i32.add(from, i32.shl(strideX, log)))),
          i32.ltU(from, line),
        ),
      ),
      // The next row: of the next phase, or the first phase one line further on.
      rest.set(i32.add(rest, 1)),
      when(i32.eq(rest, strideY), seq(rest.set(0), row.set(i32.add(row, pitch)))),
    );
    return seq(
      fillBytes(slices[1], border(value), fresh),
      values.set(i16x8.splat(value)),
      bytes.set(i32.shl(width, log)),
      forRange(
        q,
        0,
        strideX,
        1,
        seq(
          // The first element of the phase: the distance from the left edge to the next multiple.
          first.set(i32.remU(i32.sub(i32.add(q, i32.mul(left, strideX)), left), strideX)),
          start.set(
            i32.add(
              i32.add(slices[1], i32.mul(q, phase)),
              i32.add(i32.shl(i32.divU(i32.add(first, left), strideX), into), i32.mul(i32.divU(top, strideY), pitch)),
            ),
          ),
          first.set(i32.shl(first, log)),
          eachSlice(f, slices, start, (slice, image) =>
            seq(row.set(image), rest.set(i32.remU(top, strideY)), line.set(slice), forRange(y, 0, height, 1, oneRow)),
          ),
        ),
      ),
    );
  });
}

/** The functions that place slices in padded images. */
export interface ImageFunctions {
  readonly frame: EmittedFunction;
  readonly phases: EmittedFunction;
}

/** Emits `frame` and `phases`. */
export const emitImages = (module: ModuleBuilder, element: ImageElement): ImageFunctions => ({
  frame: emitFrame(module, element),
  phases: emitPhases(module, element),
});
