import type { UnaryName } from '../contract/elementwise.js';
import { f32x4, v128 } from './assembler.js';
import type { Lockstep, Wide } from './lockstep.js';

/** A function of the lanes, written step by step. */
export type VectorFunction = (code: Lockstep, x: Wide) => Wide;

/** Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits. */
const ROUNDER = 12582912;
const ROUNDER_BITS = 0x4b400000;

/** Coefficients of Cephes' expf. */
const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];

/** x = n ln2 + r: e^r by Cephes' expf, and the integer n. */
function reduced(code: Lockstep, x: Wide): { mantissa: Wide; n: Wide } {
  const shifted = code.add(code.mul(x, Math.LOG2E), ROUNDER);
  const n = code.sub(shifted, ROUNDER);
  const r = code.madd(n, 2.1219444e-4, code.madd(n, -0.693359375, x));
  const mantissa = code.add(code.madd(code.mul(code.polynomial(r, EXP), r), r, r), 1);
  return { mantissa, n: code.subBits(shifted, code.bits(ROUNDER_BITS)) };
}

/** e^x for x that give a normal result: 2^n goes straight into the exponent. */
export function expNormal(code: Lockstep, x: Wide): Wide {
  const { mantissa, n } = reduced(code, x);
  return code.addBits(mantissa, code.shiftLeft(n, 23));
}

/** e^x over the whole range, infinities, NaN and denormal results included: 2^n in two factors, so that neither overflows. */
export const exp: VectorFunction = (code, x) => {
  const { mantissa, n } = reduced(code, code.max(code.min(x, 89), -105));
  const half = code.shiftRight(n, 1);
  const bias = code.bits(127);
  const power = (exponent: Wide): Wide => code.shiftLeft(code.addBits(exponent, bias), 23);
  return code.mul(code.mul(mantissa, power(half)), power(code.subBits(n, half)));
};

/** Coefficients of Cephes' tanhf for |x| < 0.625: x + x^3 p(x^2). */
const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];

/** 1 - 2 / (e^2|x| + 1) with the sign of x, and a polynomial near 0; at most 2 ulp. */
const tanh: VectorFunction = (code, x) => {
  const size = code.abs(x);
  const e = expNormal(code, code.min(code.add(size, size), 20));
  const far = code.choose(code.bits(0x7fffffff), code.sub(1, code.div(2, code.add(e, 1))), x);
  const square = code.mul(x, x);
  const near = code.madd(code.mul(code.polynomial(square, TANH), square), x, x);
  return code.choose(code.less(size, 0.625), near, far);
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
  return code.div(code.mul(code.polynomial(square, ERF_P), clamped), code.polynomial(square, ERF_Q));
};

const onePlusExpMinus = (code: Lockstep, x: Wide): Wide => code.add(exp(code, code.neg(x)), 1);

/** The functions of one element that have a vector form; those above the blank line are exact or correctly rounded. */
export const vectorFunctions: Partial<Record<UnaryName, VectorFunction>> = {
  neg: (code, x) => code.neg(x),
  abs: (code, x) => code.abs(x),
  square: (code, x) => code.mul(x, x),
  sqrt: (code, x) => code.step(f32x4.sqrt, x),
  reciprocal: (code, x) => code.div(1, x),
  floor: (code, x) => code.step(f32x4.floor, x),
  ceil: (code, x) => code.step(f32x4.ceil, x),
  trunc: (code, x) => code.step(f32x4.trunc, x),
  round: (code, x) => code.step(f32x4.nearest, x),
  // x <= 0 ? 0 : x, which keeps NaN.
  relu: (code, x) => code.step((v) => v128.andNot(v, f32x4.le(v, v128.zero)), x),

  exp,
  tanh,
  sigmoid: (code, x) => code.div(1, onePlusExpMinus(code, x)),
  silu: (code, x) => code.div(x, onePlusExpMinus(code, x)),
  gelu: (code, x) => {
    const half = code.mul(x, 0.5);
    return code.madd(half, erf(code, code.mul(x, Math.SQRT1_2)), half);
  },
};
