import type { View } from '../../../storage.js';
import type { NormalizeKernels } from '../../contract/normalize.js';
import {
  doWhile,
  f64,
  f64x2,
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
import type { Family, SimdEngine } from '../engine/engine.js';
import { worthwhile } from '../elementwise/rows.js';

type Vector = Expr<'v128'>;

/** Nanoseconds per element, roughly. */
const WORK = 0.5;

/** Runs along the innermost dim shorter than this are left to the plain loops. */
export const SHORT_RUN = 8;

/** The two halves of four float32 as float64. */
export const halves = (x: Vector): [Vector, Vector] => [
  f64x2.promoteLow(x),
  f64x2.promoteLow(v128.shuffle32(x, x, [2, 3, 2, 3])),
];

/**
 * Emits `moments(x, outer, outerStride, groups, channels, inner, centered, mean, variance)`: mean and mean squared deviation of
 * each of `groups` groups that follow each other, sums in float64 as four pairs. x is contiguous, `outerStride` in bytes.
 */
function emitMoments(module: ModuleBuilder): void {
  const params = new Array<'i32'>(9).fill('i32');
  module.func('moments', params, (f, ...all) => {
    const [x, outer, outerStride, groups, channels, inner, centered, mean, variance] = all as Locals<'i32', 9>;
    const [index, o, start, p, end] = f.locals('i32', 5);
    const sums = f.locals('v128', 4);
    const middle = f.local('v128');
    const value = f.local('v128');
    const total = f.local('f64');
    const count = f.local('f64');
    /** Adds `term` of every element of the group to the sums. */
    const sweep = (term: (pair: Vector) => Vector): Stmt => {
      const add = (k: number, pair: Vector): Stmt =>
        seq(value.set(pair), sums[k]!.set(f64x2.add(sums[k]!, term(value))));
      const single = f64x2.lane(term(value), 0);
      return seq(
        ...sums.map((sum) => sum.set(v128.zero)),
        total.set(0),
        forRange(
          o,
          0,
          outer,
          1,
          seq(
            p.set(i32.add(start, i32.mul(o, outerStride))),
            end.set(i32.add(p, i32.mul(i32.shl(channels, 2), inner))),
            forRange(
              p,
              p,
              i32.sub(end, 31),
              32,
              seq(...[0, 1].flatMap((u) => halves(v128.load(p, u * 16)).map((pair, h) => add(u * 2 + h, pair)))),
            ),
            forRange(
              p,
              p,
              end,
              4,
              seq(value.set(f64x2.promoteLow(v128.load32Zero(p))), total.set(f64.add(total, single))),
            ),
          ),
        ),
        sums[0].set(f64x2.add(f64x2.add(sums[0], sums[2]), f64x2.add(sums[1], sums[3]))),
        total.set(f64.add(total, f64.add(f64x2.lane(sums[0], 0), f64x2.lane(sums[0], 1)))),
      );
    };
    const squared = (pair: Vector): Vector => f64x2.mul(f64x2.sub(pair, middle), f64x2.sub(pair, middle));
    return seq(
      count.set(f64.fromI32(i32.mul(outer, i32.mul(channels, inner)))),
      start.set(x),
      forRange(
        index,
        0,
        groups,
        1,
        seq(
          middle.set(v128.zero),
          when(
            centered,
            seq(
              sweep((pair) => pair),
              middle.set(f64x2.splat(f64.div(total, count))),
            ),
          ),
          f64.store(mean, f64x2.lane(middle, 0)),
          sweep(squared),
          f64.store(variance, f64.div(total, count)),
          mean.set(i32.add(mean, 8)),
          variance.set(i32.add(variance, 8)),
          start.set(i32.add(start, i32.mul(i32.shl(channels, 2), inner))),
        ),
      ),
    );
  });
}

/** How weight and bias lie along a run: none at all, one element for it, or one for each of its elements. */
export type Affine = 'none' | 'scalar' | 'vector';

/**
 * Emits `(x, n, out, statistics, weight, bias)`: `(x - mean) * scale * weight + bias` in float64 for a run of `n` elements whose
 * mean and scale are the float64 pair at `statistics`.
 */
function emitRun(module: ModuleBuilder, weighted: Affine, biased: Affine): EmittedFunction {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.func(null, params, (f, x, n, out, statistics, weight, bias) => {
    const end = f.local('i32');
    const [mean, scale, w, b] = f.locals('v128', 4);
    const whole = (load: (address: Expr<'i32'>) => Vector, store: (value: Vector) => Stmt, bytes: number): Stmt => {
      const term = (affine: Affine, fixed: Vector, address: Expr<'i32'>): [Vector, Vector] | null =>
        affine === 'none' ? null : affine === 'scalar' ? [fixed, fixed] : halves(load(address));
      const [ws, bs] = [term(weighted, w, weight), term(biased, b, bias)];
      const results = halves(load(x)).map((pair, h) => {
        const unit = f64x2.mul(f64x2.sub(pair, mean), scale);
        const weightedUnit = ws ? f64x2.mul(unit, ws[h]!) : unit;
        return f64x2.demote(bs ? f64x2.add(weightedUnit, bs[h]!) : weightedUnit);
      });
      return seq(
        store(v128.shuffle32(results[0]!, results[1]!, [0, 1, 4, 5])),
        ...[x, out, ...(weighted === 'vector' ? [weight] : []), ...(biased === 'vector' ? [bias] : [])].map((at) =>
          at.set(i32.add(at, bytes)),
        ),
      );
    };
    const fixed = (affine: Affine, local: Local<'v128'>, address: Expr<'i32'>): Stmt =>
      affine === 'scalar' ? local.set(f64x2.promoteLow(v128.load32Splat(address))) : seq();
    return seq(
      mean.set(v128.load64Splat(statistics)),
      scale.set(v128.load64Splat(statistics, 8)),
      fixed(weighted, w, weight),
      fixed(biased, b, bias),
      end.set(i32.add(out, i32.and(i32.shl(n, 2), -16))),
      when(
        i32.ltU(out, end),
        doWhile(
          whole(v128.load, (value) => v128.store(out, value), 16),
          i32.ltU(out, end),
        ),
      ),
      end.set(i32.add(out, i32.shl(i32.and(n, 3), 2))),
      when(
        i32.ltU(out, end),
        doWhile(
          whole(v128.load32Zero, (value) => v128.storeLane32(out, value), 4),
          i32.ltU(out, end),
        ),
      ),
    );
  });
}

/**
 * Emits `<weighted>-<biased>(x, inner, out, statistics, [sizes], weight, [strides], bias, [strides])`: the runs of
 * `[outer, rows, groups, channels]`, which follow each other in x and out; the strides of weight and bias in bytes. Rows and groups
 * count the statistics.
 */
function emitNormalize(module: ModuleBuilder, weighted: Affine, biased: Affine): void {
  const run = emitRun(module, weighted, biased);
  const params = new Array<'i32'>(18).fill('i32');
  module.func(`${weighted}-${biased}`, params, (f, ...all) => {
    const [x, inner, out, statistics] = all as Locals<'i32', 18>;
    const sizes = all.slice(4, 8);
    const factors = [all.slice(8, 13), all.slice(13, 18)].map(([at, ...strides]) => ({ at: at!, strides }));
    const indices = f.locals<'i32', number>('i32', 4);
    const [pair, bytes] = f.locals('i32', 2);
    const nest = (d: number): Stmt => {
      if (d === sizes.length)
        return seq(
          run(x, inner, out, pair, factors[0]!.at, factors[1]!.at),
          x.set(i32.add(x, bytes)),
          out.set(i32.add(out, bytes)),
        );
      return seq(
        forRange(
          indices[d]!,
          0,
          sizes[d]!,
          1,
          seq(
            d === 0 ? pair.set(statistics) : seq(),
            nest(d + 1),
            d === 2 ? pair.set(i32.add(pair, 16)) : seq(),
            ...factors.map(({ at, strides }) => at.set(i32.add(at, strides[d]!))),
          ),
        ),
        ...factors.map(({ at, strides }) => at.set(i32.sub(at, i32.mul(strides[d]!, sizes[d]!)))),
      );
    };
    return seq(bytes.set(i32.shl(inner, 2)), nest(0));
  });
}

/** How a broadcast weight, bias or sum lies along the innermost dim; null for any other way. */
export function affineOf(view: View | null): Affine | null {
  if (!view) return 'none';
  const step = view.layout.strides[4]!;
  return view.layout.shape[4] === 1 || step === 0 ? 'scalar' : step === 1 ? 'vector' : null;
}

const forms: readonly Affine[] = ['none', 'scalar', 'vector'];

const family: Family = ({ module }) => {
  emitMoments(module);
  for (const weighted of forms) for (const biased of forms) emitNormalize(module, weighted, biased);
};

/** Normalizations of float32 whose innermost dim is no short one, with the arithmetic in float64; the rest goes to `fallback`. */
export function simdNormalize(
  engine: SimdEngine,
  fallback: NormalizeKernels,
): Pick<NormalizeKernels, 'moments' | 'normalize'> {
  const { memory } = engine;

  return {
    moments(x, centered, mean, variance) {
      const [outer, rows, groups, channels, inner] = x.layout.shape as [number, number, number, number, number];
      if (channels * inner < SHORT_RUN || !worthwhile([x], x.layout.numel))
        return fallback.moments(x, centered, mean, variance);
      memory.beginKernel();
      try {
        const count = rows * groups;
        const to = memory.scratch(count * 16);
        const from = x.storage.pointer(memory, x.layout) + x.layout.offset * 4;
        const run = channels * inner * 4;
        engine.divide(family, 'moments', { count, grain: 1, work: x.layout.numel * WORK }, (start, end) => [
          from + start * run,
          outer,
          count * run,
          end - start,
          channels,
          inner,
          Number(centered),
          to + start * 8,
          to + (count + start) * 8,
        ]);
        const heap = memory.heap('float64');
        for (const [at, { storage, layout }] of [
          [to, mean],
          [to + count * 8, variance],
        ] as const) {
          const { array, base } = storage;
          array.set(heap.subarray(at / 8, at / 8 + count), base + layout.offset);
        }
      } finally {
        memory.endKernel();
      }
    },

    normalize(x, mean, variance, eps, weight, bias, out) {
      const [outer, rows, groups, channels, inner] = x.layout.shape as [number, number, number, number, number];
      const [weighted, biased] = [affineOf(weight), affineOf(bias)];
      const views = [x, out, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
      const plain = (): void => fallback.normalize(x, mean, variance, eps, weight, bias, out);
      if (inner < SHORT_RUN || !weighted || !biased || !worthwhile(views, x.layout.numel)) return plain();
      memory.beginKernel();
      try {
        const target = out.storage.writePointer(memory, out.layout);
        if (target === null) return plain();
        const address = (view: View | null): number =>
          view ? view.storage.pointer(memory, view.layout) + view.layout.offset * 4 : 0;
        const [from, to] = [address(x), target + out.layout.offset * 4];
        const count = rows * groups;
        const statistics = memory.scratch(count * 16);
        const heap = memory.heap('float64');
        for (let i = 0; i < count; i++) {
          heap[statistics / 8 + 2 * i] = mean.storage.array[mean.storage.base + mean.layout.offset + i]!;
          const v = variance.storage.array[variance.storage.base + variance.layout.offset + i]!;
          heap[statistics / 8 + 2 * i + 1] = 1 / Math.sqrt(v + eps);
        }
        const sizes = [outer, rows, groups, channels];
        // Before this dim there are none, so parts along it are contiguous.
        const dim = outer > 1 ? 0 : rows > 1 ? 1 : 2;
        const step = x.layout.numel / sizes[dim]!;
        const pairs = [0, groups * 16, 16][dim]!;
        const factors = [weight, bias].map((view) => ({
          at: address(view),
          strides: view ? view.layout.strides.slice(0, 4).map((stride) => stride * 4) : [0, 0, 0, 0],
        }));
        engine.divide(
          family,
          `${weighted}-${biased}`,
          { count: sizes[dim]!, grain: 1, work: x.layout.numel * WORK },
          (start, end) => [
            from + start * step * 4,
            inner,
            to + start * step * 4,
            statistics + start * pairs,
            ...sizes.map((size, d) => (d === dim ? end - start : size)),
            ...factors.flatMap(({ at, strides }) => [at + start * strides[dim]!, ...strides]),
          ],
        );
      } finally {
        memory.endKernel();
      }
    },
  };
}
