import type { TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { OptimKernels } from '../contract/optim.js';
import { walk } from './walk.js';

/** How results are rounded to a dtype. */
const roundingOf = ({ storage: { dtype } }: View): ((x: number) => number) =>
  dtype === 'float32' ? Math.fround : (x) => x;

/** Calls `element` with the positions of each element of views of one shape. */
function each(views: readonly View[], element: (arrays: readonly TypedArray[], at: readonly number[]) => void): void {
  const arrays = views.map(({ storage }) => storage.array);
  const at = new Array<number>(views.length);
  walk(
    views.map(({ layout }) => layout),
    views.map(({ storage }) => storage.base),
    (starts, steps, count) => {
      for (let i = 0; i < count; i++) {
        for (let o = 0; o < at.length; o++) at[o] = starts[o]! + i * steps[o]!;
        element(arrays, at);
      }
    },
  );
}

export const optim: OptimKernels = {
  adam(param, grad, mean, square, largest, step) {
    const f = roundingOf(param);
    const [beta1, beta2, share1, share2] = [f(step.beta1), f(step.beta2), f(step.share1), f(step.share2)];
    const [root, eps, size] = [f(step.root), f(step.eps), f(step.size)];
    const views = largest ? [param, grad, mean, square, largest] : [param, grad, mean, square];
    each(views, ([p, g, m, v, most], [pi, gi, mi, vi, li]) => {
      const slope = g![gi!]!;
      const first = (m![mi!] = f(f(m![mi!]! * beta1) + f(share1 * slope)));
      let second = (v![vi!] = f(f(v![vi!]! * beta2) + f(f(share2 * slope) * slope)));
      if (most) second = most[li!] = Math.max(most[li!]!, second);
      const denominator = f(f(f(Math.sqrt(second)) / root) + eps);
      p![pi!] = f(p![pi!]! + f(f(-size * first) / denominator));
    });
  },

  descend(param, grad, buffer, step) {
    const f = roundingOf(param);
    const [momentum, share, lr] = [f(step.momentum), f(step.share), f(step.lr)];
    each([param, grad, buffer], ([p, g, b], [pi, gi, bi]) => {
      const slope = g![gi!]!;
      const kept = (b![bi!] = f(f(b![bi!]! * momentum) + f(share * slope)));
      p![pi!] = f(p![pi!]! + f(-lr * (step.nesterov ? f(slope + f(momentum * kept)) : kept)));
    });
  },
};
