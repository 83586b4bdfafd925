import type { SoftmaxKernels } from '../contract/softmax.js';
import { doWhile, f32, f32x4, forRange, i32, seq, v128, when, type Expr, type Local, type Stmt } from './assembler.js';
import type { Emission, Family, SimdEngine } from './engine.js';
import { expNormal, log } from './functions.js';
import { Lockstep } from './lockstep.js';
import { worthwhile } from './rows.js';

const UNROLL = 4;

/** e^x below this is no normal float32; with the largest term being 1 it no longer counts. */
const LOWEST = -87.3;

/**
 * Emits `softmax(x, rows, n, out)` over contiguous rows of `n` >= 4: one pass for the maximum, one for the exponentials and
 * their sum, one that scales; or its logarithm, where the last pass subtracts. A row with NaN or an infinite maximum becomes
 * NaN, as its formula says.
 */
function emitSoftmax({ module, constants, features }: Emission, logarithm: boolean): void {
  module.func('softmax', ['i32', 'i32', 'i32', 'i32'], (f, x, rows, n, out) => {
    const [row, p, q, end, blocks] = f.locals('i32', 5);
    const sums = f.locals<'v128', number>('v128', UNROLL);
    const [top, nan, scale] = f.locals('v128', 3);
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
      seq(
        ...Array.from({ length: width }, (_, u) =>
          seq(
            scale.set(read(u)),
            sums[u]!.set(f32x4.pmax(sums[u]!, scale)),
            nan.set(v128.or(nan, f32x4.ne(scale, scale))),
          ),
        ),
      ),
    );
    const exponentials = sweep((width, read, lane) => {
      const code = new Lockstep(f, constants, features.fused, width);
      const shifted = code.step(
        f32x4.sub,
        code.vectors(read),
        code.vectors(() => top),
      );
      const e = expNormal(code, code.max(shifted, LOWEST));
      const kept = code.step((value, from) => v128.and(value, f32x4.ge(from, constants.splat(LOWEST))), e, shifted);
      return seq(
        code.code,
        ...(logarithm
          ? []
          : kept.map((value, u) => (lane ? v128.storeLane32(q, value) : v128.store(q, value, u * 16)))),
        // The lanes of a single element are all the same: only one of them counts.
        ...kept.map((value, u) =>
          sums[u]!.set(f32x4.add(sums[u]!, lane ? v128.and(value, constants.firstLane()) : value)),
        ),
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
        nan.set(v128.zero),
        ...sums.map((sum) => sum.set(f32x4.splat(f32.load(x)))),
        largest,
        top.set(f32x4.pmax(f32x4.pmax(sums[0]!, sums[1]!), f32x4.pmax(sums[2]!, sums[3]!))),
        reduceLanes(top, f32x4.pmax),
        when(v128.anyTrue(nan), top.set(f32x4.splat(f32.const(NaN)))),
        ...sums.map((sum) => sum.set(v128.zero)),
        begin,
        exponentials,
        scale.set(f32x4.add(f32x4.add(sums[0]!, sums[1]!), f32x4.add(sums[2]!, sums[3]!))),
        reduceLanes(scale, f32x4.add),
        logarithm ? logOfSum() : scale.set(f32x4.div(constants.splat(1), scale)),
        // NaN - NaN compares as not above the lowest: the row is made NaN here.
        when(v128.anyTrue(f32x4.ne(f32x4.sub(top, top), v128.zero)), scale.set(f32x4.splat(f32.const(NaN)))),
        begin,
        logarithm ? subtracted : scaled,
        x.set(end),
        out.set(q),
      ),
    );
  });
}

const softmaxFamily: Family = (emission) => emitSoftmax(emission, false);
const logSoftmaxFamily: Family = (emission) => emitSoftmax(emission, true);

/** Softmax of float32 and its logarithm over contiguous rows; the rest goes to `fallback`. */
export function simdSoftmax(engine: SimdEngine, fallback: SoftmaxKernels): Partial<SoftmaxKernels> {
  return {
    softmax(x, logarithm, out) {
      const n = x.layout.shape.at(-1)!;
      const fits = n >= 4 && x.layout.isContiguous && out.layout.isContiguous;
      if (!fits || !worthwhile([x, out], x.layout.numel)) return fallback.softmax(x, logarithm, out);
      const { memory } = engine;
      memory.beginKernel();
      try {
        const to = out.storage.writePointer(memory, out.layout);
        if (to === null) return fallback.softmax(x, logarithm, out);
        const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
        const target = to + out.layout.offset * 4;
        engine.divide(
          logarithm ? logSoftmaxFamily : softmaxFamily,
          'softmax',
          x.layout.numel / n,
          1,
          x.layout.numel * 4,
          (start, end) => [from + start * n * 4, end - start, n, target + start * n * 4],
        );
      } finally {
        memory.endKernel();
      }
    },
  };
}
