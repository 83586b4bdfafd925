import type { DType } from '../../../dtype.js';
import {
  f32,
  f32x4,
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  when,
  type Expr,
  type Local,
  type Locals,
  type Stmt,
} from '../assembler/assembler.js';
import type { Emission, Family } from '../engine/engine.js';
import {
  loadFloats,
  overRegions,
  readApart,
  REGION_PARAMS,
  RUN_PARAMS,
  STEP,
  type Elements,
  type Region,
} from './regions.js';

type Vector = Expr<'v128'>;

/** How elements are compared and written: as lanes of vectors, because a choice of lanes takes no branch that nobody can predict. */
interface Compared extends Elements {
  /** Lanes where a value is to be taken for a better one. */
  readonly better: (value: Local<'v128'>, best: Local<'v128'>) => Vector;
  /** Below every element, and what an empty region gives. */
  readonly least: Vector;
  readonly none: Vector;
  /** Writes the first lane, or all four. */
  readonly store: (at: Expr<'i32'>, value: Local<'v128'>) => Stmt;
  readonly storeFour: (at: Expr<'i32'>, value: Local<'v128'>) => Stmt;
}

const float32: Compared = {
  ...loadFloats,
  better: (value, best) => v128.or(f32x4.gt(value, best), f32x4.ne(value, value)),
  least: f32x4.splat(f32.const(-Infinity)),
  none: f32x4.splat(f32.const(-Infinity)),
  store: (at, value) => v128.storeLane32(at, value),
  storeFour: (at, value) => v128.store(at, value),
};

const integer = (
  bytes: number,
  load: typeof i32.load8U,
  store: typeof i32.store8,
  four: Pick<Compared, 'loadFour' | 'storeFour'>,
): Compared => ({
  bytes,
  load: (at) => i32x4.splat(load(at)),
  better: i32x4.gtS,
  least: i32x4.splat(i32.const(-(2 ** 31))),
  none: v128.zero,
  store: (at, value) => store(at, i32x4.lane(value, 0)),
  ...four,
});

const as16 = (value: Vector): Vector => i16x8.narrowS(value, value);

const compared = {
  float32,
  uint8: integer(1, i32.load8U, i32.store8, {
    loadFour: (at) => i32x4.extendLowU(i16x8.extendLowU(v128.load32Zero(at))),
    storeFour: (at, value) => v128.storeLane32(at, i8x16.narrowU(as16(value), v128.zero)),
  }),
  int8: integer(1, i32.load8S, i32.store8, {
    loadFour: (at) => i32x4.extendLowS(i16x8.extendLowS(v128.load32Zero(at))),
    storeFour: (at, value) => v128.storeLane32(at, i8x16.narrowS(as16(value), v128.zero)),
  }),
  int16: integer(2, i32.load16S, i32.store16, {
    loadFour: (at) => v128.load16x4S(at),
    storeFour: (at, value) => v128.storeLane64(at, as16(value)),
  }),
  int32: integer(4, i32.load, i32.store, { loadFour: float32.loadFour, storeFour: float32.storeFour }),
} as const satisfies Partial<Record<DType, Compared>>;

/** Emits `max(regions..., run...)`: the largest elements, and their positions as int32 at the indices. */
function emitMax({ module }: Emission, elements: Compared): void {
  const { bytes, load, better, least, none, store, storeFour } = elements;
  module.func('max', [...REGION_PARAMS, ...RUN_PARAMS], (f, ...all) => {
    const [from, to, stride] = all.slice(REGION_PARAMS.length) as Locals<'i32', 3>;
    const [best, value, index, taken, apart, places, steps] = f.locals('v128', 7);
    const shift = Math.log2(bytes);
    const at = f.local('i32');
    const begin = ({ first, empty }: Region, positions: (first: Vector) => Vector): Stmt =>
      seq(
        best.set(least),
        index.set(positions(i32x4.splat(first))),
        when(empty, seq(best.set(none), index.set(i32x4.splat(i32.const(-1))))),
      );
    const search = ({ each, position, step }: Region, large: Local<'i32'>, read: Stmt, lanes: Vector): Stmt =>
      each(
        seq(
          read,
          taken.set(better(value, best)),
          best.set(v128.bitselect(value, best, taken)),
          index.set(v128.bitselect(places, index, taken)),
          places.set(i32x4.add(places, steps)),
          at.set(i32.add(at, i32.shl(step, shift))),
        ),
        seq(at.set(i32.add(large, i32.shl(position, shift))), places.set(i32x4.add(i32x4.splat(position), lanes))),
      );
    return seq(
      steps.set(i32x4.splat(all[STEP]!)),
      apart.set(
        v128.shuffle32(
          v128.shuffle32(v128.zero, i32x4.splat(stride), [0, 4, 0, 4]),
          v128.shuffle32(i32x4.splat(i32.mul(stride, 2)), i32x4.splat(i32.mul(stride, 3)), [0, 4, 0, 4]),
          [0, 1, 4, 5],
        ),
      ),
      overRegions(
        f,
        all,
        bytes,
        (large, small, indices, region) =>
          seq(
            begin(region, (first) => first),
            search(region, large, value.set(load(at)), v128.zero),
            store(small, best),
            v128.storeLane32(indices, index),
          ),
        {
          from,
          to,
          regions: (large, small, indices, region) =>
            seq(
              begin(region, (first) => i32x4.add(first, apart)),
              search(region, large, readApart(elements, value, at, stride), apart),
              storeFour(small, best),
              v128.store(indices, index),
            ),
        },
      ),
    );
  });
}

/** The largest element of each region, per dtype that has kernels. */
export const maxFamilies: Readonly<Partial<Record<DType, Family>>> = Object.fromEntries(
  Object.entries(compared).map(([dtype, elements]) => [dtype, (emission: Emission) => emitMax(emission, elements)]),
);
