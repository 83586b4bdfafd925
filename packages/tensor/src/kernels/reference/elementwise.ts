import { isHalf, type DType } from '../../dtype.js';
import type { Layout } from '../../layout.js';
import type { View } from '../../storage.js';
import type { ElementwiseKernels, TernaryName } from '../contract/elementwise.js';
import { addScaled, binaryRow, compare } from './binary.js';
import { readHalf, writeHalf } from './half.js';
import { each, runBinary, runUnary, type UnaryRow } from './rows.js';
import { parametric, tests, unary } from './unary.js';
import { walk } from './walk.js';

const move: UnaryRow = (x, xi, xs, y, yi, ys, n) => {
  if (xs === 1 && ys === 1 && n > 32) y.set(x.subarray(xi, xi + n), yi);
  else for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]!;
};

const toBool: UnaryRow = (x, xi, xs, y, yi, ys, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi] !== 0 ? 1 : 0;
};

const toNumber = (target: DType) => (target === 'bool' ? (x: number) => (x !== 0 ? 1 : 0) : (x: number) => x);

/** The row that casts between two dtypes; typed arrays truncate and wrap integers as C does. */
function castRow(source: DType, target: DType): UnaryRow {
  if (source === target) return move;
  const read = isHalf(source) ? readHalf[source] : null;
  const write = isHalf(target) ? writeHalf[target] : null;
  if (read && write) return each((x) => write(read(x)));
  if (write) return each(write);
  if (read && target !== 'bool') return each(read);
  if (read) return each((x) => (read(x) !== 0 ? 1 : 0));
  return target === 'bool' ? toBool : move;
}

/** Runs `element` for the positions of four views of one shape. */
function runTernary(
  views: readonly [a: View, b: View, c: View, out: View],
  row: (at: readonly number[], steps: readonly number[], n: number) => void,
): void {
  const layouts: Layout[] = views.map((view) => view.layout);
  walk(
    layouts,
    views.map((view) => view.storage.base),
    row,
  );
}

type Ternary = (a: number, b: number, c: number, value: number) => number;

const { fround } = Math;

/** float32 rounds after every step, as vector instructions do. */
const singleTernary: Partial<Record<TernaryName, Ternary>> = {
  addcmul: (a, b, c, value) => a + fround(fround(fround(value) * b) * c),
  addcdiv: (a, b, c, value) => a + fround(fround(fround(value) * b) / c),
};

const ternary: Record<TernaryName, Ternary> = {
  addcmul: (a, b, c, value) => a + value * b * c,
  addcdiv: (a, b, c, value) => a + (value * b) / c,
  // From whichever end is nearer, so that both ends are met exactly.
  lerp: (a, b, c) => (Math.abs(c) < 0.5 ? a + c * (b - a) : b - (b - a) * (1 - c)),
};

/** a + value * b * c modulo 2^32. */
const integerAddcmul = (a: number, b: number, c: number, value: number): number =>
  a + Math.imul(Math.imul(value, b), c);

export const elementwise: ElementwiseKernels = {
  copy: (x, out) => runUnary(castRow(x.storage.dtype, out.storage.dtype), x, out),
  fill(value, out) {
    const { dtype, array, base } = out.storage;
    const element = isHalf(dtype) ? writeHalf[dtype](value) : toNumber(dtype)(value);
    walk([out.layout], [base], (at, step, n) => {
      if (step[0] === 1) array.fill(element, at[0]!, at[0]! + n);
      else for (let i = 0, p = at[0]!; i < n; i++, p += step[0]!) array[p] = element;
    });
  },
  unary: (name, x, out) =>
    runUnary(name === 'bitwiseNot' && x.storage.dtype === 'bool' ? tests.logicalNot : unary[name], x, out),
  parametric(name, x, out, params) {
    // A float32 is compared with limits of its own precision.
    const single = out.storage.dtype === 'float32';
    runUnary(parametric[name](single ? params.map(fround) : params), x, out);
  },
  binary: (name, a, b, out) => runBinary(binaryRow(name, out.storage.dtype), a, b, out),
  addScaled: (a, b, out, alpha) => runBinary(addScaled(alpha), a, b, out),
  ternary(name, a, b, c, out, value) {
    const [x, y, z, to] = [a.storage.array, b.storage.array, c.storage.array, out.storage.array];
    const single = to instanceof Float32Array ? singleTernary[name] : undefined;
    const f = name === 'addcmul' && to instanceof Int32Array ? integerAddcmul : (single ?? ternary[name]);
    runTernary([a, b, c, out], ([ai, bi, ci, yi], [as, bs, cs, ys], n) => {
      for (let i = 0; i < n; i++) to[yi! + i * ys!] = f(x[ai! + i * as!]!, y[bi! + i * bs!]!, z[ci! + i * cs!]!, value);
    });
  },
  compare: (name, a, b, out) => runBinary(compare[name], a, b, out),
  test: (name, x, out) => runUnary(tests[name], x, out),
  where(condition, a, b, out) {
    const [flags, yes, no, to] = [condition.storage.array, a.storage.array, b.storage.array, out.storage.array];
    runTernary([condition, a, b, out], ([ci, ai, bi, yi], [cs, as, bs, ys], n) => {
      for (let i = 0; i < n; i++) to[yi! + i * ys!] = (flags[ci! + i * cs!] ? yes[ai! + i * as!] : no[bi! + i * bs!])!;
    });
  },
};
