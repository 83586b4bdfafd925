import { dtypes } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { PoolKernels, Regions } from '../../contract/pool.js';
import {
  f32,
  f64,
  f64x2,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { maxFamilies } from './max-pool.js';
import { loadFloats, overRegions, readApart, REGION_PARAMS, regionTable, RUN_PARAMS, runOf } from './regions.js';

/** Outputs below which the plain loops are as fast. */
const FEW = 64;

const element = (large: Expr<'i32'>, position: Expr<'i32'>): Expr<'i32'> => i32.add(large, i32.shl(position, 2));

/** Averages and their adjoint; `divisor` is a float64 in memory at `indices`, 0 for the region's length. */
function emitAverage(module: ModuleBuilder): void {
  const over = (divisor: Local<'f64'>, origin: Local<'i32'>, length: Expr<'f64'>): Stmt =>
    seq(divisor.set(f64.load(origin)), when(f64.eq(divisor, 0), divisor.set(length)));
  module.func('average', [...REGION_PARAMS, ...RUN_PARAMS], (f, ...all) => {
    const [from, to, stride] = all.slice(REGION_PARAMS.length) as Locals<'i32', 3>;
    const [sum, divisor] = f.locals('f64', 2);
    const [value, low, high] = f.locals('v128', 3);
    const [origin, at] = f.locals('i32', 2);
    const mean = (pair: Expr<'v128'>): Expr<'v128'> => f64x2.demote(f64x2.div(pair, f64x2.splat(divisor)));
    return seq(
      origin.set(all[2]!),
      overRegions(
        f,
        all,
        4,
        (large, small, _indices, { each, empty, length, position }) =>
          seq(
            sum.set(0),
            each(sum.set(f64.add(sum, f64.promote(f32.load(element(large, position)))))),
            over(divisor, origin, length),
            f32.store(small, f32.demote(f64.div(sum, divisor))),
            when(empty, f32.store(small, 0)),
          ),
        {
          from,
          to,
          regions: (large, small, _indices, { each, empty, length, position }) =>
            seq(
              low.set(v128.zero),
              high.set(v128.zero),
              each(
                seq(
                  at.set(element(large, position)),
                  readApart(loadFloats, value, at, stride),
                  low.set(f64x2.add(low, f64x2.promoteLow(value))),
                  high.set(f64x2.add(high, f64x2.promoteLow(v128.shuffle32(value, value, [2, 3, 2, 3])))),
                ),
              ),
              over(divisor, origin, length),
              v128.store(small, v128.shuffle32(mean(low), mean(high), [0, 1, 4, 5])),
              when(empty, v128.store(small, v128.zero)),
            ),
        },
      ),
    );
  });
  module.func('spread', REGION_PARAMS, (f, ...all) => {
    const [share, divisor] = f.locals('f64', 2);
    const [origin, to] = f.locals('i32', 2);
    return seq(
      origin.set(all[2]!),
      overRegions(f, all, 4, (large, small, _indices, { each, length, position }) =>
        seq(
          over(divisor, origin, length),
          share.set(f64.div(f64.promote(f32.load(small)), divisor)),
          each(
            seq(to.set(element(large, position)), f32.store(to, f32.demote(f64.add(f64.promote(f32.load(to)), share)))),
          ),
        ),
      ),
    );
  });
}

const averageFamily: Family = ({ module }) => emitAverage(module);

/**
 * Pools of float32 tensors, the same sums in the same order as the reference, and largest elements of integers too; the rest goes to
 * `fallback`.
 */
export function simdPool(
  engine: SimdEngine,
  fallback: PoolKernels,
): Pick<PoolKernels, 'maxPool' | 'avgPool' | 'avgUnpool'> {
  const { memory } = engine;

  /** Runs a kernel over regions of `large`; false where some view is not for it. The written view is `out`. */
  function run(
    name: 'max' | 'average' | 'spread',
    large: View,
    small: View,
    regions: Regions,
    indices: View | null,
    divisor: number,
  ): boolean {
    const out = name === 'spread' ? large : small;
    const { dtype } = large.storage;
    const family = name === 'max' ? maxFamilies[dtype] : dtype === 'float32' ? averageFamily : undefined;
    if (small.layout.numel < FEW || small.storage.dtype !== dtype || !family) return false;
    const { bytes } = dtypes[dtype];
    memory.beginKernel();
    try {
      const place = (view: View): number | null => {
        const written = view === out || view === indices;
        const { storage, layout } = view;
        const at = written ? storage.writePointer(memory, layout) : storage.pointer(memory, layout);
        return at === null ? null : at + layout.offset * dtypes[storage.dtype].bytes;
      };
      const [largeAt, smallAt] = [place(large), place(small)];
      const third = indices ? place(indices) : memory.scratch(8);
      if (largeAt === null || smallAt === null || third === null) return false;
      const table = regionTable(memory, regions);
      if (!indices) memory.heap('float64')[third / 8] = divisor;
      if (name === 'spread') memory.heap('float32').fill(0, largeAt / 4, largeAt / 4 + large.layout.numel);
      const [, , depth, rows, columns] = large.layout.shape as [number, number, number, number, number];
      const counts = regions.map(({ starts }) => starts.length) as [number, number, number];
      const steps = regions.map(({ step }) => (name === 'max' ? step : 1)) as [number, number, number];
      const planes = large.layout.shape[0]! * large.layout.shape[1]!;
      const [plane, each] = [depth * rows * columns * bytes, counts[0] * counts[1] * counts[2]];
      engine.divide(family, name, { count: planes, grain: 1, work: large.layout.numel / 2 }, (start, end) => [
        largeAt + start * plane,
        smallAt + start * each * bytes,
        indices ? third + start * each * 4 : third,
        end - start,
        plane,
        rows,
        columns,
        table,
        ...counts,
        ...steps,
        ...(name === 'spread' ? [] : runOf(regions, table)),
      ]);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    maxPool(x, regions, out, indices) {
      if (!run('max', x, out, regions, indices, 0)) fallback.maxPool(x, regions, out, indices);
    },
    avgPool(x, regions, divisor, out) {
      if (!run('average', x, out, regions, null, divisor ?? 0)) fallback.avgPool(x, regions, divisor, out);
    },
    avgUnpool(grad, regions, divisor, out) {
      if (!run('spread', out, grad, regions, null, divisor ?? 0)) fallback.avgUnpool(grad, regions, divisor, out);
    },
  };
}
