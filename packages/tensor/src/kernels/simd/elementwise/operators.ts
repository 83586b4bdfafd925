import type { BinaryName, CompareName, TernaryName } from '../../contract/elementwise.js';
import { f32x4, v128, type Expr } from '../assembler/assembler.js';
import { normal, sigmoid } from './functions.js';
import type { Lockstep, Wide } from './lockstep.js';
import type { Body } from './rows.js';

type Pair = (code: Lockstep, a: Wide, b: Wide) => Wide;

const instruction =
  (of: (a: Expr<'v128'>, b: Expr<'v128'>) => Expr<'v128'>): Pair =>
  (code, a, b) =>
    code.step(of, a, b);

/** 1 / sqrt(2 pi) */
const DENSITY_AT_ZERO = 0.3989422804014327;

/** The functions of two elements that have a vector form; those above the blank line are exact. */
export const vectorPairs: Partial<Record<BinaryName, Pair>> = {
  add: instruction(f32x4.add),
  sub: instruction(f32x4.sub),
  mul: instruction(f32x4.mul),
  div: instruction(f32x4.div),
  maximum: instruction(f32x4.max),
  minimum: instruction(f32x4.min),
  // y <= 0 ? 0 : grad, which lets the gradient pass at NaN.
  reluGrad: instruction((grad, y) => v128.andNot(grad, f32x4.le(y, v128.zero))),

  sigmoidGrad: (code, grad, y) => code.mul(code.mul(grad, code.sub(1, y)), y),
  // 1 - y^2 in factors, which do not cancel where y is near 1.
  tanhGrad: (code, grad, y) => code.mul(grad, code.mul(code.sub(1, y), code.add(y, 1))),
  siluGrad: (code, grad, x) => {
    const gate = sigmoid(code, x);
    return code.mul(code.mul(grad, gate), code.madd(x, code.sub(1, gate), 1));
  },
  geluGrad: (code, grad, x) => {
    const { cumulative, density } = normal(code, x);
    return code.mul(grad, code.madd(x, code.mul(density, DENSITY_AT_ZERO), cumulative));
  },
};

/** Comparisons of two elements: masks. */
export const vectorComparisons: Partial<Record<CompareName, Pair>> = {
  eq: instruction(f32x4.eq),
  ne: instruction(f32x4.ne),
  lt: instruction(f32x4.lt),
  le: instruction(f32x4.le),
  gt: instruction(f32x4.gt),
  ge: instruction(f32x4.ge),
};

/** The functions of three elements and a number that have a vector form; exact with a rounding after every step. */
export const vectorTriples: Partial<Record<TernaryName, Body>> = {
  addcmul: (code, [a, b, c, value]) => code.add(a!, code.mul(code.mul(value!, b!), c!)),
  addcdiv: (code, [a, b, c, value]) => code.add(a!, code.div(code.mul(value!, b!), c!)),
};
