import type { View } from '../../storage.js';
import type { PoolKernels, Regions } from '../contract/pool.js';
import {
  doWhile,
  f32,
  f32x4,
  f64,
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type Arg,
  type Expr,
  type FunctionScope,
  type Local,
  type ModuleBuilder,
  type Stmt,
} from './assembler.js';
import type { Family, SimdEngine } from './engine.js';

/** Outputs below which the plain loops are as fast. */
const FEW = 64;

/** int32 per position of a dim in the table of regions: start, end, length. */
const ENTRY = 3;

/** What every function takes: places, sizes of a plane of the larger tensor, the table of regions and how many there are. */
const PARAMS = new Array<'i32'>(14).fill('i32');

/** What a region shows: its bounds, how its address moves, and the counter of each dim. */
interface Region {
  readonly starts: readonly Local<'i32'>[];
  readonly ends: readonly Local<'i32'>[];
  /** All three lengths multiplied, as float64. */
  readonly length: Expr<'f64'>;
  /** True where it has no element. */
  readonly empty: Expr<'i32'>;
  /** Calls `body` for each element, whose position in the plane is in `position`. */
  each(body: Stmt): Stmt;
  readonly position: Local<'i32'>;
  /** Position of the first element. */
  readonly first: Expr<'i32'>;
}

/** Visits all regions of `planes` planes in order; `large` and `small` point at the plane and at the region's own element. */
function overRegions(
  f: FunctionScope,
  all: readonly Local<'i32'>[],
  region: (large: Local<'i32'>, small: Local<'i32'>, indices: Local<'i32'>, region: Region) => Stmt,
): Stmt {
  const [large, small, indices, planes, plane, rows, columns, table] = all as Local8;
  const counts = all.slice(8, 11);
  const steps = all.slice(11, 14);
  const [p, position] = f.locals('i32', 2);
  const entries = f.locals<'i32', number>('i32', 3);
  const lasts = f.locals<'i32', number>('i32', 3);
  const starts = f.locals<'i32', number>('i32', 3);
  const ends = f.locals<'i32', number>('i32', 3);
  const at = f.locals<'i32', number>('i32', 3);
  const count = f.local('i32');
  const loop = (d: number, body: Stmt): Stmt =>
    seq(
      at[d]!.set(starts[d]!),
      when(
        i32.ltS(at[d]!, ends[d]!),
        doWhile(seq(body, at[d]!.set(i32.add(at[d]!, steps[d]!))), i32.ltS(at[d]!, ends[d]!)),
      ),
    );
  const place = (d: Expr<'i32'>, h: Expr<'i32'>, w: Expr<'i32'>): Expr<'i32'> =>
    i32.add(i32.mul(i32.add(i32.mul(d, rows), h), columns), w);
  const view: Region = {
    starts,
    ends,
    position,
    length: f64.fromI32(count),
    empty: starts.map((start, d) => i32.eqz(i32.ltS(start, ends[d]!))).reduce((none, part) => i32.or(none, part)),
    first: place(starts[0]!, starts[1]!, starts[2]!),
    each: (body) => {
      const along = loop(2, seq(body, position.set(i32.add(position, steps[2]!))));
      return loop(0, loop(1, seq(position.set(place(at[0]!, at[1]!, starts[2]!)), along)));
    },
  };
  /** The regions of dim `d` and of those inside it. */
  const dims = (d: number, table: Arg<'i32'>): Stmt => {
    const entry = entries[d]!;
    const inner =
      d < 2
        ? dims(d + 1, lasts[d]!)
        : seq(region(large, small, indices, view), small.set(i32.add(small, 4)), indices.set(i32.add(indices, 4)));
    return seq(
      entry.set(table),
      lasts[d]!.set(i32.add(entry, i32.mul(counts[d]!, ENTRY * 4))),
      forRange(
        entry,
        entry,
        lasts[d]!,
        ENTRY * 4,
        seq(
          starts[d]!.set(i32.load(entry)),
          ends[d]!.set(i32.load(entry, 4)),
          ...(d === 2
            ? [
                count.set(
                  i32.mul(i32.mul(i32.load(entries[0]!, 8), i32.load(entries[1]!, 8)), i32.load(entries[2]!, 8)),
                ),
              ]
            : []),
          inner,
        ),
      ),
    );
  };
  return forRange(p, 0, planes, 1, seq(dims(0, table), large.set(i32.add(large, plane))));
}

type Local8 = [
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
  Local<'i32'>,
];

const element = (large: Expr<'i32'>, position: Expr<'i32'>): Expr<'i32'> => i32.add(large, i32.shl(position, 2));

function emitMax(module: ModuleBuilder): void {
  module.func('max', PARAMS, (f, ...all) => {
    // Lanes of vectors: which element is the largest cannot be predicted, and a choice of lanes takes no branch.
    const [best, value, index, taken] = f.locals('v128', 4);
    return overRegions(f, all, (large, small, indices, { each, empty, first, position }) =>
      seq(
        best.set(f32x4.splat(f32.const(-Infinity))),
        index.set(i32x4.splat(first)),
        when(empty, index.set(i32x4.splat(i32.const(-1)))),
        each(
          seq(
            value.set(v128.load32Zero(element(large, position))),
            taken.set(v128.or(f32x4.gt(value, best), f32x4.ne(value, value))),
            best.set(v128.bitselect(value, best, taken)),
            index.set(v128.bitselect(i32x4.splat(position), index, taken)),
          ),
        ),
        v128.storeLane32(small, best),
        v128.storeLane32(indices, index),
      ),
    );
  });
}

/** Averages and their adjoint; `divisor` is a float64 in memory at `indices`, 0 for the region's length. */
function emitAverage(module: ModuleBuilder): void {
  const over = (divisor: Local<'f64'>, origin: Local<'i32'>, length: Expr<'f64'>): Stmt =>
    seq(divisor.set(f64.load(origin)), when(f64.eq(divisor, 0), divisor.set(length)));
  module.func('average', PARAMS, (f, ...all) => {
    const [sum, divisor] = f.locals('f64', 2);
    const origin = f.local('i32');
    return seq(
      origin.set(all[2]!),
      overRegions(f, all, (large, small, _indices, { each, empty, length, position }) =>
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
  module.func('spread', PARAMS, (f, ...all) => {
    const [share, divisor] = f.locals('f64', 2);
    const [origin, to] = f.locals('i32', 2);
    return seq(
      origin.set(all[2]!),
      overRegions(f, all, (large, small, _indices, { each, length, position }) =>
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

const family: Family = ({ module }) => {
  emitMax(module);
  emitAverage(module);
};

/** Pools of float32 tensors, the same sums in the same order as the reference; the rest goes to `fallback`. */
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
    if (small.layout.numel < FEW || [large, small].some(({ storage }) => storage.dtype !== 'float32')) return false;
    memory.beginKernel();
    try {
      const place = (view: View): number | null => {
        const written = view === out || view === indices;
        const { storage, layout } = view;
        const at = written ? storage.writePointer(memory, layout) : storage.pointer(memory, layout);
        return at === null ? null : at + layout.offset * 4;
      };
      const [largeAt, smallAt] = [place(large), place(small)];
      const third = indices ? place(indices) : memory.scratch(8);
      if (largeAt === null || smallAt === null || third === null) return false;
      const entries = regions.flatMap(({ starts, ends, lengths }) =>
        Array.from(starts, (start, i) => [start, ends[i]!, lengths[i]!]).flat(),
      );
      const table = memory.scratch(entries.length * 4);
      memory.heap('int32').set(entries, table / 4);
      if (!indices) memory.heap('float64')[third / 8] = divisor;
      if (name === 'spread') memory.heap('float32').fill(0, largeAt / 4, largeAt / 4 + large.layout.numel);
      const [, , depth, rows, columns] = large.layout.shape as [number, number, number, number, number];
      const counts = regions.map(({ starts }) => starts.length) as [number, number, number];
      const steps = regions.map(({ step }) => (name === 'max' ? step : 1)) as [number, number, number];
      const planes = large.layout.shape[0]! * large.layout.shape[1]!;
      const [plane, each] = [depth * rows * columns * 4, counts[0] * counts[1] * counts[2] * 4];
      engine.divide(family, name, planes, 1, large.layout.numel, (start, end) => [
        largeAt + start * plane,
        smallAt + start * each,
        indices ? third + start * each : third,
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
