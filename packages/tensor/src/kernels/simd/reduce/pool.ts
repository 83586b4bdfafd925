import { dtypes, type DType } from '../../../dtype.js';
import type { View } from '../../../storage.js';
import type { PoolKernels, Regions } from '../../contract/pool.js';
import {
  f32,
  f32x4,
  f64,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family, SimdEngine } from '../engine/engine.js';
import { overRegions, REGION_PARAMS, regionTable } from './regions.js';

/** Outputs below which the plain loops are as fast. */
const FEW = 64;

const element = (large: Expr<'i32'>, position: Expr<'i32'>): Expr<'i32'> => i32.add(large, i32.shl(position, 2));

/** How elements are compared: as lanes of vectors, because a choice of lanes takes no branch that nobody can predict. */
interface Compared {
  readonly bytes: number;
  readonly load: (at: Expr<'i32'>) => Expr<'v128'>;
  /** Lanes where a value is to be taken for a better one. */
  readonly better: (value: Local<'v128'>, best: Local<'v128'>) => Expr<'v128'>;
  /** Below every element, and what an empty region gives. */
  readonly least: Expr<'v128'>;
  readonly none: Expr<'v128'>;
  readonly store: (at: Expr<'i32'>, value: Local<'v128'>) => Stmt;
}

const integer = (bytes: number, load: typeof i32.load8U, store: typeof i32.store8): Compared => ({
  bytes,
  load: (at) => i32x4.splat(load(at)),
  better: i32x4.gtS,
  least: i32x4.splat(i32.const(-(2 ** 31))),
  none: v128.zero,
  store: (at, value) => store(at, i32x4.lane(value, 0)),
});

const compared = {
  float32: {
    bytes: 4,
    load: (at) => v128.load32Zero(at),
    better: (value, best) => v128.or(f32x4.gt(value, best), f32x4.ne(value, value)),
    least: f32x4.splat(f32.const(-Infinity)),
    none: f32x4.splat(f32.const(-Infinity)),
    store: (at, value) => v128.storeLane32(at, value),
  },
  uint8: integer(1, i32.load8U, i32.store8),
  int8: integer(1, i32.load8S, i32.store8),
  int16: integer(2, i32.load16S, i32.store16),
  int32: integer(4, i32.load, i32.store),
} as const satisfies Partial<Record<DType, Compared>>;

const maxFamilies: Readonly<Partial<Record<DType, Family>>> = Object.fromEntries(
  Object.entries(compared).map(([dtype, { bytes, load, better, least, none, store }]: [string, Compared]) => [
    dtype,
    ({ module }: Emission) => {
      module.func('max', REGION_PARAMS, (f, ...all) => {
        const [best, value, index, taken] = f.locals('v128', 4);
        return overRegions(f, all, bytes, (large, small, indices, { each, empty, first, position }) =>
          seq(
            best.set(least),
            index.set(i32x4.splat(first)),
            when(empty, seq(best.set(none), index.set(i32x4.splat(i32.const(-1))))),
            each(
              seq(
                value.set(load(i32.add(large, i32.shl(position, Math.log2(bytes))))),
                taken.set(better(value, best)),
                best.set(v128.bitselect(value, best, taken)),
                index.set(v128.bitselect(i32x4.splat(position), index, taken)),
              ),
            ),
            store(small, best),
            v128.storeLane32(indices, index),
          ),
        );
      });
    },
  ]),
);

/** Averages and their adjoint; `divisor` is a float64 in memory at `indices`, 0 for the region's length. */
function emitAverage(module: ModuleBuilder): void {
  const over = (divisor: Local<'f64'>, origin: Local<'i32'>, length: Expr<'f64'>): Stmt =>
    seq(divisor.set(f64.load(origin)), when(f64.eq(divisor, 0), divisor.set(length)));
  module.func('average', REGION_PARAMS, (f, ...all) => {
    const [sum, divisor] = f.locals('f64', 2);
    const origin = f.local('i32');
    return seq(
      origin.set(all[2]!),
      overRegions(f, all, 4, (large, small, _indices, { each, empty, length, position }) =>
        seq(
          sum.set(0),
          each(sum.set(f64.add(sum, f64.promote(f32.load(element(large, position)))))),
          over(divisor, origin, length),
          f32.store(small, f32.demote(f64.div(sum, divisor))),
          when(empty, f32.store(small, 0)),
        ),
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
