import { empty, type View } from '../../../storage.js';
import type { ElementwiseKernels } from '../../contract/elementwise.js';
import type { SoftmaxKernels } from '../../contract/softmax.js';
import {
  doWhile,
  f32,
  f32x4,
  forRange,
  i32,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { exp, expNonPositive, log } from '../elementwise/functions.js';
import { Lockstep } from '../elementwise/lockstep.js';
import { addressOf } from '../engine/places.js';
import { worthwhile } from '../elementwise/rows.js';

const UNROLL = 4;

/** Elements that a row has at least. */
export const SHORTEST = 4;

/** The sum of vectors, pair by pair. */
function sumOf(vectors: readonly Expr<'v128'>[]): Expr<'v128'> {
  const half = vectors.length >> 1;
  return half ? f32x4.add(sumOf(vectors.slice(0, half)), sumOf(vectors.slice(half))) : vectors[0]!;
}

/**
 * Emits a function `(x, rows, n, out)`, softmax over contiguous rows of `n` >= `SHORTEST`: one pass for the maximum, one for the exponentials and
 * their sum, one that scales; or its logarithm, where the last pass subtracts. NaN and an infinite maximum make the sum NaN, and
 * with it the row, as the formula says. `out` may be `x`.
 */
export function emitSoftmax(
  { module, constants, features }: Emission,
  name: string | null,
  logarithm: boolean,
): EmittedFunction {
  return module.func(name, ['i32', 'i32', 'i32', 'i32'], (f, x, rows, n, out) => {
    const [row, p, q, end, blocks] = f.locals('i32', 5);
    const sums = f.locals<'v128', number>('v128', UNROLL);
    const [top, scale] = f.locals('v128', 2);
    // A sum for each vector is fastest with fused instructions; without them registers run out: 4.0 in place of 3.1 ns a vector.
    const totals = features.fused ? sums : sums.slice(0, 1);
    const reduceLanes = (v: Local<'v128'>, combine: (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>): Stmt =>
      seq(
        ...[
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ].map((order) => v.set(combine(v, v128.shuffle32(v, v, order)))),
      );
    /** `width` vectors from `p`, read and written by `step`, then single elements. */
    const sweep = (step: (width: number, read: (u: number) => Expr<'v128'>, lane: boolean) => Stmt): Stmt =>
      seq(
        when(
          i32.ltU(p, blocks),
          doWhile(
            seq(
              step(UNROLL, (u) => v128.load(p, u * 16), false),
              p.set(i32.add(p, UNROLL * 16)),
              q.set(i32.add(q, UNROLL * 16)),
            ),
            i32.ltU(p, blocks),
          ),
        ),
        forRange(
          p,
          p,
          end,
          4,
          seq(
            step(1, () => f32x4.splat(f32.load(p)), true),
            q.set(i32.add(q, 4)),
          ),
        ),
      );
    const largest = sweep((width, read) =>
      seq(...Array.from({ length: width }, (_, u) => sums[u]!.set(f32x4.pmax(sums[u]!, read(u))))),
    );
    const exponentials = sweep((width, read, lane) => {
      const code = new Lockstep(f, constants, features.fused, width);
      const shifted = code.step(
        f32x4.sub,
        code.vectors(read),
        code.vectors(() => top),
      );
      const e = expNonPositive(code, shifted);
      return seq(
        code.code,
        ...(logarithm ? [] : e.map((value, u) => (lane ? v128.storeLane32(q, value) : v128.store(q, value, u * 16)))),
        // The lanes of a single element are all the same: only one of them counts.
        ...(lane
          ? [totals[0]!.set(f32x4.add(totals[0]!, v128.and(e[0]!, constants.firstLane())))]
          : totals.map((total, i) => total.set(f32x4.add(total, sumOf(e.filter((_, u) => u % totals.length === i)))))),
      );
    });
    const subtracted = sweep((width, read, lane) =>
      seq(
        ...Array.from({ length: width }, (_, u) => {
          const value = f32x4.sub(f32x4.sub(read(u), top), scale);
          return lane ? v128.storeLane32(q, value) : v128.store(q, value, u * 16);
        }),
      ),
    );
    const scaled = sweep((width, _read, lane) =>
      seq(
        ...Array.from({ length: width }, (_, u) =>
          lane
            ? v128.storeLane32(q, f32x4.mul(f32x4.splat(f32.load(q)), scale))
            : v128.store(q, f32x4.mul(v128.load(q, u * 16), scale), u * 16),
        ),
      ),
    );
    const logOfSum = (): Stmt => {
      const code = new Lockstep(f, constants, features.fused, 1);
      const [value] = log(
        code,
        code.vectors(() => scale),
      );
      return seq(code.code, scale.set(value!));
    };
    const begin = seq(p.set(x), q.set(out));
    return forRange(
      row,
      0,
      rows,
      1,
      seq(
        end.set(i32.add(x, i32.shl(n, 2))),
        blocks.set(i32.add(x, i32.and(i32.shl(n, 2), -UNROLL * 16))),
        begin,
        ...sums.map((sum) => sum.set(f32x4.splat(f32.load(x)))),
        largest,
        top.set(f32x4.pmax(f32x4.pmax(sums[0]!, sums[1]!), f32x4.pmax(sums[2]!, sums[3]!))),
        reduceLanes(top, f32x4.pmax),
        ...totals.map((total) => total.set(v128.zero)),
        begin,
        exponentials,
        scale.set(sumOf(totals)),
        reduceLanes(scale, f32x4.add),
        logarithm ? logOfSum() : scale.set(f32x4.div(constants.splat(1), scale)),
        begin,
        logarithm ? subtracted : scaled,
        x.set(end),
        out.set(q),
      ),
    );
  });
}

/** Emits `softmaxGrad(grad, y, rows, n, out)` over contiguous rows of `n` >= 4: one pass for the sum, one for the gradient. */
function emitSoftmaxGrad({ module, constants, features }: Emission, logarithm: boolean): void {
  module.func('softmaxGrad', ['i32', 'i32', 'i32', 'i32', 'i32'], (f, grad, y, rows, n, out) => {
    const [row, at, blocks, vectors, end] = f.locals('i32', 5);
    const sums = f.locals<'v128', number>('v128', UNROLL);
    const sum = f.local('v128');
    type Load = (address: Expr<'i32'>, offset: number) => Expr<'v128'>;
    /** Every vector of the row, then single elements: `step` gets how many vectors and how they are read. */
    const sweep = (step: (width: number, load: Load, last: boolean) => Stmt): Stmt =>
      seq(
        forRange(at, 0, blocks, UNROLL * 16, step(UNROLL, v128.load, false)),
        forRange(at, at, vectors, 16, step(1, v128.load, false)),
        forRange(at, at, end, 4, step(1, v128.load32Zero, true)),
      );
    const [g, v] = [i32.add(grad, at), i32.add(y, at)];
    const summed = sweep((width, load) =>
      seq(
        ...sums.slice(0, width).map((total, u) => {
          const slope = load(g, u * 16);
          return total.set(f32x4.add(total, logarithm ? slope : f32x4.mul(slope, load(v, u * 16))));
        }),
      ),
    );
    const written = sweep((width, load, last) => {
      const code = new Lockstep(f, constants, features.fused, width);
      const slopes = code.vectors((u) => load(g, u * 16));
      const results = code.step(
        (x) => x,
        code.vectors((u) => load(v, u * 16)),
      );
      const total = code.vectors(() => sum);
      const values = logarithm
        ? code.sub(slopes, code.mul(exp(code, results), total))
        : code.mul(results, code.sub(slopes, total));
      const to = i32.add(out, at);
      return seq(
        code.code,
        ...values.map((value, u) => (last ? v128.storeLane32(to, value) : v128.store(to, value, u * 16))),
      );
    });
    return seq(
      end.set(i32.shl(n, 2)),
      vectors.set(i32.and(end, -16)),
      blocks.set(i32.and(end, -UNROLL * 16)),
      forRange(
        row,
        0,
        rows,
        1,
        seq(
          ...sums.map((total) => total.set(v128.zero)),
          summed,
          sum.set(sumOf(sums)),
          sum.set(f32x4.add(sum, v128.shuffle32(sum, sum, [2, 3, 0, 1]))),
          sum.set(f32x4.add(sum, v128.shuffle32(sum, sum, [1, 0, 3, 2]))),
          written,
          ...[grad, y, out].map((pointer) => pointer.set(i32.add(pointer, end))),
        ),
      ),
    );
  });
}

const families = [false, true].map((logarithm): Family => (emission) => {
  emitSoftmax(emission, 'softmax', logarithm);
  emitSoftmaxGrad(emission, logarithm);
}) as [Family, Family];

/** Softmax of float32, its logarithm and their gradients over rows of at least four; the rest goes to `fallback`, as do copies. */
export function simdSoftmax(
  engine: SimdEngine,
  fallback: SoftmaxKernels & Pick<ElementwiseKernels, 'copy'>,
): SoftmaxKernels {
  const { memory } = engine;

  /** Runs a kernel over the rows of contiguous views of one shape; false where the result has to be written elsewhere. */
  function overLines(name: string, logarithm: boolean, inputs: readonly View[], out: View): boolean {
    const { numel, shape } = out.layout;
    const n = shape.at(-1)!;
    memory.beginKernel();
    try {
      const to = out.storage.writePointer(memory, out.layout);
      if (to === null) return false;
      const from = inputs.map((view) => addressOf(memory, view));
      const target = to + out.layout.offset * 4;
      engine.divide(families[Number(logarithm)]!, name, { count: numel / n, grain: 1, work: numel }, (start, end) => [
        ...from.map((address) => address + start * n * 4),
        end - start,
        n,
        target + start * n * 4,
      ]);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /** Runs a kernel over rows, of which copies are made where they do not lie in order; false where it does not apply. */
  function overRows(name: string, logarithm: boolean, inputs: readonly View[], out: View): boolean {
    const { shape, numel } = out.layout;
    if (shape.at(-1)! < SHORTEST || !worthwhile([...inputs, out], numel)) return false;
    const lines = inputs.map((view) => {
      if (view.layout.isContiguous) return view;
      const copy = empty(shape, 'float32');
      fallback.copy(view, copy);
      return copy;
    });
    const result = out.layout.isContiguous ? out : empty(shape, 'float32');
    const done = overLines(name, logarithm, lines, result);
    if (done && result !== out) fallback.copy(result, out);
    const given = [...inputs, out];
    for (const view of [...lines, result]) if (!given.includes(view)) view.storage.free();
    return done;
  }

  return {
    softmax(x, logarithm, out) {
      if (!overRows('softmax', logarithm, [x], out)) fallback.softmax(x, logarithm, out);
    },
    softmaxGrad(grad, y, logarithm, out) {
      if (!overRows('softmaxGrad', logarithm, [grad, y], out)) fallback.softmaxGrad(grad, y, logarithm, out);
    },
  };
}
