import {
  f32,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Arg,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { withoutNegatives } from './tile.js';

type Vector = Expr<'v128'>;
type MultiplyAdd = (a: Vector, b: Vector, sum: Vector) => Vector;

/** Lines visited together: each load of the vector serves all of them. */
const LINES = 4;

/** Sums per line, which hide the latency of an addition. */
const SUMS = 2;

/** Columns whose sums stay in the first-level cache while rows are added. */
const STRIP = 4096;

/** Sums of the four lanes of four vectors, as one vector. */
function laneSums(f: FunctionScope, [a, b, c, d]: readonly Vector[]): { code: Stmt; sums: Vector } {
  const [low, high] = f.locals('v128', 2);
  const halves = (x: Vector, y: Vector): Vector =>
    f32x4.add(v128.shuffle32(x, y, [0, 1, 4, 5]), v128.shuffle32(x, y, [2, 3, 6, 7]));
  return {
    code: seq(low.set(halves(a!, b!)), high.set(halves(c!, d!))),
    sums: f32x4.add(v128.shuffle32(low, high, [0, 2, 4, 6]), v128.shuffle32(low, high, [1, 3, 5, 7])),
  };
}

/**
 * Emits `gemvDots(v, k, lines, count, stride, out, bias, relu)`: `out[i] = v . line i + bias[i]` for lines of `k` contiguous
 * elements, 0 for negative ones where `relu`; a `bias` of 0 is none.
 */
function emitDots(module: ModuleBuilder, madd: MultiplyAdd): void {
  const params = new Array<'i32'>(8).fill('i32');
  module.func('gemvDots', params, (f, ...all) => {
    const [v, k, lines, count, stride, out, bias, relu] = all as Locals<'i32', 8>;
    const [p, whole, vectors, end, last] = f.locals('i32', 5);
    const starts = f.locals<'i32', number>('i32', LINES);
    const sums = f.locals<'v128', number>('v128', LINES * SUMS);
    const x = f.locals<'v128', number>('v128', SUMS);
    /** The sums of `width` lines from `starts`, in lanes. */
    const dots = (width: number): Stmt => {
      const step = (depth: number, load: (address: Arg<'i32'>, offset: number) => Vector): Stmt =>
        seq(
          ...Array.from({ length: depth }, (_, u) => x[u]!.set(load(i32.add(v, p), u * 16))),
          ...Array.from({ length: width * depth }, (_, i) => {
            const [line, u] = [Math.floor(i / depth), i % depth];
            const sum = sums[line * SUMS + u]!;
            return sum.set(madd(x[u]!, load(i32.add(starts[line]!, p), u * 16), sum));
          }),
        );
      return seq(
        ...sums.slice(0, width * SUMS).map((sum) => sum.set(v128.zero)),
        forRange(p, 0, whole, SUMS * 16, step(SUMS, v128.load)),
        forRange(p, whole, vectors, 16, step(1, v128.load)),
        forRange(p, vectors, end, 4, step(1, v128.load32Zero)),
        ...Array.from({ length: width }, (_, line) =>
          sums[line * SUMS]!.set(f32x4.add(sums[line * SUMS]!, sums[line * SUMS + 1]!)),
        ),
      );
    };
    const firsts = Array.from({ length: LINES }, (_, line) => sums[line * SUMS]!);
    const four = laneSums(f, firsts);
    const one = laneSums(f, [firsts[0]!, firsts[0]!, firsts[0]!, firsts[0]!]);
    return seq(
      end.set(i32.shl(k, 2)),
      whole.set(i32.and(end, -SUMS * 16)),
      vectors.set(i32.and(end, -16)),
      last.set(i32.add(out, i32.shl(count, 2))),
      forRange(
        out,
        out,
        i32.sub(last, LINES * 4 - 1),
        LINES * 4,
        seq(
          starts[0]!.set(lines),
          ...[1, 2, 3].map((line) => starts[line]!.set(i32.add(starts[line - 1]!, stride))),
          dots(LINES),
          four.code,
          v128.store(out, four.sums),
          when(
            bias,
            seq(v128.store(out, f32x4.add(v128.load(out), v128.load(bias))), bias.set(i32.add(bias, LINES * 4))),
          ),
          when(relu, v128.store(out, withoutNegatives(v128.load(out)))),
          lines.set(i32.add(starts[LINES - 1]!, stride)),
        ),
      ),
      forRange(
        out,
        out,
        last,
        4,
        seq(
          starts[0]!.set(lines),
          dots(1),
          one.code,
          v128.storeLane32(out, one.sums),
          when(bias, seq(f32.store(out, f32.add(f32.load(out), f32.load(bias))), bias.set(i32.add(bias, 4)))),
          when(relu, v128.storeLane32(out, withoutNegatives(v128.load32Zero(out)))),
          lines.set(i32.add(lines, stride)),
        ),
      ),
    );
  });
}

/**
 * Emits `gemvRows(v, k, rows, count, stride, out, bias, relu)`: `out = sum over p of v[p] * row p, plus bias` for `k` rows of `count`
 * elements, 0 for negative ones where `relu`; a `bias` of 0 is none.
 */
function emitRows(module: ModuleBuilder, madd: MultiplyAdd): void {
  const params = new Array<'i32'>(8).fill('i32');
  module.func('gemvRows', params, (f, ...all) => {
    const [v, k, rows, count, stride, out, bias, relu] = all as Locals<'i32', 8>;
    const [p, q, row, last, strip, end, pairs, vectors, columns] = f.locals('i32', 9);
    const starts = f.locals<'i32', number>('i32', LINES);
    const factors = f.locals<'v128', number>('v128', LINES);
    const sums = f.locals<'v128', number>('v128', SUMS);
    /** Adds `height` rows to the sums of a strip. */
    const add = (height: number): Stmt => {
      const step = (width: number, load: (address: Local<'i32'>, offset: number) => Vector): Stmt =>
        seq(
          ...Array.from({ length: width }, (_, u) => sums[u]!.set(load(q, u * 16))),
          ...Array.from({ length: width * height }, (_, i) => {
            const [line, u] = [Math.floor(i / width), i % width];
            return sums[u]!.set(madd(factors[line]!, load(starts[line]!, u * 16), sums[u]!));
          }),
        );
      const advance = (bytes: number): Stmt =>
        seq(...starts.slice(0, height).map((start) => start.set(i32.add(start, bytes))));
      const stored = (width: number): Stmt =>
        seq(step(width, v128.load), ...sums.slice(0, width).map((sum, u) => v128.store(q, sum, u * 16)));
      return seq(
        ...factors.slice(0, height).map((factor, line) => factor.set(v128.load32Splat(p, line * 4))),
        starts[0]!.set(row),
        ...starts.slice(1, height).map((start, line) => start.set(i32.add(starts[line]!, stride))),
        row.set(i32.add(starts[height - 1]!, stride)),
        forRange(q, strip, pairs, SUMS * 16, seq(stored(SUMS), advance(SUMS * 16))),
        forRange(q, q, vectors, 16, seq(stored(1), advance(16))),
        forRange(q, q, end, 4, seq(step(1, v128.load32Zero), v128.storeLane32(q, sums[0]!), advance(4))),
      );
    };
    return seq(
      last.set(i32.add(v, i32.shl(k, 2))),
      forRange(
        columns,
        0,
        count,
        STRIP,
        seq(
          strip.set(i32.add(out, i32.shl(columns, 2))),
          end.set(i32.add(strip, i32.shl(i32.minU(i32.sub(count, columns), STRIP), 2))),
          forRange(q, strip, end, 4, f32.store(q, 0)),
          pairs.set(i32.add(strip, i32.and(i32.sub(end, strip), -SUMS * 16))),
          vectors.set(i32.add(strip, i32.and(i32.sub(end, strip), -16))),
          row.set(i32.add(rows, i32.shl(columns, 2))),
          forRange(p, v, i32.sub(last, LINES * 4 - 1), LINES * 4, add(LINES)),
          forRange(p, p, last, 4, add(1)),
          when(
            bias,
            seq(
              forRange(
                q,
                strip,
                vectors,
                16,
                seq(v128.store(q, f32x4.add(v128.load(q), v128.load(bias))), bias.set(i32.add(bias, 16))),
              ),
              forRange(
                q,
                q,
                end,
                4,
                seq(f32.store(q, f32.add(f32.load(q), f32.load(bias))), bias.set(i32.add(bias, 4))),
              ),
            ),
          ),
          when(
            relu,
            seq(
              forRange(q, strip, vectors, 16, v128.store(q, withoutNegatives(v128.load(q)))),
              forRange(q, q, end, 4, v128.storeLane32(q, withoutNegatives(v128.load32Zero(q)))),
            ),
          ),
        ),
      ),
    );
  });
}

/**
 * Emits the products of a matrix and a vector, which read the matrix once where it lies: by lines along which the sum runs,
 * or by rows that are added up. Addresses and strides in bytes.
 */
export function emitGemv(module: ModuleBuilder, fused: boolean): void {
  const madd: MultiplyAdd = fused ? f32x4.relaxedMadd : (a, b, sum) => f32x4.add(sum, f32x4.mul(a, b));
  emitDots(module, madd);
  emitRows(module, madd);
}
