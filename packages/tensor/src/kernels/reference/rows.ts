import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import { walk } from './walk.js';

/** One row of a function of one element: n elements from x[xi] in steps of xs to y[yi] in steps of ys. */
export type UnaryRow = (
  x: TypedArray,
  xi: number,
  xs: number,
  y: TypedArray,
  yi: number,
  ys: number,
  n: number,
) => void;

/** One row of a function of two elements. */
export type BinaryRow = (
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
export const each =
  (f: (x: number) => number): UnaryRow =>
  (x, xi, xs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, xi += xs, yi += ys) y[yi] = f(x[xi]!);
  };

/** The same for two elements. */
export const eachPair =
  (f: (a: number, b: number) => number): BinaryRow =>
  (a, ai, as, b, bi, bs, y, yi, ys, n) => {
    for (let i = 0; i < n; i++, ai += as, bi += bs, yi += ys) y[yi] = f(a[ai]!, b[bi]!);
  };

/** Runs a row over views of one shape. */
export function runUnary(row: UnaryRow, x: View, out: View): void {
  const from = x.storage.array;
  const to = out.storage.array;
  const start = x.layout.offset + x.storage.base;
  const target = out.layout.offset + out.storage.base;
  if (x.layout.isContiguous && out.layout.isContiguous) return row(from, start, 1, to, target, 1, out.layout.numel);
  walk([x.layout, out.layout], [x.storage.base, out.storage.base], (at, step, n) =>
    row(from, at[0]!, step[0]!, to, at[1]!, step[1]!, n),
  );
}

/** 1 for a contiguous layout, 0 for a single element stretched over the shape, null for any other. */
function simpleStep({ isContiguous, strides }: View['layout']): 0 | 1 | null {
  if (isContiguous) return 1;
  for (let d = 0; d < strides.length; d++) if (strides[d] !== 0) return null;
  return 0;
}

/** Runs a row over three views of one shape. */
export function runBinary(row: BinaryRow, a: View, b: View, out: View): void {
  const left = a.storage.array;
  const right = b.storage.array;
  const to = out.storage.array;
  const as = simpleStep(a.layout);
  const bs = simpleStep(b.layout);
  if (as !== null && bs !== null && out.layout.isContiguous) {
    const ai = a.layout.offset + a.storage.base;
    const bi = b.layout.offset + b.storage.base;
    return row(left, ai, as, right, bi, bs, to, out.layout.offset + out.storage.base, 1, out.layout.numel);
  }
  walk([a.layout, b.layout, out.layout], [a.storage.base, b.storage.base, out.storage.base], (at, step, n) =>
    row(left, at[0]!, step[0]!, right, at[1]!, step[1]!, to, at[2]!, step[2]!, n),
  );
}
