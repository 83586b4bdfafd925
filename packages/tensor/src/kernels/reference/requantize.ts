import type { IntegerKernels } from '../contract/integer.js';
import { rint } from './rint.js';
import { walk } from './walk.js';

const { fround } = Math;

export const requantize: Pick<IntegerKernels, 'requantize'> = {
  requantize(acc, multiplier, bias, { zeroPoint, qmin, qmax }, out) {
    const views = [acc, multiplier, bias, out];
    const [from, factors, terms, to] = views.map((view) => view.storage.array);
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([ai, mi, bi, yi], [ad, md, bd, yd], n) => {
        for (let i = 0, a = ai!, m = mi!, b = bi!, y = yi!; i < n; i++, a += ad!, m += md!, b += bd!, y += yd!) {
          const steps = rint(fround(fround(fround(from![a]!) * factors![m]!) + terms![b]!)) + zeroPoint;
          to![y] = steps > qmin ? (steps < qmax ? steps : qmax) : qmin;
        }
      },
    );
  },
};
