import type { ParametricName, TestName, UnaryName } from '../contract/elementwise.js';
import { rint } from './rint.js';
import { each, type UnaryRow } from './rows.js';
import { digamma, erf, erfc, erfinv, lgamma, trigamma } from './special.js';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** log(1 + exp(x)), without overflow. */
const softplus = (x: number): number => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));

const relu6 = (x: number): number => Math.min(Math.max(x, 0), 6);

/** A row that rounds every step to the dtype, as PyTorch and the SIMD kernels do. */
const stepwise =
  (f: (x: number, round: (step: number) => number) => number): UnaryRow =>
  (x, xi, xs, y, yi, ys, n) => {
    const round = y instanceof Float32Array ? Math.fround : (step: number): number => step;
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = f(x[xi]!, round);
  };

const GELU_INNER = Math.sqrt(2 / Math.PI);

export const unary: Record<UnaryName, UnaryRow> = {
  neg: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = -x[xi]!;
  },
  abs: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.abs(x[xi]!);
  },
  sign: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! > 0 ? 1 : x[xi]! < 0 ? -1 : 0;
  },
  square: (x, xi, xs, y, yi, ys, n) => {
    const wraps = y instanceof Int32Array;
    if (wraps) for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.imul(x[xi]!, x[xi]!);
    else for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! * x[xi]!;
  },
  cube: stepwise((x, round) => round(x * x) * x),
  relu: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! <= 0 ? 0 : x[xi]!;
  },
  sqrt: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.sqrt(x[xi]!);
  },
  rsqrt: stepwise((x, round) => 1 / round(Math.sqrt(x))),
  reciprocal: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = 1 / x[xi]!;
  },
  floor: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.floor(x[xi]!);
  },
  ceil: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.ceil(x[xi]!);
  },
  trunc: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.trunc(x[xi]!);
  },
  frac: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! - Math.trunc(x[xi]!);
  },
  round: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = rint(x[xi]!);
  },
  bitwiseNot: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = ~x[xi]!;
  },
  exp: each(Math.exp),
  exp2: each((x) => 2 ** x),
  expm1: each(Math.expm1),
  log: each(Math.log),
  log2: each(Math.log2),
  log10: each(Math.log10),
  log1p: each(Math.log1p),
  sin: each(Math.sin),
  cos: each(Math.cos),
  tan: each(Math.tan),
  asin: each(Math.asin),
  acos: each(Math.acos),
  atan: each(Math.atan),
  sinh: each(Math.sinh),
  cosh: each(Math.cosh),
  tanh: each(Math.tanh),
  asinh: each(Math.asinh),
  acosh: each(Math.acosh),
  atanh: each(Math.atanh),
  sinc: each((x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))),
  logit: each((x) => Math.log(x / (1 - x))),
  erf: each(erf),
  erfc: each(erfc),
  erfinv: each(erfinv),
  lgamma: each(lgamma),
  digamma: each(digamma),
  trigamma: each(trigamma),
  sigmoid: each(sigmoid),
  logsigmoid: each((x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))),
  silu: each((x) => x / (1 + Math.exp(-x))),
  mish: each((x) => x * Math.tanh(softplus(x))),
  gelu: each((x) => 0.5 * x * erfc(-x * Math.SQRT1_2)),
  geluTanh: each((x) => 0.5 * x * (1 + Math.tanh(GELU_INNER * (x + 0.044715 * x * x * x)))),
  hardsigmoid: stepwise((x, round) => relu6(round(x + 3)) / 6),
  hardswish: stepwise((x, round) => round(x * relu6(round(x + 3))) / 6),
  softsign: stepwise((x, round) => x / round(1 + Math.abs(x))),
  tanhshrink: each((x) => x - Math.tanh(x)),
};

/** Rows of functions with parameters. */
export const parametric: Record<ParametricName, (params: readonly number[]) => UnaryRow> = {
  clamp:
    ([low, high]) =>
    (x, xi, xs, y, yi, ys, n) => {
      for (let i = 0; i < n; i++, xi += xs, yi += ys) {
        const v = x[xi]! < low! ? low! : x[xi]!;
        y[yi] = v > high! ? high! : v;
      }
    },
  threshold:
    ([threshold, value]) =>
    (x, xi, xs, y, yi, ys, n) => {
      for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! <= threshold! ? value! : x[xi]!;
    },
  leakyRelu:
    ([slope]) =>
    (x, xi, xs, y, yi, ys, n) => {
      for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! > 0 ? x[xi]! : x[xi]! * slope!;
    },
  elu: ([alpha, scale, inputScale]) => {
    const negative = alpha! * scale!;
    return each((x) => (x > 0 ? x * scale! : Math.expm1(x * inputScale!) * negative));
  },
  softplus: ([beta, threshold]) => each((x) => (x * beta! > threshold! ? x : Math.log1p(Math.exp(x * beta!)) / beta!)),
  hardshrink:
    ([lambd]) =>
    (x, xi, xs, y, yi, ys, n) => {
      for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.abs(x[xi]!) <= lambd! ? 0 : x[xi]!;
    },
  softshrink: ([lambd]) => each((x) => (x > lambd! ? x - lambd! : x < -lambd! ? x + lambd! : x - x)),
  nanToNum: ([nan, posinf, neginf]) =>
    each((x) => (Number.isNaN(x) ? nan! : x === Infinity ? posinf! : x === -Infinity ? neginf! : x)),
  roundTo:
    ([decimals]) =>
    (x, xi, xs, y, yi, ys, n) => {
      const nearest = y instanceof Float32Array ? Math.fround : Number;
      const power = 10 ** Math.abs(decimals!);
      for (let i = 0; i < n; i++, xi += xs, yi += ys)
        y[yi] = decimals! < 0 ? rint(nearest(x[xi]! / power)) * power : rint(nearest(x[xi]! * power)) / power;
    },
};

export const tests: Record<TestName, UnaryRow> = {
  isnan: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! !== x[xi]! ? 1 : 0;
  },
  isfinite: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! - x[xi]! === 0 ? 1 : 0;
  },
  isinf: each((x) => (x === Infinity || x === -Infinity ? 1 : 0)),
  isposinf: each((x) => (x === Infinity ? 1 : 0)),
  isneginf: each((x) => (x === -Infinity ? 1 : 0)),
  signbit: each((x) => (x < 0 || Object.is(x, -0) ? 1 : 0)),
  logicalNot: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi] === 0 ? 1 : 0;
  },
};
