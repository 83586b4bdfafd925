import { isFloat, type TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { AffineGrid, AffineKernels, EncodingSums } from '../contract/affine.js';
import { rint } from './rint.js';
import { walk } from './walk.js';

const { fround } = Math;

/** Row-wise visit of views of one shape: arrays by operand, then positions, steps and length of each row. */
type Row = (at: readonly number[], step: readonly number[], n: number) => void;

function rows(views: readonly View[], row: Row): void {
  walk(
    views.map((view) => view.layout),
    views.map((view) => view.storage.base),
    row,
  );
}

const arrays = (views: readonly View[]): TypedArray[] => views.map((view) => view.storage.array);

const isWide = (x: View): boolean => x.storage.dtype === 'float64';

/** Limits as the arithmetic sees them. */
const limits = ({ qmin, qmax }: AffineGrid, exact: boolean): [number, number] =>
  exact ? [qmin, qmax] : [fround(qmin), fround(qmax)];

/** Views of a gradient kernel in a fixed order; without sums the output stands in for them and is not read. */
const withSums = (views: readonly View[], out: View, sums: EncodingSums | null): View[] =>
  sums ? [...views, out, sums.scale, sums.offset] : [...views, out];

export const affine: AffineKernels = {
  quantize(x, scale, offset, grid, out) {
    const views = [x, scale, offset, out];
    const [xs, ss, os, to] = arrays(views) as [TypedArray, TypedArray, TypedArray, TypedArray];
    const wide = grid.wide || isWide(x);
    // A float32 limit may lie outside an integer dtype, where it would wrap around.
    const [lo, hi] = limits(grid, wide || !isFloat(out.storage.dtype));
    rows(views, ([xi, si, oi, yi], [xd, sd, od, yd], n) => {
      for (let i = 0, x0 = xi!, s0 = si!, o0 = oi!, y0 = yi!; i < n; i++, x0 += xd!, s0 += sd!, o0 += od!, y0 += yd!) {
        const t = xs[x0]! / ss[s0]!;
        const q = rint(wide ? t : fround(t)) - os[o0]!;
        const v = wide ? q : fround(q);
        to[y0] = v < lo ? lo : v > hi ? hi : v;
      }
    });
  },

  dequantize(q, scale, offset, out) {
    const views = [q, scale, offset, out];
    const [qs, ss, os, to] = arrays(views) as [TypedArray, TypedArray, TypedArray, TypedArray];
    const wide = isWide(out);
    rows(views, ([qi, si, oi, yi], [qd, sd, od, yd], n) => {
      for (let i = 0, q0 = qi!, s0 = si!, o0 = oi!, y0 = yi!; i < n; i++, q0 += qd!, s0 += sd!, o0 += od!, y0 += yd!) {
        const shifted = wide ? qs[q0]! + os[o0]! : fround(fround(qs[q0]!) + os[o0]!);
        to[y0] = shifted * ss[s0]!;
      }
    });
  },

  fakeQuantize(x, scale, offset, grid, out) {
    const views = [x, scale, offset, out];
    const [xs, ss, os, to] = arrays(views) as [TypedArray, TypedArray, TypedArray, TypedArray];
    const wide = grid.wide || isWide(x);
    const [lo, hi] = limits(grid, wide);
    rows(views, ([xi, si, oi, yi], [xd, sd, od, yd], n) => {
      for (let i = 0, x0 = xi!, s0 = si!, o0 = oi!, y0 = yi!; i < n; i++, x0 += xd!, s0 += sd!, o0 += od!, y0 += yd!) {
        const s = ss[s0]!;
        const o = os[o0]!;
        const t = xs[x0]! / s;
        const shifted = rint(wide ? t : fround(t)) - o;
        const v = wide ? shifted : fround(shifted);
        const q = v < lo ? lo : v > hi ? hi : v;
        to[y0] = (wide ? q + o : fround(q + o)) * s;
      }
    });
  },

  quantizeGrad(grad, x, scale, offset, grid, out, sums) {
    const views = withSums([grad, x, scale, offset], out, sums);
    const [gs, xs, ss, os, dx, ds, dO] = arrays(views) as [
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
    ];
    const wide = grid.wide || isWide(x);
    const f = wide ? Number : fround;
    const [lo, hi] = limits(grid, wide);
    rows(views, (at, step, n) => {
      for (let i = 0; i < n; i++) {
        const [g, v] = [gs[at[0]! + i * step[0]!]!, xs[at[1]! + i * step[1]!]!];
        const [s, o] = [ss[at[2]! + i * step[2]!]!, os[at[3]! + i * step[3]!]!];
        const t = f(v / s);
        const q = f(rint(t) - o);
        const mg = f(g * (q >= lo && q <= hi ? 1 : 0));
        const d = f(mg / s);
        dx[at[4]! + i * step[4]!] = d;
        if (sums === null) continue;
        ds[at[5]! + i * step[5]!]! += f(-d * t);
        dO[at[6]! + i * step[6]!]! += -mg;
      }
    });
  },

  dequantizeGrad(grad, q, scale, offset, out, sums) {
    const views = withSums([grad, q, scale, offset], out, sums);
    const [gs, qs, ss, os, dq, ds, dO] = arrays(views) as [
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
    ];
    const f = isWide(out) ? Number : fround;
    rows(views, (at, step, n) => {
      for (let i = 0; i < n; i++) {
        const g = gs[at[0]! + i * step[0]!]!;
        const d = f(g * ss[at[2]! + i * step[2]!]!);
        dq[at[4]! + i * step[4]!] = d;
        if (sums === null) continue;
        ds[at[5]! + i * step[5]!]! += f(g * f(f(qs[at[1]! + i * step[1]!]!) + os[at[3]! + i * step[3]!]!));
        dO[at[6]! + i * step[6]!]! += d;
      }
    });
  },

  fakeQuantizeGrad(grad, x, scale, offset, grid, out, sums) {
    const views = withSums([grad, x, scale, offset], out, sums);
    const [gs, xs, ss, os, dx, ds, dO] = arrays(views) as [
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
      TypedArray,
    ];
    const wide = grid.wide || isWide(x);
    const f = wide ? Number : fround;
    const [lo, hi] = limits(grid, wide);
    rows(views, (at, step, n) => {
      for (let i = 0; i < n; i++) {
        const [g, v] = [gs[at[0]! + i * step[0]!]!, xs[at[1]! + i * step[1]!]!];
        const [s, o] = [ss[at[2]! + i * step[2]!]!, os[at[3]! + i * step[3]!]!];
        const t = f(v / s);
        const r = rint(t);
        const q = f(r - o);
        const m = q >= lo && q <= hi ? 1 : 0;
        dx[at[4]! + i * step[4]!] = g * m;
        if (sums === null) continue;
        const [low, high] = [f(o + lo), f(o + hi)];
        const clamped = r < low ? low : r > high ? high : r;
        ds[at[5]! + i * step[5]!]! += f(g * f(clamped - f(t * m)));
        dO[at[6]! + i * step[6]!]! += f(g * f((1 - m) * s));
      }
    });
  },
};
