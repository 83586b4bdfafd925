import type { ParametricName, UnaryName } from '../../contract/elementwise.js';
import { f32x4, i32x4, v128 } from '../assembler/assembler.js';
import type { Lockstep, Wide } from './lockstep.js';
import { cosine, sine } from './trigonometric.js';

/** A function of the lanes, written step by step. */
export type VectorFunction = (code: Lockstep, x: Wide) => Wide;

/**
 * Adding and subtracting 1.5 * 2^23 rounds to an integer. With the bias of exponents on top, 2^n stands in the low bits of the sum
 * once they are moved to the exponent's place.
 */
const BIASED_ROUNDER = 12582912 + 127;
const BIASED_ROUNDER_BITS = 0x4b400000 + 127;

/** Minimax polynomial of (e^r - 1 - r) / r^2 for |r| <= ln2 / 2; its error is an eighth of an ulp of e^r - 1. */
const EXP = [
  1.388248475194364e-3, 8.366713322513491e-3, 4.166720606569914e-2, 0.16666542189418976, 0.49999998121734307,
];

/** The same for r = -s / 2, by powers of s. */
const EXP_OF_HALF = EXP.map((c, i) => c * (-0.5) ** (EXP.length + 1 - i));

const ONE_BITS = 0x3f800000;
const SIGN_BIT = 0x80000000 | 0;

/** Minimax polynomial of (e^r - 1) / r for |r| <= ln2 / 2; its error is 2.5 ulp of e^r. */
const EXP_SHORT = [
  8.33332099600771e-3, 4.187594547660771e-2, 0.16666937109658045, 0.49999371949566124, 0.9999999458989384,
];

/** From here on down e^x counts as 0: at this very value the exponent of its power of two is that of 0. */
const LOWEST = -88.03;

/** 2^n e^r: r with |r| <= ln2 / 2, and n in the low bits of `shifted`. */
interface Split {
  readonly shifted: Wide;
  readonly r: Wide;
}

/** e^x = 2^n e^r. The two parts of ln2 are Cephes'. */
function split(code: Lockstep, x: Wide): Split {
  const shifted = code.madd(x, Math.LOG2E, BIASED_ROUNDER);
  const n = code.sub(shifted, BIASED_ROUNDER);
  return { shifted, r: code.madd(n, 2.1219444e-4, code.madd(n, -0.693359375, x)) };
}

/** 2^x = 2^n e^r. */
function splitOfTwo(code: Lockstep, x: Wide): Split {
  const shifted = code.add(x, BIASED_ROUNDER);
  return { shifted, r: code.mul(code.sub(x, code.sub(shifted, BIASED_ROUNDER)), Math.LN2) };
}

/** 2^n, if that is a normal number. */
const powerOf = (code: Lockstep, shifted: Wide): Wide => code.shiftLeft(shifted, 23);

/** e^r - 1 for |r| <= ln2 / 2. */
const growth = (code: Lockstep, r: Wide): Wide => code.madd(code.mul(r, r), code.polynomial(r, EXP), r);

/** 2^n e^r where that is a normal number; at most 2 ulp. */
function normalPower(code: Lockstep, { shifted, r }: Split): Wide {
  const power = powerOf(code, shifted);
  return code.madd(growth(code, r), power, power);
}

/** 2^n e^r with n from -152 to 129, so over the whole range: 2^n in two factors, so that neither overflows. */
function anyPower(code: Lockstep, { shifted, r }: Split): Wide {
  const n = code.subBits(shifted, code.bits(BIASED_ROUNDER_BITS));
  const half = code.shiftRight(n, 1);
  const one = code.bits(ONE_BITS);
  const power = (exponent: Wide): Wide => code.addBits(code.shiftLeft(exponent, 23), one);
  return code.mul(code.mul(code.add(growth(code, r), 1), power(half)), power(code.subBits(n, half)));
}

/** e^x for x <= 0, 0 where the result is no normal float32; at most 4 ulp. NaN stays, as do the differences of infinities. */
export function expNonPositive(code: Lockstep, x: Wide): Wide {
  const { shifted, r } = split(code, code.max(x, LOWEST));
  const power = powerOf(code, shifted);
  const slope = code.polynomial(r, EXP_SHORT);
  return code.madd(code.mul(r, power), slope, power);
}

/** Whether |x| <= limit everywhere: the squares of all vectors together take one comparison, which NaN does not pass. */
const allWithin = (code: Lockstep, x: Wide, limit: number) =>
  f32x4.le(code.sum(code.mul(x, x)), code.constant(limit ** 2)[0]!);

/** e^x over the whole range, infinities, NaN and denormal results included. */
const expOfAny: VectorFunction = (code, x) => anyPower(code, split(code, code.max(code.min(x, 89), -105)));

/** e^x; at most 2 ulp. Results are normal but for a few, if any. */
export const exp: VectorFunction = (code, x) =>
  code.branch(
    allWithin(code, x, 87),
    (common) => normalPower(common, split(common, x)),
    (rare) => expOfAny(rare, x),
  );

/** 2^x; at most 2 ulp, exact for integers. */
const exp2: VectorFunction = (code, x) =>
  code.branch(
    allWithin(code, x, 126),
    (common) => normalPower(common, splitOfTwo(common, x)),
    (rare) => anyPower(rare, splitOfTwo(rare, rare.max(rare.min(x, 129), -152))),
  );

/** e^x - 1 for x between -87 and 88, without cancellation near 0. */
function expMinusOne(code: Lockstep, x: Wide): Wide {
  const { shifted, r } = split(code, x);
  const power = powerOf(code, shifted);
  return code.madd(growth(code, r), power, code.sub(power, 1));
}

/** e^x - 1, which has the sign of x, that of zeros included; at most 2 ulp. */
const expm1: VectorFunction = (code, x) => {
  const value = code.branch(
    allWithin(code, x, 87),
    (common) => expMinusOne(common, x),
    (rare) => {
      const near = expMinusOne(rare, rare.max(rare.min(x, 80), -87));
      return rare.choose(rare.less(x, 80), near, expOfAny(rare, x));
    },
  );
  return code.step(v128.or, value, code.signOf(x));
};

/** (e^2|x| - 1) / (e^2|x| + 1) with the sign of x; at most 2 ulp. */
const tanh: VectorFunction = (code, x) => {
  const sign = code.signOf(x);
  const size = code.min(code.step(v128.xor, x, sign), 10);
  const e = expMinusOne(code, code.add(size, size));
  return code.step(v128.xor, code.div(e, code.add(e, 2)), sign);
};

/** Minimax polynomial of (log(1 + r) - r + r^2 / 2) / r^3 for 1 + r between the square roots of 1/2 and 2. */
const LOG = [
  -0.07646105019881883, 0.12779115043176953, -0.13164185763505074, 0.14199695613783433, -0.16622764951130276,
  0.20001292702947904, -0.2500083795967183, 0.3333333119683621,
];

const SQRT_HALF_BITS = 0x3f3504f3;

/** x = 2^e (1 + r) with 1 + r between the square roots of 1/2 and 2. */
interface Mantissa {
  readonly e: Wide;
  readonly r: Wide;
  readonly square: Wide;
  /** log(1 + r) = r - r^2 / 2 + cubed * poly. */
  readonly cubed: Wide;
  readonly poly: Wide;
}

/** A logarithm over the whole range, from what `finish` makes of the parts of positive numbers. */
const logarithm =
  (finish: (code: Lockstep, parts: Mantissa) => Wide): VectorFunction =>
  (code, x) => {
    const tiny = code.less(x, 2 ** -126);
    const scaled = code.choose(tiny, code.mul(x, 2 ** 23), x);
    const exponent = code.shiftRight(code.subBits(scaled, code.bits(SQRT_HALF_BITS)), 23);
    const r = code.sub(code.subBits(scaled, code.shiftLeft(exponent, 23)), 1);
    const e = code.sub(code.step(i32x4.toF32x4, exponent), code.and(tiny, 23));
    const square = code.mul(r, r);
    const finite = finish(code, { e, r, square, cubed: code.mul(square, r), poly: code.polynomial(r, LOG) });
    // +Infinity and NaN stay; 0 gives -Infinity; below it all bits are set, which is a NaN.
    const large = code.choose(code.less(x, Infinity), finite, x);
    const zero = code.step(f32x4.eq, x, 0);
    return code.step(v128.or, code.choose(zero, code.constant(-Infinity), large), code.less(x, 0));
  };

/** log x = e ln2 + log(1 + r), as Cephes' logf; at most 2 ulp. */
export const log = logarithm((code, { e, r, square, cubed, poly }) => {
  const tail = code.madd(cubed, poly, code.mul(e, -2.1219444e-4));
  return code.madd(e, 0.693359375, code.add(code.madd(square, -0.5, tail), r));
});

/** log2 x = e + log(1 + r) (1 + (log2 of e - 1)), as Cephes' log2f; at most 2 ulp, exact for powers of two. */
const log2 = logarithm((code, { e, r, square, cubed, poly }) => {
  const tail = code.madd(square, -0.5, code.mul(cubed, poly));
  const more = code.madd(tail, Math.LOG2E - 1, code.mul(r, Math.LOG2E - 1));
  return code.add(code.add(code.add(more, tail), r), e);
});

/** log(1 + x): the rounding error of the sum, relative to it, is added. */
export const log1p: VectorFunction = (code, x) => {
  const sum = code.add(x, 1);
  const error = code.div(code.sub(x, code.sub(sum, 1)), sum);
  return code.add(log(code, sum), code.and(code.less(code.abs(error), 1), error));
};

/** Numerator and denominator of Eigen's rational approximation of erf (degree 13 over 8), for |x| <= 4. */
const ERF_P = [
  -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
  -2.95459980854025e-3, -1.60960333262415e-2,
];
const ERF_Q = [
  -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2,
];

const erf: VectorFunction = (code, x) => {
  const clamped = code.max(code.min(x, 4), -4);
  const square = code.mul(clamped, clamped);
  const ratio = code.div(code.mul(code.polynomial(square, ERF_P), clamped), code.polynomial(square, ERF_Q));
  return code.max(code.min(ratio, 1), -1);
};

/** Minimax fraction of the tail of the normal distribution times e^(s^2 / 2), by s <= 0; its relative error is 1e-7 down to s = -6. */
const TAIL_P = [-0.3987449885375422, 3.0158808944566946, -9.580690614255486, 14.151302212886705];
const TAIL_Q = [-7.5458260833518604, 25.188202040479194, -41.743449912906286, 28.302607107316252];

/** Bits of a float32 whose square is exact. */
const HALF_MANTISSA = 0xfffff000 | 0;

/** From here on e^(-s^2 / 2) counts as 0: at this very value the exponent of its power of two is that of 0. */
const FARTHEST = -13.27;

/** The tail of the normal distribution below s = -|x|, right relative to itself, 0 from FARTHEST on; and e^(-s^2 / 2). */
function normalTail(code: Lockstep, x: Wide): { s: Wide; tail: Wide; density: Wide } {
  const s = code.max(code.step(v128.or, x, code.bits(SIGN_BIT)), FARTHEST);
  // s^2 as an exact square and the rest: its rounding would be felt 88 times in the exponent.
  const main = code.step(v128.and, s, code.bits(HALF_MANTISSA));
  const square = code.mul(main, main);
  const rest = code.mul(code.sub(s, main), code.add(s, main));
  const shifted = code.madd(square, -0.5 * Math.LOG2E, BIASED_ROUNDER);
  const n = code.sub(shifted, BIASED_ROUNDER);
  const power = code.shiftLeft(shifted, 23);
  // -2r where -s^2 / 2 = n ln2 + r.
  const twice = code.add(code.madd(n, -4.2438888e-4, code.madd(n, 1.38671875, square)), rest);
  const minusOne = code.madd(code.mul(twice, twice), code.polynomial(twice, EXP_OF_HALF), code.mul(twice, -0.5));
  const density = code.madd(minusOne, power, power);
  const fraction = code.div(code.polynomial(s, TAIL_P), code.polynomial(s, TAIL_Q.slice(1), code.add(s, TAIL_Q[0]!)));
  return { s, tail: code.mul(density, fraction), density };
}

/** The normal distribution: its cumulative function, right relative to itself in both tails, and e^(-x^2 / 2). */
export function normal(code: Lockstep, x: Wide): { cumulative: Wide; density: Wide } {
  const { tail, density } = normalTail(code, x);
  return { cumulative: code.choose(code.less(x, 0), tail, code.sub(1, tail)), density };
}

/** x times the cumulative function: of max(x, 0), what the tail takes. -Infinity times its tail is NaN, as in the formula. */
function gelu(code: Lockstep, x: Wide): Wide {
  const { s, tail } = normalTail(code, x);
  return code.madd(code.min(x, s), tail, code.max(x, 0));
}

const onePlusExpMinus = (code: Lockstep, x: Wide): Wide => code.add(exp(code, code.neg(x)), 1);

export const sigmoid: VectorFunction = (code, x) => code.div(1, onePlusExpMinus(code, x));

/** x + 3 clamped to [0, 6]. */
const relu6Shifted: VectorFunction = (code, x) => code.min(code.max(code.add(x, 3), 0), 6);

/** The functions of one element that have a vector form; those above the blank line equal the reference bit for bit. */
export const vectorFunctions: Partial<Record<UnaryName, VectorFunction>> = {
  neg: (code, x) => code.neg(x),
  abs: (code, x) => code.abs(x),
  sign: (code, x) => code.step(v128.or, code.and(code.less(0, x), 1), code.and(code.less(x, 0), -1)),
  square: (code, x) => code.mul(x, x),
  cube: (code, x) => code.mul(code.mul(x, x), x),
  sqrt: (code, x) => code.step(f32x4.sqrt, x),
  reciprocal: (code, x) => code.div(1, x),
  floor: (code, x) => code.step(f32x4.floor, x),
  ceil: (code, x) => code.step(f32x4.ceil, x),
  trunc: (code, x) => code.step(f32x4.trunc, x),
  frac: (code, x) => code.sub(x, code.step(f32x4.trunc, x)),
  round: (code, x) => code.step(f32x4.nearest, x),
  // x <= 0 ? 0 : x, which keeps NaN.
  relu: (code, x) => code.step((v) => v128.andNot(v, f32x4.le(v, v128.zero)), x),
  rsqrt: (code, x) => code.div(1, code.step(f32x4.sqrt, x)),
  hardsigmoid: (code, x) => code.div(relu6Shifted(code, x), 6),
  hardswish: (code, x) => code.div(code.mul(x, relu6Shifted(code, x)), 6),
  softsign: (code, x) => code.div(x, code.add(code.abs(x), 1)),

  exp,
  exp2,
  expm1,
  log,
  log2,
  log1p,
  sin: sine,
  cos: cosine,
  tanh,
  erf,
  sigmoid,
  silu: (code, x) => code.div(x, onePlusExpMinus(code, x)),
  gelu,
  // 1 + tanh u = 2 / (1 + e^-2u)
  geluTanh: (code, x) => {
    const inner = code.mul(x, code.madd(code.mul(x, x), 0.044715, 1));
    return code.div(x, onePlusExpMinus(code, code.mul(inner, 2 * Math.sqrt(2 / Math.PI))));
  },
  // tanh(log(1 + e)) = w / (w + 2) with w = e (e + 2)
  mish: (code, x) => {
    const e = exp(code, code.min(x, 20));
    const w = code.mul(e, code.add(e, 2));
    return code.mul(x, code.div(w, code.add(w, 2)));
  },
  logsigmoid: (code, x) => code.sub(code.min(x, 0), log1p(code, exp(code, code.neg(code.abs(x))))),
};

/** A function of the lanes and of numbers that are the same for all. */
export type ParametricFunction = (code: Lockstep, x: Wide, ...params: readonly Wide[]) => Wide;

/** How many numbers each takes, and its vector form; the exact ones are above the blank line. */
export const parametricFunctions: Partial<Record<ParametricName, readonly [count: number, of: ParametricFunction]>> = {
  clamp: [2, (code, x, low, high) => code.min(code.max(x, low!), high!)],
  threshold: [2, (code, x, threshold, value) => code.choose(code.step(f32x4.le, x, threshold!), value!, x)],
  leakyRelu: [1, (code, x, slope) => code.choose(code.less(0, x), x, code.mul(x, slope!))],
  softshrink: [
    1,
    (code, x, lambd) => {
      const inside = code.choose(code.less(x, code.neg(lambd!)), code.add(x, lambd!), code.sub(x, x));
      return code.choose(code.less(lambd!, x), code.sub(x, lambd!), inside);
    },
  ],
  nanToNum: [
    3,
    (code, x, nan, high, low) => {
      const finite = code.choose(code.step(f32x4.eq, x, Infinity), high!, x);
      const bounded = code.choose(code.step(f32x4.eq, x, -Infinity), low!, finite);
      return code.choose(code.step(f32x4.eq, x, x), bounded, nan!);
    },
  ],
  hardshrink: [1, (code, x, lambd) => code.step((v, l) => v128.andNot(v, f32x4.le(f32x4.abs(v), l)), x, lambd!)],

  elu: [
    3,
    (code, x, alpha, scale, inputScale) => {
      const curve = expMinusOne(code, code.max(code.min(code.mul(code.min(x, 0), inputScale!), 88), -80));
      return code.choose(code.less(0, x), code.mul(x, scale!), code.mul(curve, code.mul(alpha!, scale!)));
    },
  ],
  softplus: [
    2,
    (code, x, beta, threshold) => {
      const scaled = code.mul(x, beta!);
      const curve = code.div(log1p(code, exp(code, scaled)), beta!);
      return code.choose(code.less(threshold!, scaled), x, curve);
    },
  ],
};
