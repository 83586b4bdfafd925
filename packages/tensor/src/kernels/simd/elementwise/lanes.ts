import type { DType } from '../../../dtype.js';
import {
  i16x8,
  i32,
  i32x4,
  i8x16,
  seq,
  v128,
  type Expr,
  type FunctionScope,
  type Local,
  type Stmt,
} from '../assembler/assembler.js';
import type { Wide } from './lockstep.js';

/** Elements that are read or written at once: sixteen as four vectors, four as one, one in the first lane. */
export type Count = 16 | 4 | 1;

/** How elements of a dtype are read as float32, and numbers that are integers of it written. */
interface Lanes {
  /** The logarithm of the bytes of an element. */
  readonly shift: number;
  readonly read: (f: FunctionScope, at: Local<'i32'>, count: Count) => Wide;
  /** Writes float32 that are integers and fit, NaN as 0; or (`done`) int32. Those that do not fit 8 or 16 bits end at the limits. */
  readonly write: (at: Local<'i32'>, values: Wide, count: Count, done: boolean) => Stmt;
}

type Vector = Expr<'v128'>;

const floats = (integers: readonly Vector[]): Wide => integers.map((vector) => i32x4.toF32x4(vector));

const integers = (values: Wide, done: boolean): Wide =>
  done ? values : values.map((value) => i32x4.truncSatF32x4(value));

const bytes = (signed: boolean): Lanes => {
  const load8 = signed ? i32.load8S : i32.load8U;
  const load8x8 = signed ? v128.load8x8S : v128.load8x8U;
  const extend = signed ? i16x8.extendLowS : i16x8.extendLowU;
  const [low, high] = signed ? [i32x4.extendLowS, i32x4.extendHighS] : ([i32x4.extendLowU, i32x4.extendHighU] as const);
  const narrow = signed ? i8x16.narrowS : i8x16.narrowU;
  return {
    shift: 0,
    read: (f, at, count) => {
      if (count === 1) return floats([i32x4.splat(load8(at))]);
      if (count === 4) return floats([low(extend(v128.load32Zero(at)))]);
      return floats(
        [0, 8].flatMap((offset) => {
          const eight = f.local('v128');
          return [low(eight.tee(load8x8(at, offset))), high(eight)];
        }),
      );
    },
    write: (at, values, count, done) => {
      const [a, b = a!, c = a!, d = c] = integers(values, done);
      const all = narrow(i16x8.narrowS(a!, b), i16x8.narrowS(c, d));
      return count === 1 ? v128.storeLane8(at, all) : count === 4 ? v128.storeLane32(at, all) : v128.store(at, all);
    },
  };
};

const words = (signed: boolean): Lanes => {
  const load16 = signed ? i32.load16S : i32.load16U;
  const load16x4 = signed ? v128.load16x4S : v128.load16x4U;
  return {
    shift: 1,
    read: (_f, at, count) =>
      floats(
        count === 1 ? [i32x4.splat(load16(at))] : Array.from({ length: count / 4 }, (_, u) => load16x4(at, u * 8)),
      ),
    write: (at, values, count, done) => {
      const [a, b = a!, c, d] = integers(values, done);
      if (count === 1) return v128.storeLane16(at, i16x8.narrowS(a!, b));
      if (count === 4) return v128.storeLane64(at, i16x8.narrowS(a!, b));
      return seq(v128.store(at, i16x8.narrowS(a!, b)), v128.store(at, i16x8.narrowS(c!, d!), 16));
    },
  };
};

const vectorsAt = (at: Local<'i32'>, count: Count): Vector[] =>
  count === 1 ? [v128.load32Splat(at)] : Array.from({ length: count / 4 }, (_, u) => v128.load(at, u * 16));

const stores = (at: Local<'i32'>, values: readonly Vector[], count: Count): Stmt =>
  count === 1 ? v128.storeLane32(at, values[0]!) : seq(...values.map((value, u) => v128.store(at, value, u * 16)));

const table = {
  int8: bytes(true),
  uint8: bytes(false),
  int16: words(true),
  int32: {
    shift: 2,
    read: (_f, at, count) => floats(vectorsAt(at, count)),
    write: (at, values, count, done) => stores(at, integers(values, done), count),
  },
  float32: {
    shift: 2,
    read: (_f, at, count) => vectorsAt(at, count),
    write: stores,
  },
} as const satisfies Partial<Record<DType, Lanes>>;

/** The dtypes whose elements vectors of float32 are made of, and made to. */
export type LaneDType = keyof typeof table;

export const lanes: Readonly<Record<LaneDType, Lanes>> = table;

export const isLaneDType = (dtype: DType): dtype is LaneDType => Object.hasOwn(table, dtype);

/** An element of a dtype in all lanes. */
export const splatAt = (f: FunctionScope, at: Local<'i32'>, dtype: LaneDType): Vector =>
  lanes[dtype].read(f, at, 1)[0]!;
