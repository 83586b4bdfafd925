import type { AffineGrid } from '../contract/affine.js';
import type { IntegerKernels, Scaled, ScaledBinaryName } from '../contract/integer.js';
import { eachRegion } from './pool.js';
import { rint } from './rint.js';
import { walk } from './walk.js';

const { fround } = Math;

const functions: Record<ScaledBinaryName, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};

/** The float32 that an integer stands for. */
const number = (q: number, { scale, offset }: Scaled): number => fround(fround(fround(q) + offset) * scale);

/** A float32 on a grid. */
const onGrid = (y: number, { scale, offset }: Scaled, { qmin, qmax }: Omit<AffineGrid, 'wide'>): number => {
  const steps = fround(rint(fround(y / scale)) - offset);
  return steps < qmin ? qmin : steps > qmax ? qmax : steps;
};

/** Integers that stand for numbers. */
export const scaled: Pick<IntegerKernels, 'binaryScaled' | 'lookup' | 'averageScaled'> = {
  binaryScaled(name, a, b, grid, out) {
    const views = [a.view, b.view, out.view];
    const [xs, ys, to] = views.map((view) => view.storage.array);
    const f = functions[name];
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([ai, bi, zi], [ad, bd, zd], n) => {
        for (let i = 0, p = ai!, q = bi!, z = zi!; i < n; i++, p += ad!, q += bd!, z += zd!) {
          to![z] = onGrid(fround(f(number(xs![p]!, a), number(ys![q]!, b))), out, grid);
        }
      },
    );
  },

  lookup(x, table, first, out) {
    const [from, entries, to] = [x, table, out].map((view) => view.storage.array);
    const shift = table.storage.base + table.layout.offset - first;
    walk([x.layout, out.layout], [x.storage.base, out.storage.base], ([xi, yi], [xd, yd], n) => {
      for (let i = 0, p = xi!, y = yi!; i < n; i++, p += xd!, y += yd!) to![y] = entries![from![p]! + shift]!;
    });
  },

  averageScaled(x, regions, divisor, grid, out) {
    const [from, to] = [x.view.storage.array, out.view.storage.array];
    const [, , , rows, columns] = x.view.layout.shape as [number, number, number, number, number];
    eachRegion(x.view, out.view, regions, (input, output, d0, d1, h0, h1, w0, w1, length) => {
      let sum = 0;
      for (let d = d0; d < d1; d++)
        for (let h = h0; h < h1; h++)
          for (let i = input + (d * rows + h) * columns + w0, end = i + w1 - w0; i < end; i++)
            sum += number(from[i]!, x);
      const mean = d0 < d1 && h0 < h1 && w0 < w1 ? fround(sum / (divisor ?? length)) : 0;
      to[output] = onGrid(mean, out, grid);
    });
  },
};
