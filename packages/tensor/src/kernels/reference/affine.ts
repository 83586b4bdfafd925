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

/** The arrays of a gradient kernel: grad, x, scale, offset, the result, then the two sums where wanted. */
type GradArrays = readonly [TypedArray, TypedArray, TypedArray, TypedArray, TypedArray, Float64Array?, Float64Array?];

/** One element of a gradient kernel: positions of grad, x, scale, offset, result and the two sums, in the arrays' order. */
type GradElement = (g: number, x: number, s: number, o: number, d: number, ds: number, dO: number) => void;

/** Visits all elements; without sums their positions are those of the result and must not be used. */
function eachGradient(
  views: readonly View[],
  out: View,
  sums: EncodingSums | null,
  make: (arrays: GradArrays) => GradElement,
): void {
  const all = sums ? [...views, out, sums.scale, sums.offset] : [...views, out, out, out];
  const held = all.slice(0, sums ? all.length : views.length + 1).map((view) => view.storage.array);
  const element = make(held as unknown as GradArrays);
  rows(all, ([g0, x0, s0, o0, d0, p0, q0], [gd, xd, sd, od, dd, pd, qd], n) => {
    let [g, x, s, o, d, p, q] = [g0!, x0!, s0!, o0!, d0!, p0!, q0!];
    for (let i = 0; i < n; i++, g += gd!, x += xd!, s += sd!, o += od!, d += dd!, p += pd!, q += qd!)
      element(g, x, s, o, d, p, q);
  });
}

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
    const wide = grid.wide || isWide(x);
    const [lo, hi] = limits(grid, wide);
    eachGradient(
      [grad, x, scale, offset],
      out,
      sums,
      ([gs, xs, ss, os, dx, ds, dO]) =>
        (gi, xi, si, oi, at, sAt, oAt) => {
          const s = ss[si]!;
          const t = wide ? xs[xi]! / s : fround(xs[xi]! / s);
          const q = wide ? rint(t) - os[oi]! : fround(rint(t) - os[oi]!);
          const g = gs[gi]! * (q >= lo && q <= hi ? 1 : 0);
          const d = wide ? g / s : fround(g / s);
          dx[at] = d;
          if (!ds || !dO) return;
          ds[sAt]! += wide ? -d * t : fround(-d * t);
          dO[oAt]! += -g;
        },
    );
  },

  dequantizeGrad(grad, q, scale, offset, out, sums) {
    const f = isWide(out) ? Number : fround;
    eachGradient(
      [grad, q, scale, offset],
      out,
      sums,
      ([gs, qs, ss, os, dq, ds, dO]) =>
        (gi, qi, si, oi, at, sAt, oAt) => {
          const d = f(gs[gi]! * ss[si]!);
          dq[at] = d;
          if (!ds || !dO) return;
          ds[sAt]! += f(gs[gi]! * f(f(qs[qi]!) + os[oi]!));
          dO[oAt]! += d;
        },
    );
  },

  fakeQuantizeGrad(grad, x, scale, offset, grid, out, sums) {
    const wide = grid.wide || isWide(x);
    const [lo, hi] = limits(grid, wide);
    const f = wide ? Number : fround;
    eachGradient(
      [grad, x, scale, offset],
      out,
      sums,
      ([gs, xs, ss, os, dx, ds, dO]) =>
        (gi, xi, si, oi, at, sAt, oAt) => {
          const [g, s, o] = [gs[gi]!, ss[si]!, os[oi]!];
          const t = wide ? xs[xi]! / s : fround(xs[xi]! / s);
          const r = rint(t);
          const q = wide ? r - o : fround(r - o);
          const m = q >= lo && q <= hi ? 1 : 0;
          dx[at] = g * m;
          if (!ds || !dO) return;
          const [low, high] = [f(o + lo), f(o + hi)];
          const clamped = r < low ? low : r > high ? high : r;
          ds[sAt]! += f(g * f(clamped - f(t * m)));
          dO[oAt]! += f(g * f((1 - m) * s));
        },
    );
  },
};
