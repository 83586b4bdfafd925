import { isFloat, type DType } from '../../dtype.js';
import type { BinaryName, CompareName } from '../contract/elementwise.js';
import { eachPair, type BinaryRow } from './rows.js';
import { erfc } from './special.js';

/** The normal density at 0. */
const DENSITY_AT_ZERO = 1 / Math.sqrt(2 * Math.PI);

/** As C's pow: 1 to any power and any number to the power of 0 are 1, and so is -1 to an infinite one. */
const pow = (a: number, b: number): number =>
  a === 1 || (a === -1 && (b === Infinity || b === -Infinity)) ? 1 : a ** b;

/** Integer power modulo 2^32; negative exponents truncate as 1 / x does. */
function integerPow(a: number, b: number): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let base = a; b > 0; b = Math.floor(b / 2), base = Math.imul(base, base))
    if (b % 2 === 1) result = Math.imul(result, base);
  return result;
}

/** Remainder with the sign of the divisor. */
function remainder(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

/** floor(a / b), without the error of a quotient that rounds up to an integer: as Python's float floor division. */
function divFloor(a: number, b: number): number {
  if (b === 0) return a / b;
  const rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && b < 0 !== rest < 0) quotient -= 1;
  if (quotient === 0) return a / b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** log(base^a + base^b) without overflow, in units where exp1p(d) = log(1 + base^d). */
const logAdd =
  (log1pPower: (d: number) => number) =>
  (a: number, b: number): number =>
    a === b && !Number.isFinite(a) ? a : Math.max(a, b) + log1pPower(-Math.abs(a - b));

export const binary: Record<BinaryName, BinaryRow> = {
  add: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! + b[bi]!;
  },
  sub: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! - b[bi]!;
  },
  mul: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! * b[bi]!;
  },
  div: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! / b[bi]!;
  },
  // Math.max and Math.min propagate NaN, as torch.maximum does.
  maximum: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = Math.max(a[ai]!, b[bi]!);
  },
  minimum: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = Math.min(a[ai]!, b[bi]!);
  },
  fmax: eachPair((a, b) => (a >= b || b !== b ? a : b)),
  fmin: eachPair((a, b) => (a <= b || b !== b ? a : b)),
  divFloor: eachPair(divFloor),
  divTrunc: eachPair((a, b) => Math.trunc(a / b)),
  remainder: eachPair(remainder),
  fmod: eachPair((a, b) => a % b),
  pow: eachPair(pow),
  atan2: eachPair(Math.atan2),
  hypot: eachPair(Math.hypot),
  copysign: eachPair((a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a))),
  xlogy: eachPair((a, b) => (b !== b ? NaN : a === 0 ? 0 : a * Math.log(b))),
  logaddexp: eachPair(logAdd((d) => Math.log1p(Math.exp(d)))),
  logaddexp2: eachPair(logAdd((d) => Math.log1p(2 ** d) * Math.LOG2E)),
  heaviside: eachPair((a, b) => (a !== a ? NaN : a === 0 ? b : a > 0 ? 1 : 0)),
  reluGrad: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = b[bi]! <= 0 ? 0 : a[ai]!;
  },
  sigmoidGrad: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! * (1 - b[bi]!) * b[bi]!;
  },
  tanhGrad: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! * (1 - b[bi]! * b[bi]!);
  },
  siluGrad: eachPair((grad, x) => {
    const gate = 1 / (1 + Math.exp(-x));
    return grad * gate * (1 + x * (1 - gate));
  }),
  geluGrad: eachPair(
    (grad, x) => grad * (0.5 * erfc(-x * Math.SQRT1_2) + x * Math.exp(-0.5 * x * x) * DENSITY_AT_ZERO),
  ),
  bitwiseAnd: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! & b[bi]!;
  },
  bitwiseOr: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! | b[bi]!;
  },
  bitwiseXor: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! ^ b[bi]!;
  },
  leftShift: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    const width = y.BYTES_PER_ELEMENT * 8;
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys)
      y[yi] = b[bi]! < 0 || b[bi]! >= width ? 0 : a[ai]! << b[bi]!;
  },
  // A 32-bit shift by 31 leaves 0 or the sign of any narrower integer too.
  rightShift: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys)
      y[yi] = a[ai]! >> (b[bi]! < 0 || b[bi]! > 31 ? 31 : b[bi]!);
  },
};

/** Where integers need another loop: a double cannot hold the product of two int32, the low 32 bits are what wrap-around wants. */
const integer: Partial<Record<BinaryName, BinaryRow>> = {
  mul: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = Math.imul(a[ai]!, b[bi]!);
  },
  divFloor: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = Math.floor(a[ai]! / b[bi]!);
  },
  pow: eachPair(integerPow),
};

/** The row of a function of two elements for a dtype. */
export function binaryRow(name: BinaryName, dtype: DType): BinaryRow {
  if (dtype === 'bool' && name === 'add') return binary.bitwiseOr;
  return (isFloat(dtype) ? undefined : integer[name]) ?? binary[name];
}

/** a + param * b; float32 rounds after the product too, as vector instructions do. */
export const addScaled =
  (param: number): BinaryRow =>
  (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    const single = Math.fround(param);
    if (y instanceof Int32Array)
      for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! + Math.imul(param, b[bi]!);
    else if (y instanceof Float32Array)
      for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! + Math.fround(single * b[bi]!);
    else for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! + param * b[bi]!;
  };

export const compare: Record<CompareName, BinaryRow> = {
  eq: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai] === b[bi] ? 1 : 0;
  },
  ne: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai] !== b[bi] ? 1 : 0;
  },
  lt: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! < b[bi]! ? 1 : 0;
  },
  le: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! <= b[bi]! ? 1 : 0;
  },
  gt: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! > b[bi]! ? 1 : 0;
  },
  ge: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! >= b[bi]! ? 1 : 0;
  },
  logicalAnd: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai] !== 0 && b[bi] !== 0 ? 1 : 0;
  },
  logicalOr: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai] !== 0 || b[bi] !== 0 ? 1 : 0;
  },
  logicalXor: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = (a[ai] !== 0) !== (b[bi] !== 0) ? 1 : 0;
  },
};
