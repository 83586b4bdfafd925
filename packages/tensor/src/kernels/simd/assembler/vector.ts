/** Instructions on vectors of 128 bits: WebAssembly core specification 2.0 (SIMD), and the relaxed SIMD extension. */
import {
  unsigned,
  expr,
  code,
  simd,
  unary,
  binary,
  ternary,
  load,
  store,
  type Arg,
  type Expr,
  type Stmt,
} from './code.js';

export const v128 = {
  load: load('v128', simd(0), 0),
  load8x8S: load('v128', simd(1), 0),
  load8x8U: load('v128', simd(2), 0),
  load16x4S: load('v128', simd(3), 0),
  load16x4U: load('v128', simd(4), 0),
  load32Splat: load('v128', simd(9), 2),
  load64Splat: load('v128', simd(10), 3),
  /** Low lanes from memory, zero above. */
  load32Zero: load('v128', simd(0x5c), 2),
  load64Zero: load('v128', simd(0x5d), 3),
  store: store('v128', simd(0x0b), 0),
  zero: expr('v128', simd(0x0c), new Array<number>(16).fill(0)),
  and: binary('v128', 'v128', simd(0x4e)),
  or: binary('v128', 'v128', simd(0x50)),
  xor: binary('v128', 'v128', simd(0x51)),
  /** Bits of `a` where `mask` is set, else of `b`. */
  bitselect: ternary(simd(0x52)),
  not: unary('v128', 'v128', simd(0x4d)),
  /** a and not b */
  andNot: binary('v128', 'v128', simd(0x4f)),
  anyTrue: unary('v128', 'i32', simd(0x53)),
  /** Writes the first lane of 8 or 16 bits. */
  storeLane8: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x58), 0, unsigned(offset), 0),
  storeLane16: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x59), 1, unsigned(offset), 0),
  /** Whether all 32-bit lanes are other than zero. */
  allTrue32: unary('v128', 'i32', simd(0xa3)),
  /** Writes the first 32-bit lane. */
  storeLane32: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x5a), 2, unsigned(offset), 0),
  /** Writes a 64-bit lane. */
  storeLane64: (address: Arg<'i32'>, value: Expr<'v128'>, offset = 0, lane = 0): Stmt =>
    expr('none', code('i32', address), value.code, simd(0x5b), 3, unsigned(offset), lane),
  /** 32-bit lanes 0-3 of `a` and 4-7 of `b`. */
  shuffle32: (a: Expr<'v128'>, b: Expr<'v128'>, lanes: readonly number[]): Expr<'v128'> =>
    expr(
      'v128',
      a.code,
      b.code,
      simd(0x0d),
      lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]),
    ),
};

export const f32x4 = {
  splat: unary('f32', 'v128', simd(0x13)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'f32'> => expr('f32', x.code, simd(0x1f), lane),
  add: binary('v128', 'v128', simd(0xe4)),
  sub: binary('v128', 'v128', simd(0xe5)),
  mul: binary('v128', 'v128', simd(0xe6)),
  div: binary('v128', 'v128', simd(0xe7)),
  /** NaN wins, -0 < 0. */
  min: binary('v128', 'v128', simd(0xe8)),
  max: binary('v128', 'v128', simd(0xe9)),
  /** b < a ? b : a */
  pmin: binary('v128', 'v128', simd(0xea)),
  /** a < b ? b : a */
  pmax: binary('v128', 'v128', simd(0xeb)),
  abs: unary('v128', 'v128', simd(0xe0)),
  neg: unary('v128', 'v128', simd(0xe1)),
  sqrt: unary('v128', 'v128', simd(0xe3)),
  ceil: unary('v128', 'v128', simd(0x67)),
  floor: unary('v128', 'v128', simd(0x68)),
  trunc: unary('v128', 'v128', simd(0x69)),
  eq: binary('v128', 'v128', simd(0x41)),
  ne: binary('v128', 'v128', simd(0x42)),
  le: binary('v128', 'v128', simd(0x45)),
  ge: binary('v128', 'v128', simd(0x46)),
  nearest: unary('v128', 'v128', simd(0x6a)),
  lt: binary('v128', 'v128', simd(0x43)),
  gt: binary('v128', 'v128', simd(0x44)),
  /** `a * b + c` with one rounding or two, as the machine has it (relaxed SIMD). */
  relaxedMadd: ternary(simd(0x105)),
};

export const f64x2 = {
  splat: unary('f64', 'v128', simd(0x14)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'f64'> => expr('f64', x.code, simd(0x21), lane),
  add: binary('v128', 'v128', simd(0xf0)),
  sub: binary('v128', 'v128', simd(0xf1)),
  mul: binary('v128', 'v128', simd(0xf2)),
  div: binary('v128', 'v128', simd(0xf3)),
  /** Both lanes rounded to float32 in the low half, zero above. */
  demote: unary('v128', 'v128', simd(0x5e)),
  /** The first two float32 lanes, exactly. */
  promoteLow: unary('v128', 'v128', simd(0x5f)),
};

export const i32x4 = {
  splat: unary('i32', 'v128', simd(0x11)),
  lane: (x: Expr<'v128'>, lane: number): Expr<'i32'> => expr('i32', x.code, simd(0x1b), lane),
  add: binary('v128', 'v128', simd(0xae)),
  sub: binary('v128', 'v128', simd(0xb1)),
  mul: binary('v128', 'v128', simd(0xb5)),
  shl: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0xab)),
  shrS: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0xac)),
  /** Sums of two products of neighbouring signed 16-bit lanes. */
  dotI16x8: binary('v128', 'v128', simd(0xba)),
  /** Products of the low or the high four signed 16-bit lanes. */
  extmulLowI16x8: binary('v128', 'v128', simd(0xbc)),
  extmulHighI16x8: binary('v128', 'v128', simd(0xbd)),
  /** The low or the high four 16-bit lanes, with sign or without. */
  extendLowS: unary('v128', 'v128', simd(0xa7)),
  extendHighS: unary('v128', 'v128', simd(0xa8)),
  extendLowU: unary('v128', 'v128', simd(0xa9)),
  extendHighU: unary('v128', 'v128', simd(0xaa)),
  truncSatF32x4: unary('v128', 'v128', simd(0xf8)),
  toF32x4: unary('v128', 'v128', simd(0xfa)),
  ne: binary('v128', 'v128', simd(0x38)),
  gtS: binary('v128', 'v128', simd(0x3b)),
  /**
   * Sums of four products of neighbouring bytes, signed ones of `a` and ones of 7 bits of `b`, plus `c` (relaxed SIMD): whether a `b`
   * of 8 bits counts as signed or as unsigned, and whether sums saturate on the way, is up to the machine.
   */
  relaxedDotI8x16I7x16Add: ternary(simd(0x113)),
};

export const i16x8 = {
  splat: unary('i32', 'v128', simd(0x10)),
  add: binary('v128', 'v128', simd(0x8e)),
  sub: binary('v128', 'v128', simd(0x91)),
  mul: binary('v128', 'v128', simd(0x95)),
  shl: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8b)),
  shrS: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8c)),
  shrU: (x: Expr<'v128'>, bits: Arg<'i32'>): Expr<'v128'> => expr('v128', x.code, code('i32', bits), simd(0x8d)),
  /** Pairs of lanes of `a` and `b` in turn: a0 b0 a1 b1 ... from the low or the high half. */
  interleaveLow: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle16(a, b, [0, 8, 1, 9, 2, 10, 3, 11]),
  interleaveHigh: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle16(a, b, [4, 12, 5, 13, 6, 14, 7, 15]),
  /** The low or the high eight bytes, with sign or without. */
  extendLowS: unary('v128', 'v128', simd(0x87)),
  extendHighS: unary('v128', 'v128', simd(0x88)),
  extendLowU: unary('v128', 'v128', simd(0x89)),
  extendHighU: unary('v128', 'v128', simd(0x8a)),
  /** The low 16 bits of the 32-bit lanes of `a`, then of `b`, saturated. */
  narrowS: binary('v128', 'v128', simd(0x85)),
};

export const i8x16 = {
  splat: unary('i32', 'v128', simd(0x0f)),
  /** Bytes of `a` and `b` in turn: a0 b0 a1 b1 ... from the low or the high half. */
  interleaveLow: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle8(a, b, 0),
  interleaveHigh: (a: Expr<'v128'>, b: Expr<'v128'>): Expr<'v128'> => shuffle8(a, b, 8),
  /** The low eight bytes and the high eight in turn. */
  zip: (x: Expr<'v128'>): Expr<'v128'> =>
    expr('v128', x.code, x.code, simd(0x0d), Array.from({ length: 8 }, (_, i) => [i, i + 8]).flat()),
  /** The bytes at even places, twice. */
  even: (x: Expr<'v128'>): Expr<'v128'> =>
    expr(
      'v128',
      x.code,
      x.code,
      simd(0x0d),
      Array.from({ length: 16 }, (_, i) => (2 * i) % 16),
    ),
  minS: binary('v128', 'v128', simd(0x76)),
  maxS: binary('v128', 'v128', simd(0x78)),
  minU: binary('v128', 'v128', simd(0x77)),
  maxU: binary('v128', 'v128', simd(0x79)),
  abs: unary('v128', 'v128', simd(0x60)),
  /** The low 8 bits of the 16-bit lanes of `a`, then of `b`, saturated. */
  narrowS: binary('v128', 'v128', simd(0x65)),
  narrowU: binary('v128', 'v128', simd(0x66)),
};

function shuffle8(a: Expr<'v128'>, b: Expr<'v128'>, first: 0 | 8): Expr<'v128'> {
  return expr(
    'v128',
    a.code,
    b.code,
    simd(0x0d),
    Array.from({ length: 8 }, (_, i) => [first + i, 16 + first + i]).flat(),
  );
}

function shuffle16(a: Expr<'v128'>, b: Expr<'v128'>, lanes: readonly number[]): Expr<'v128'> {
  return expr(
    'v128',
    a.code,
    b.code,
    simd(0x0d),
    lanes.flatMap((lane) => [lane * 2, lane * 2 + 1]),
  );
}
