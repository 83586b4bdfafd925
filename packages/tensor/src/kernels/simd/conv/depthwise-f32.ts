import {
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { GemmVariant } from '../product/gemm-f32.js';

type Vector = Expr<'v128'>;
type Load = (address: Expr<'i32'>, offset?: number) => Vector;
type Store = (address: Expr<'i32'>, value: Vector, offset?: number) => Stmt;

/** Vectors of a row that are computed together. */
const VECTORS = 4;

/**
 * Emits a function `(channels, filters, taps, weight, offsets, image, plane, pitch, rows, width, y, bias)` that applies each of
 * `filters` filters per channel. `plane` and `pitch` of the image in bytes; weight, y and bias are contiguous. `filter` prepares what
 * the rows of one filter need, `block` computes vectors of a row.
 */
function emitFilters(
  module: ModuleBuilder,
  name: string,
  parts: (
    f: FunctionScope,
    args: Locals<'i32', 12>,
    row: Local<'i32'>,
    sums: readonly Local<'v128'>[],
  ) => { readonly filter: Stmt; readonly block: (j: Local<'i32'>, vectors: number, load: Load) => Stmt },
): EmittedFunction {
  return module.func(name, new Array<'i32'>(12).fill('i32'), (f, ...all) => {
    const args = all as Locals<'i32', 12>;
    const [channels, filters, taps, weight, , image, plane, pitch, rows, width, y, bias] = args;
    const [c, o, r, j, row] = f.locals('i32', 5);
    const b = f.local('v128');
    const sums = f.locals<'v128', number>('v128', VECTORS);
    const { filter, block } = parts(f, args, row, sums);
    const computed = (vectors: number, load: Load, store: Store): Stmt =>
      seq(
        ...sums.slice(0, vectors).map((sum) => sum.set(b)),
        block(j, vectors, load),
        ...sums.slice(0, vectors).map((sum, v) => store(i32.add(y, i32.shl(j, 2)), sum, v * 16)),
      );
    const oneRow = seq(
      j.set(0),
      when(
        i32.ltU(i32.const(3), width),
        seq(
          forRange(j, 0, i32.and(width, -4 * VECTORS), 4 * VECTORS, computed(VECTORS, v128.load, v128.store)),
          forRange(j, j, i32.and(width, -4), 4, computed(1, v128.load, v128.store)),
          // The last vector overlaps the one before it.
          when(i32.ltU(j, width), seq(j.set(i32.sub(width, 4)), computed(1, v128.load, v128.store))),
        ),
        forRange(j, 0, width, 1, computed(1, v128.load32Zero, v128.storeLane32)),
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
            filter,
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

/** The functions that apply filters of single channels. */
export interface DepthwiseFunctions {
  readonly depthwise: EmittedFunction;
  readonly depthwise3x3: EmittedFunction;
}

/**
 * Emits `depthwise`, for any taps, whose offsets from an output position are in memory; and `depthwise3x3` for nine taps side by
 * side, whose weights stay in registers. See `emitFilters`.
 */
export function emitDepthwise(module: ModuleBuilder, { fused }: GemmVariant): DepthwiseFunctions {
  const madd = (a: Vector, b: Vector, sum: Vector): Vector =>
    fused ? f32x4.relaxedMadd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
  const depthwise = emitFilters(module, 'depthwise', (f, [, , taps, weight, offsets], row, sums) => {
    const [t, from] = f.locals('i32', 2);
    const w = f.local('v128');
    return {
      filter: seq(),
      block: (j, vectors, load) =>
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
    };
  });
  const depthwise3x3 = emitFilters(module, 'depthwise3x3', (f, [, , , weight, , , , pitch], row, sums) => {
    const weights = f.locals<'v128', number>('v128', 9);
    const from = f.local('i32');
    return {
      filter: seq(...weights.map((w, t) => w.set(v128.load32Splat(weight, t * 4)))),
      block: (j, vectors, load) =>
        seq(
          from.set(i32.add(row, i32.shl(j, 2))),
          ...[0, 1, 2].map((line) =>
            seq(
              ...[0, 1, 2].flatMap((tap) =>
                sums
                  .slice(0, vectors)
                  .map((sum, v) => sum.set(madd(weights[line * 3 + tap]!, load(from, v * 16 + tap * 4), sum))),
              ),
              ...(line < 2 ? [from.set(i32.add(from, pitch))] : []),
            ),
          ),
        ),
    };
  });
  return { depthwise, depthwise3x3 };
}
