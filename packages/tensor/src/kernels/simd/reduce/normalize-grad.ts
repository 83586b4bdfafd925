import type { View } from '../../../storage.js';
import type { NormalizeKernels } from '../../contract/normalize.js';
import {
  f64,
  f64x2,
  forRange,
  i32,
  seq,
  v128,
  type Expr,
  type Local,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { affineOf, halves, SHORT_RUN, type Affine } from './normalize.js';
import { worthwhile } from '../elementwise/rows.js';

type Vector = Expr<'v128'>;

/** One pair of elements as float64: gradient times weight, and the normalized input. */
interface Pair {
  readonly gradient: Vector;
  readonly unit: Vector;
}

/** Visits a run: `visit` for each half of every four elements, then for single ones, which are in the first lane. */
function overRun(
  { grad, x, n, weight, end }: Record<'grad' | 'x' | 'n' | 'weight' | 'end', Local<'i32'>>,
  [mean, scale, w]: readonly [Vector, Vector, Vector],
  weighted: Affine,
  moving: readonly (readonly [Local<'i32'>, bytes: number])[],
  visit: (pair: Pair, half: 0 | 1, single: boolean) => Stmt,
  finish: (single: boolean) => Stmt = () => seq(),
): Stmt {
  const body = (load: (address: Expr<'i32'>) => Vector, single: boolean): Stmt => {
    const [gs, xs] = [halves(load(grad)), halves(load(x))];
    const ws = weighted === 'vector' ? halves(load(weight)) : null;
    const pair = (h: 0 | 1): Pair => ({
      gradient: ws ? f64x2.mul(gs[h], ws[h]) : weighted === 'scalar' ? f64x2.mul(gs[h], w) : gs[h],
      unit: f64x2.mul(f64x2.sub(xs[h], mean), scale),
    });
    const elements = single ? 1 : 4;
    const pointers = [[grad, 4], [x, 4], ...(ws ? [[weight, 4] as const] : []), ...moving] as const;
    return seq(
      visit(pair(0), 0, single),
      ...(single ? [] : [visit(pair(1), 1, single)]),
      finish(single),
      ...pointers.map(([pointer, bytes]) => pointer.set(i32.add(pointer, elements * bytes))),
    );
  };
  const i = n;
  return seq(
    end.set(n),
    forRange(i, 0, i32.and(end, -4), 4, body(v128.load, false)),
    forRange(i, i, end, 1, body(v128.load32Zero, true)),
  );
}

/**
 * Emits `sums-<weighted>(grad, x, n, statistics, weight, result)`: the sums of gradient and of gradient times normalized input over
 * a run, as two float64. `statistics` is where mean and scale are, as float64.
 */
function emitSums(module: ModuleBuilder, weighted: Affine): void {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  module.func(`sums-${weighted}`, params, (f, grad, x, n, statistics, weight, result) => {
    const end = f.local('i32');
    const [mean, scale, g] = f.locals('v128', 3);
    const sums = f.locals('v128', 4);
    const [sum, product] = f.locals('f64', 2);
    const both = (half: 0 | 1): [Local<'v128'>, Local<'v128'>] =>
      half === 0 ? [sums[0], sums[1]] : [sums[2], sums[3]];
    return seq(
      mean.set(v128.load64Splat(statistics)),
      scale.set(v128.load64Splat(statistics, 8)),
      ...sums.map((s) => s.set(v128.zero)),
      sum.set(0),
      product.set(0),
      overRun({ grad, x, n, weight, end }, [mean, scale, mean], weighted, [], ({ gradient, unit }, half, single) => {
        const [total, products] = both(half);
        return seq(
          g.set(gradient),
          single ? sum.set(f64.add(sum, f64x2.lane(g, 0))) : total.set(f64x2.add(total, g)),
          single
            ? product.set(f64.add(product, f64x2.lane(f64x2.mul(g, unit), 0)))
            : products.set(f64x2.add(products, f64x2.mul(g, unit))),
        );
      }),
      sums[0].set(f64x2.add(sums[0], sums[2])),
      sums[1].set(f64x2.add(sums[1], sums[3])),
      f64.store(result, f64.add(sum, f64.add(f64x2.lane(sums[0], 0), f64x2.lane(sums[0], 1)))),
      f64.store(result, f64.add(product, f64.add(f64x2.lane(sums[1], 0), f64x2.lane(sums[1], 1))), 8),
    );
  });
}

/**
 * Emits `grad-<weighted>(grad, x, n, statistics, weight, means, out)`: `scale * (g - a - unit * b)` of a run, `a` and `b` the float64 pair at
 * `means`.
 */
function emitGrad(module: ModuleBuilder, weighted: Affine): void {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  module.func(`grad-${weighted}`, params, (f, grad, x, n, statistics, weight, means, out) => {
    const end = f.local('i32');
    const [mean, scale, w, a, b] = f.locals('v128', 5);
    const results = f.locals('v128', 2);
    return seq(
      mean.set(v128.load64Splat(statistics)),
      scale.set(v128.load64Splat(statistics, 8)),
      a.set(v128.load64Splat(means)),
      b.set(v128.load64Splat(means, 8)),
      weighted === 'scalar' ? w.set(f64x2.promoteLow(v128.load32Splat(weight))) : seq(),
      overRun(
        { grad, x, n, weight, end },
        [mean, scale, w],
        weighted,
        [[out, 4]],
        ({ gradient, unit }, half) =>
          results[half].set(f64x2.demote(f64x2.mul(scale, f64x2.sub(f64x2.sub(gradient, a), f64x2.mul(unit, b))))),
        (single) =>
          single
            ? v128.storeLane32(out, results[0])
            : v128.store(out, v128.shuffle32(results[0], results[1], [0, 1, 4, 5])),
      ),
    );
  });
}

/**
 * Emits `columns(grad, x, n, statistics, weight, bias)`: adds the gradient times the normalized input to the float64 at `weight`,
 * and the gradient to those at `bias`, element by element.
 */
function emitColumns(module: ModuleBuilder): void {
  const params = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  module.func('columns', params, (f, grad, x, n, statistics, weight, bias) => {
    const end = f.local('i32');
    const [mean, scale, g] = f.locals('v128', 3);
    const add = (at: Local<'i32'>, value: Vector, half: number, single: boolean): Stmt =>
      single
        ? f64.store(at, f64.add(f64.load(at), f64x2.lane(value, 0)))
        : v128.store(at, f64x2.add(v128.load(at, half * 16), value), half * 16);
    return seq(
      mean.set(v128.load64Splat(statistics)),
      scale.set(v128.load64Splat(statistics, 8)),
      overRun(
        { grad, x, n, weight, end },
        [mean, scale, mean],
        'none',
        [
          [weight, 8],
          [bias, 8],
        ],
        ({ gradient, unit }, half, single) =>
          seq(g.set(gradient), add(weight, f64x2.mul(g, unit), half, single), add(bias, g, half, single)),
      ),
    );
  });
}

const family: Family = ({ module }) => {
  for (const weighted of ['none', 'vector'] as const) emitSums(module, weighted);
  for (const weighted of ['none', 'scalar', 'vector'] as const) emitGrad(module, weighted);
  emitColumns(module);
};

/** Gradients of the normalizations that `simdNormalize` computes; the rest goes to `fallback`. */
export function simdNormalizeGrad(
  engine: SimdEngine,
  fallback: NormalizeKernels,
): Pick<NormalizeKernels, 'normalizeGrad'> {
  const { memory } = engine;
  const address = (view: View | null): number =>
    view ? view.storage.pointer(memory, view.layout) + view.layout.offset * 4 : 0;

  /** Places in a broadcast view of the runs of x: `[outer, row, group, channel]` to elements. */
  const placeIn = (view: View | null): ((o: number, r: number, g: number, c: number) => number) => {
    const [a, b, d, e] = view?.layout.strides ?? [0, 0, 0, 0];
    return (o, r, g, c) => o * a! + r * b! + g * d! + c * e!;
  };

  /** Sums in scratch memory, one for each element of a view's storage. */
  function accumulator(view: View<'float64'> | null, length: number) {
    const at = memory.scratch(length * 8);
    memory.heap('float64').fill(0, at / 8, at / 8 + length);
    return { at, start: at + (view?.layout.offset ?? 0) * 8, place: placeIn(view) };
  }

  return {
    normalizeGrad(grad, x, mean, variance, eps, weight, own, out, sums) {
      const [outer, rows, groups, channels, inner] = x.layout.shape as [number, number, number, number, number];
      const plain = (): void => fallback.normalizeGrad(grad, x, mean, variance, eps, weight, own, out, sums);
      const [weighted, forWeight, forBias] = [weight, sums.weight, sums.bias].map(affineOf);
      const form = forWeight === 'none' ? forBias : forWeight;
      const alike =
        (forBias === 'none' || forBias === form) && (form === 'none' || weighted === 'none' || weighted === form);
      const views = weight ? [grad, x, out, weight] : [grad, x, out];
      if (!weighted || !form || !alike || inner < SHORT_RUN || !worthwhile(views, x.layout.numel)) return plain();
      const kernels = engine.load(family);
      const [sumsOf, gradOf] = [
        kernels[weighted === 'vector' ? 'sums-vector' : 'sums-none']!,
        kernels[`grad-${weighted}`]!,
      ];
      memory.beginKernel();
      try {
        const target = out.storage.writePointer(memory, out.layout);
        if (target === null) return plain();
        const [gradAt, xAt, weightAt, to] = [
          address(grad),
          address(x),
          address(weight),
          target + out.layout.offset * 4,
        ];
        const length = Math.max(sums.weight?.storage.length ?? 0, sums.bias?.storage.length ?? 0);
        const [dw, db] = [accumulator(sums.weight ?? sums.bias, length), accumulator(sums.bias ?? sums.weight, length)];
        // Mean and scale; the sums of a run; the means that are taken off.
        const [statistics, result, means] = [memory.scratch(16), memory.scratch(16), memory.scratch(16)];
        const [heap, floats] = [memory.heap('float64'), memory.heap('float32')];
        const weightPlace = placeIn(weight);
        const count = outer * channels * inner;
        const run = inner * 4;
        for (let r = 0; r < rows; r++)
          for (let g = 0; g < groups; g++) {
            const index = r * groups + g;
            const v = variance.storage.array[variance.storage.base + variance.layout.offset + index]!;
            heap[statistics / 8] = mean.storage.array[mean.storage.base + mean.layout.offset + index]!;
            heap[statistics / 8 + 1] = 1 / Math.sqrt(v + eps);
            const each = (visit: (at: number, w: number, o: number, c: number) => void): void => {
              for (let o = 0; o < outer; o++)
                for (let c = 0; c < channels; c++)
                  visit(
                    (((o * rows + r) * groups + g) * channels + c) * run,
                    weightAt + weightPlace(o, r, g, c) * 4,
                    o,
                    c,
                  );
            };
            let [sum, product] = [0, 0];
            if (own !== 'none' || form === 'scalar')
              each((at, w, o, c) => {
                sumsOf(gradAt + at, xAt + at, inner, statistics, w, result);
                const [gradients, products] = [heap[result / 8]!, heap[result / 8 + 1]!];
                const factor = weighted === 'scalar' ? floats[w / 4]! : 1;
                sum += gradients * factor;
                product += products * factor;
                if (form !== 'scalar') return;
                heap[dw.start / 8 + dw.place(o, r, g, c)]! += products;
                heap[db.start / 8 + db.place(o, r, g, c)]! += gradients;
              });
            if (form === 'vector')
              each((at, _w, o, c) =>
                kernels.columns!(
                  gradAt + at,
                  xAt + at,
                  inner,
                  statistics,
                  dw.start + dw.place(o, r, g, c) * 8,
                  db.start + db.place(o, r, g, c) * 8,
                ),
              );
            heap[means / 8] = own === 'both' ? sum / count : 0;
            heap[means / 8 + 1] = own === 'none' ? 0 : product / count;
            // Given statistics leave x out, which may be infinite.
            const seen = own === 'none' ? gradAt : xAt;
            each((at, w) => gradOf(gradAt + at, seen + at, inner, statistics, w, means, to + at));
          }
        for (const [view, { at }] of [
          [sums.weight, dw],
          [sums.bias, db],
        ] as const) {
          if (!view) continue;
          const { array, base } = view.storage;
          for (let i = 0; i < view.storage.length; i++) array[base + i]! += heap[at / 8 + i]!;
        }
      } finally {
        memory.endKernel();
      }
    },
  };
}
