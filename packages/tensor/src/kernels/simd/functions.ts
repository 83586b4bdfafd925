import type { ParametricName, UnaryName } from '../contract/elementwise.js';
import { f32x4, i32x4, v128 } from './assembler.js';
import type { Lockstep, Wide } from './lockstep.js';

/** A function of the lanes, written step by step. */
export type VectorFunction = (code: Lockstep, x: Wide) => Wide;

/** Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits. */
const ROUNDER = 12582912;
const ROUNDER_BITS = 0x4b400000;

const ONE_BITS = 0x3f800000;
const SIGN_BIT = 0x80000000 | 0;

/** Minimax polynomial of (e^r - 1 - r) / r^2 for |r| <= ln2 / 2; its error is an eighth of an ulp of e^r - 1. */
const EXP = [
  1.388248475194364e-3, 8.366713322513491e-3, 4.166720606569914e-2, 0.16666542189418976, 0.49999998121734307,
];

/** x = n ln2 + r with |r| <= ln2 / 2: e^r - 1, and n in the low bits of `shifted`. The two parts of ln2 are Cephes'. */
function reduced(code: Lockstep, x: Wide): { minusOne: Wide; shifted: Wide } {
  const shifted = code.madd(x, Math.LOG2E, ROUNDER);
  const n = code.sub(shifted, ROUNDER);
  const r = code.madd(n, 2.1219444e-4, code.madd(n, -0.693359375, x));
  return { minusOne: code.madd(code.mul(r, r), code.polynomial(r, EXP), r), shifted };
}

/** e^x for x that give a normal result: 2^n goes straight into the exponent. */
export function expNormal(code: Lockstep, x: Wide): Wide {
  const { minusOne, shifted } = reduced(code, x);
  // The other bits of `shifted` leave to the left.
  return code.addBits(code.add(minusOne, 1), code.shiftLeft(shifted, 23));
}

/** 1.5 * 2^23 plus the bias of exponents: 2^n then stands in the low bits, once they are moved to the exponent's place. */
const BIASED_ROUNDER = ROUNDER + 127;

/** Minimax polynomial of (e^r - 1) / r for |r| <= ln2 / 2, with a relative error of 2^-24.5; XNNPACK's. */
const EXP_SHORT = [8.2946882e-3, 4.1896358e-2, 1.6667114e-1, 4.9999127e-1, 0.99999994];

/** Below this e^x is no normal float32. */
const LOWEST = -87.336544;

/** e^x for x <= 0, 0 where the result is no normal float32; at most 2 ulp. NaN stays, as do the differences of infinities. */
export function expNonPositive(code: Lockstep, x: Wide): Wide {
  const shifted = code.madd(x, Math.LOG2E, BIASED_ROUNDER);
  const power = code.shiftLeft(shifted, 23);
  const n = code.sub(shifted, BIASED_ROUNDER);
  const r = code.madd(n, 2.1219444e-4, code.madd(n, -0.693359375, x));
  const value = code.madd(code.mul(r, power), code.polynomial(r, EXP_SHORT), power);
  return code.step((e, below) => v128.andNot(e, below), value, code.less(x, LOWEST));
}

/** e^x over the whole range, infinities, NaN and denormal results included: 2^n in two factors, so that neither overflows. */
export const exp: VectorFunction = (code, x) => {
  const { minusOne, shifted } = reduced(code, code.max(code.min(x, 89), -105));
  const n = code.subBits(shifted, code.bits(ROUNDER_BITS));
  const half = code.shiftRight(n, 1);
  const one = code.bits(ONE_BITS);
  const power = (exponent: Wide): Wide => code.addBits(code.shiftLeft(exponent, 23), one);
  return code.mul(code.mul(code.add(minusOne, 1), power(half)), power(code.subBits(n, half)));
};

/** e^x - 1 for x between -87 and 88, without cancellation near 0. */
function expMinusOne(code: Lockstep, x: Wide): Wide {
  const { minusOne, shifted } = reduced(code, x);
  const power = code.addBits(code.shiftLeft(shifted, 23), code.bits(ONE_BITS));
  return code.madd(minusOne, power, code.sub(power, 1));
}

/** (e^2|x| - 1) / (e^2|x| + 1) with the sign of x; at most 2 ulp. */
const tanh: VectorFunction = (code, x) => {
  const sign = code.step(v128.and, x, code.bits(SIGN_BIT));
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

/** log x = e ln2 + log m with m between the square roots of 1/2 and 2, as Cephes' logf; at most 2 ulp. */
export const log: VectorFunction = (code, x) => {
  const tiny = code.less(x, 2 ** -126);
  const scaled = code.choose(tiny, code.mul(x, 2 ** 23), x);
  const exponent = code.shiftRight(code.subBits(scaled, code.bits(SQRT_HALF_BITS)), 23);
  const r = code.sub(code.subBits(scaled, code.shiftLeft(exponent, 23)), 1);
  const e = code.sub(code.step(i32x4.toF32x4, exponent), code.and(tiny, 23));
  const square = code.mul(r, r);
  const tail = code.madd(code.mul(square, r), code.polynomial(r, LOG), code.mul(e, -2.1219444e-4));
  const finite = code.madd(e, 0.693359375, code.add(code.madd(square, -0.5, tail), r));
  // +Infinity and NaN stay; 0 gives -Infinity; below it all bits are set, which is a NaN.
  const large = code.choose(code.less(x, Infinity), finite, x);
  const zero = code.step(f32x4.eq, x, 0);
  return code.step(v128.or, code.choose(zero, code.constant(-Infinity), large), code.less(x, 0));
};

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

/** Minimax fraction of the upper tail of the normal distribution times e^(t^2 / 2), 0 <= t <= 13.2; relative error 1e-7 around 0. */
const TAIL_P = [0.014733170004524437, 0.10966711345229292, 0.34466305525419233, 0.49999995866828156];
const TAIL_Q = [0.03694140332517718, 0.27453026997462837, 0.9060002922000397, 1.4872057138006496, 1];

/** The normal distribution: its cumulative function, right relative to itself in both tails, and e^(-x^2 / 2). */
export function normal(code: Lockstep, x: Wide): { cumulative: Wide; density: Wide } {
  const size = code.abs(x);
  const t = code.min(size, 13.2);
  // Where the density is no normal float32 it counts as 0.
  const density = code.and(code.less(size, 13.2), expNormal(code, code.mul(code.mul(t, -0.5), t)));
  const tail = code.div(code.mul(density, code.polynomial(t, TAIL_P)), code.polynomial(t, TAIL_Q));
  return { cumulative: code.choose(code.less(x, 0), tail, code.sub(1, tail)), density };
}

const onePlusExpMinus = (code: Lockstep, x: Wide): Wide => code.add(exp(code, code.neg(x)), 1);

export const sigmoid: VectorFunction = (code, x) => code.div(1, onePlusExpMinus(code, x));

/** x + 3 clamped to [0, 6]. */
const relu6Shifted: VectorFunction = (code, x) => code.min(code.max(code.add(x, 3), 0), 6);

/** The functions of one element that have a vector form; those above the blank line are exact or correctly rounded. */
export const vectorFunctions: Partial<Record<UnaryName, VectorFunction>> = {
  neg: (code, x) => code.neg(x),
  abs: (code, x) => code.abs(x),
  sign: (code, x) => code.step(v128.or, code.and(code.less(0, x), 1), code.and(code.less(x, 0), -1)),
  square: (code, x) => code.mul(x, x),
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
  exp,
  log,
  log1p,
  tanh,
  erf,
  sigmoid,
  silu: (code, x) => code.div(x, onePlusExpMinus(code, x)),
  gelu: (code, x) => code.mul(x, normal(code, x).cumulative),
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
  hardsigmoid: (code, x) => code.div(relu6Shifted(code, x), 6),
  hardswish: (code, x) => code.div(code.mul(x, relu6Shifted(code, x)), 6),
  softsign: (code, x) => code.div(x, code.add(code.abs(x), 1)),
};

/** A function of the lanes and of numbers that are the same for all. */
export type ParametricFunction = (code: Lockstep, x: Wide, ...params: readonly Wide[]) => Wide;

/** How many numbers each takes, and its vector form; the exact ones are above the blank line. */
export const parametricFunctions: Partial<Record<ParametricName, readonly [count: number, of: ParametricFunction]>> = {
  clamp: [2, (code, x, low, high) => code.min(code.max(x, low!), high!)],
  threshold: [2, (code, x, threshold, value) => code.choose(code.step(f32x4.le, x, threshold!), value!, x)],
  leakyRelu: [1, (code, x, slope) => code.choose(code.less(0, x), x, code.mul(x, slope!))],
  hardshrink: [1, (code, x, lambd) => code.step((v, l) => v128.andNot(v, f32x4.le(f32x4.abs(v), l)), x, lambd!)],

  elu: [
    3,
    (code, x, alpha, scale, inputScale) => {
      const curve = expMinusOne(code, code.max(code.min(code.mul(x, inputScale!), 0), -80));
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
