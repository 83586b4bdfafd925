import type { IntegerKernels, ScaledBinaryName } from '../contract/integer.js';
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

/** Integers that stand for numbers, element by element. */
export const scaled: Pick<IntegerKernels, 'binaryScaled' | 'lookup'> = {
  binaryScaled(name, a, b, { qmin, qmax }, out) {
    const views = [a.view, b.view, out.view];
    const [xs, ys, to] = views.map((view) => view.storage.array);
    const f = functions[name];
    const number = (q: number, scale: number, offset: number): number => fround(fround(fround(q) + offset) * scale);
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([ai, bi, zi], [ad, bd, zd], n) => {
        for (let i = 0, p = ai!, q = bi!, z = zi!; i < n; i++, p += ad!, q += bd!, z += zd!) {
          const y = fround(f(number(xs![p]!, a.scale, a.offset), number(ys![q]!, b.scale, b.offset)));
          const steps = fround(rint(fround(y / out.scale)) - out.offset);
          to![z] = steps < qmin ? qmin : steps > qmax ? qmax : steps;
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
};
