import { dtypes } from '../../../dtype.js';
import type { IntegerKernels } from '../../contract/integer.js';
import type { Reach, Regions } from '../../contract/pool.js';
import { dequantized, quantized, writesFloats } from '../quantize/affine.js';
import {
  doWhile,
  f32,
  f32x4,
  f64,
  f64x2,
  forRange,
  i32,
  seq,
  v128,
  when,
  type Expr,
  type FunctionScope,
  type Local,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, SimdEngine } from '../engine/engine.js';
import { familiesOf } from '../engine/families.js';
import { isLaneDType, lanes, type Count, type LaneDType } from '../elementwise/lanes.js';
import { Lockstep, type Wide } from '../elementwise/lockstep.js';
import { addressOf } from '../engine/places.js';
import { overRegions, REGION_PARAMS, regionTable } from './regions.js';

/** Elements of bytes below which the plain loops are as fast. */
const FEW = 256;

/**
 * Elements of a region up to which float64 adds numbers of a grid without rounding, so that their order does not matter: a number
 * has 24 bits, and as many more as the grid.
 */
const exactCount = (dtype: LaneDType): number => (lanes[dtype].shift === 0 ? 2 ** 19 : 2 ** 11);

/**
 * `average(regions..., xScale, xOffset, scale, offset, low, high)`: means of the numbers that integers stand for, on a grid; the
 * divisor is a float64 in memory where the indices of a max pool would be, 0 for a region's length.
 *
 * `averageLines(x, y, origin, count, length, ...)`, with the same numbers: those of `count` lines of `length` elements, with a divisor
 * in memory.
 */
const familyFor = familiesOf((from: LaneDType, to: LaneDType) => {
  const { shift } = lanes[from];
  const { bytes } = dtypes[to];

  /** What both functions do with a region. */
  function means({ constants, features }: Emission, f: FunctionScope, given: Locals<'f32', 6>) {
    const splats = given.map(() => f.local('v128'));
    const sums = f.locals<'v128', number>('v128', 4);
    const [total, divisor] = f.locals('f64', 2);
    const [at, end] = f.locals('i32', 2);
    const code = (width: number): Lockstep => new Lockstep(f, constants, features.fused, width);
    const shared = (width: number, i: number): Wide => new Array<Local<'v128'>>(width).fill(splats[i]!);
    /** Adds `count` elements to the sums. */
    const add = (count: Count): Stmt => {
      const width = Math.max(1, count / 4);
      const steps = code(width);
      const read = steps.take(lanes[from].read(f, at, count));
      const values = dequantized(steps, read, shared(width, 0), shared(width, 1));
      return seq(
        steps.code,
        ...values.flatMap((value, u) => {
          const sum = sums[u]!;
          if (count === 1) return [total.set(f64.add(total, f64.promote(f32x4.lane(value, 0))))];
          const upper = v128.shuffle32(value, value, [2, 3, 2, 3]);
          return [sum.set(f64x2.add(sum, f64x2.promoteLow(value))), sum.set(f64x2.add(sum, f64x2.promoteLow(upper)))];
        }),
        at.set(i32.add(at, count << shift)),
      );
    };
    const blocks = (count: Count): Stmt =>
      when(i32.geU(i32.sub(end, at), count << shift), doWhile(add(count), i32.geU(i32.sub(end, at), count << shift)));
    return {
      total,
      divisor,
      begin: seq(...splats.map((splat, i) => splat.set(f32x4.splat(given[i]!)))),
      clear: seq(total.set(0), ...sums.map((sum) => sum.set(v128.zero))),
      /** Adds `length` elements from an address on. */
      line: (from: Expr<'i32'>, length: Expr<'i32'>): Stmt =>
        seq(at.set(from), end.set(i32.add(at, i32.shl(length, shift))), blocks(16), blocks(4), blocks(1)),
      gather: seq(
        sums[0]!.set(f64x2.add(f64x2.add(sums[0]!, sums[1]!), f64x2.add(sums[2]!, sums[3]!))),
        total.set(f64.add(total, f64.add(f64x2.lane(sums[0]!, 0), f64x2.lane(sums[0]!, 1)))),
      ),
      finish: (y: Local<'i32'>): Stmt => {
        const steps = code(1);
        const mean = steps.vectors(() => f32x4.splat(f32.demote(f64.div(total, divisor))));
        const [scale, offset, low, high] = [2, 3, 4, 5].map((i) => shared(1, i));
        const values = quantized(steps, mean, scale!, offset!, low!, high!);
        return seq(steps.code, lanes[to].write(y, values, 1, false));
      },
    };
  }

  const numbers = new Array<'f32'>(6).fill('f32');
  return (emission) => {
    emission.module.func('average', [...REGION_PARAMS, ...numbers], (f, ...all) => {
      const places = all.slice(0, REGION_PARAMS.length) as Local<'i32'>[];
      const { total, divisor, begin, clear, line, gather, finish } = means(
        emission,
        f,
        all.slice(REGION_PARAMS.length) as Locals<'f32', 6>,
      );
      const origin = f.local('i32');
      return seq(
        begin,
        origin.set(places[2]!),
        overRegions(f, places, bytes, (large, small, _indices, { lines, along, empty, length, position }) =>
          seq(
            clear,
            lines(line(i32.add(large, i32.shl(position, shift)), along)),
            gather,
            divisor.set(f64.load(origin)),
            when(f64.eq(divisor, 0), divisor.set(length)),
            // The mean of nothing is 0.
            when(empty, seq(total.set(0), divisor.set(1))),
            finish(small),
          ),
        ),
      );
    });
    emission.module.func('averageLines', [...new Array<'i32'>(5).fill('i32'), ...numbers], (f, ...all) => {
      const [x, y, origin, count, length] = all as unknown as Locals<'i32', 5>;
      const { divisor, begin, clear, line, gather, finish } = means(emission, f, all.slice(5) as Locals<'f32', 6>);
      const i = f.local('i32');
      return seq(
        begin,
        divisor.set(f64.load(origin)),
        forRange(
          i,
          0,
          count,
          1,
          seq(
            clear,
            line(x, length),
            gather,
            finish(y),
            x.set(i32.add(x, i32.shl(length, shift))),
            y.set(i32.add(y, bytes)),
          ),
        ),
      );
    });
  };
});

const whole = ({ starts, ends }: Reach, size: number): boolean =>
  starts.length === 1 && starts[0] === 0 && ends[0] === size;

const one: Reach = { starts: Int32Array.of(0), ends: Int32Array.of(1), lengths: Int32Array.of(1), step: 1 };

/** Two neighbouring dims as one, where all regions take the inner one whole. */
function joined(outer: Reach, inner: Reach, size: number): Reach {
  const times = (values: Int32Array, factor: number): Int32Array => values.map((value) => value * factor);
  return {
    starts: times(outer.starts, size),
    ends: times(outer.ends, size),
    lengths: times(outer.lengths, inner.lengths[0]!),
    step: 1,
  };
}

/** Means of integers bit for bit as the reference; unusual dtypes and huge regions go to `fallback`. */
export function simdAverage(
  engine: SimdEngine,
  fallback: Pick<IntegerKernels, 'averageScaled'>,
): Pick<IntegerKernels, 'averageScaled'> {
  const { memory } = engine;

  function run(...[x, regions, divisor, grid, out]: Parameters<IntegerKernels['averageScaled']>): boolean {
    const [from, to] = [x.view.storage.dtype, out.view.storage.dtype];
    if (!isLaneDType(from) || !isLaneDType(to) || x.view.layout.numel < FEW) return false;
    if (!writesFloats(grid)) return false;
    let [depth, rows, columns] = x.view.layout.shape.slice(2) as [number, number, number];
    let [d, h, w] = regions;
    const most = [d, h, w].reduce((count, { starts, ends }) => {
      const spans = Array.from(starts, (start, i) => ends[i]! - start);
      return count * Math.max(1, ...spans);
    }, 1);
    if (most > exactCount(from)) return false;
    const count = [d, h, w].reduce((product, { starts }) => product * starts.length, 1);
    // Lines as long as can be: dims that are taken whole join the one outside.
    if (whole(w, columns)) [h, w, rows, columns] = [one, joined(h, w, columns), 1, rows * columns];
    if (whole(h, rows) && whole(w, columns)) [d, w, depth, columns] = [one, joined(d, w, columns), 1, depth * columns];
    const merged: Regions = [d, h, w];
    memory.beginKernel();
    try {
      const target = out.view.storage.writePointer(memory, out.view.layout);
      if (target === null) return false;
      const source = addressOf(memory, x.view);
      const inLines = whole(w, columns);
      const origin = memory.scratch(8);
      memory.heap('float64')[origin / 8] = divisor ?? (inLines ? w.lengths[0]! : 0);
      const planes = x.view.layout.shape[0]! * x.view.layout.shape[1]!;
      const plane = depth * rows * columns * dtypes[from].bytes;
      const each = count * dtypes[to].bytes;
      const place = target + out.view.layout.offset * dtypes[to].bytes;
      const numbers = [x.scale, x.offset, out.scale, out.offset, grid.qmin, grid.qmax];
      const family = familyFor(from, to);
      const work = x.view.layout.numel / 4;
      if (inLines) {
        engine.divide(family, 'averageLines', { count: planes, grain: 1, work }, (start, end) => [
          source + start * plane,
          place + start * each,
          origin,
          end - start,
          columns,
          ...numbers,
        ]);
        return true;
      }
      const table = regionTable(memory, merged);
      engine.divide(family, 'average', { count: planes, grain: 1, work }, (start, end) => [
        source + start * plane,
        place + start * each,
        origin,
        end - start,
        plane,
        rows,
        columns,
        table,
        ...merged.map(({ starts }) => starts.length),
        1,
        1,
        1,
        ...numbers,
      ]);
      return true;
    } finally {
      memory.endKernel();
    }
  }

  return {
    averageScaled(...args) {
      if (!run(...args)) fallback.averageScaled(...args);
    },
  };
}
