import { isFloat, isHalf, type TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { BinaryName, CompareName, ElementwiseKernels, UnaryName } from '../contract/elementwise.js';
import { readHalf, writeHalf } from './half.js';
import { walk } from './walk.js';

/** One row of a function of one element: n elements from x[xi] in steps of xs to y[yi] in steps of ys. */
type UnaryRow = (x: TypedArray, xi: number, xs: number, y: TypedArray, yi: number, ys: number, n: number) => void;

/** One row of a function of two elements. */
type BinaryRow = (
  a: TypedArray,
  ai: number,
  as: number,
  b: TypedArray,
  bi: number,
  bs: number,
  y: TypedArray,
  yi: number,
  ys: number,
  n: number,
) => void;

/** A row that calls `f` for each element: for functions whose own cost hides the call. */
const each =
  (f: (x: number) => number): UnaryRow =>
  (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = f(x[xi]!);
  };

const unary: Record<UnaryName, UnaryRow> = {
  neg: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = -x[xi]!;
  },
  abs: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.abs(x[xi]!);
  },
  relu: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]! <= 0 ? 0 : x[xi]!;
  },
  sqrt: (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = Math.sqrt(x[xi]!);
  },
  sign: each((x) => (x > 0 ? 1 : x < 0 ? -1 : 0)),
  exp: each(Math.exp),
  log: each(Math.log),
  tanh: each(Math.tanh),
};

const binary: Record<BinaryName, BinaryRow> = {
  add: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! + b[bi]!;
  },
  sub: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! - b[bi]!;
  },
  mul: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = a[ai]! * b[bi]!;
  },
  // A double cannot hold the product of two int32: the low 32 bits are what wrap-around wants.
  imul: (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = Math.imul(a[ai]!, b[bi]!);
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
};

const compare: Record<CompareName, BinaryRow> = {
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
};

function runUnary(row: UnaryRow, x: View, out: View): void {
  const from = x.storage.array;
  const to = out.storage.array;
  walk([x.layout, out.layout], [x.storage.base, out.storage.base], (at, step, n) =>
    row(from, at[0]!, step[0]!, to, at[1]!, step[1]!, n),
  );
}

function runBinary(row: BinaryRow, a: View, b: View, out: View): void {
  const left = a.storage.array;
  const right = b.storage.array;
  const to = out.storage.array;
  walk([a.layout, b.layout, out.layout], [a.storage.base, b.storage.base, out.storage.base], (at, step, n) =>
    row(left, at[0]!, step[0]!, right, at[1]!, step[1]!, to, at[2]!, step[2]!, n),
  );
}

const move: UnaryRow = (x, xi, xs, y, yi, ys, n) => {
  if (xs === 1 && ys === 1 && n > 32) y.set(x.subarray(xi, xi + n), yi);
  else for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi]!;
};

const toBool: UnaryRow = (x, xi, xs, y, yi, ys, n) => {
  for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = x[xi] !== 0 ? 1 : 0;
};

/** The row that casts between two dtypes; typed arrays truncate and wrap integers as C does. */
function castRow(from: View, to: View): UnaryRow {
  const source = from.storage.dtype;
  const target = to.storage.dtype;
  if (source === target) return move;
  const read = isHalf(source) ? readHalf[source] : null;
  const write = isHalf(target) ? writeHalf[target] : null;
  if (read || write) return each((x) => (write ?? toNumber(target))((read ?? Number)(x)));
  return target === 'bool' ? toBool : move;
}

const toNumber = (target: string) => (target === 'bool' ? (x: number) => (x !== 0 ? 1 : 0) : (x: number) => x);

export const elementwise: ElementwiseKernels = {
  copy: (x, out) => runUnary(castRow(x, out), x, out),
  fill(value, out) {
    const { dtype, array, base } = out.storage;
    const element = isHalf(dtype) ? writeHalf[dtype](value) : dtype === 'bool' ? Number(value !== 0) : value;
    walk([out.layout], [base], (at, step, n) => {
      if (step[0] === 1) array.fill(element, at[0]!, at[0]! + n);
      else for (let i = 0, p = at[0]!; i < n; i++, p += step[0]!) array[p] = element;
    });
  },
  unary: (name, x, out) => runUnary(unary[name], x, out),
  binary: (name, a, b, out) => runBinary(name === 'mul' && !isFloat(out.storage.dtype) ? binary.imul : binary[name], a, b, out),
  compare: (name, a, b, out) => runBinary(compare[name], a, b, out),
  where(condition, a, b, out) {
    const views = [condition, a, b, out];
    const [flags, yes, no, to] = views.map((view) => view.storage.array) as [TypedArray, TypedArray, TypedArray, TypedArray];
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([ci, ai, bi, yi], [cs, as, bs, ys], n) => {
        for (let i = 0; i < n; i++) to[yi! + i * ys!] = (flags[ci! + i * cs!] ? yes[ai! + i * as!] : no[bi! + i * bs!])!;
      },
    );
  },
};
