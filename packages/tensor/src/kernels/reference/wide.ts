import type { IntegerKernels } from '../contract/integer.js';
import { walk } from './walk.js';

/** Integers of more than a byte as bytes, and sums of their products put together again. */
export const wide: Pick<IntegerKernels, 'splitBytes' | 'joinBytes'> = {
  splitBytes(x, shift, high, low) {
    const views = [x, high, low];
    const [from, upper, lower] = views.map((view) => view.storage.array);
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([xi, hi, li], [xd, hd, ld], n) => {
        for (let i = 0, p = xi!, h = hi!, l = li!; i < n; i++, p += xd!, h += hd!, l += ld!) {
          const value = from![p]! - shift;
          upper![h] = value >> 8;
          lower![l] = value & 255;
        }
      },
    );
  },

  joinBytes(high, low, out) {
    const views = [high, low, out];
    const [upper, lower, to] = views.map((view) => view.storage.array);
    walk(
      views.map((view) => view.layout),
      views.map((view) => view.storage.base),
      ([hi, li, yi], [hd, ld, yd], n) => {
        for (let i = 0, h = hi!, l = li!, y = yi!; i < n; i++, h += hd!, l += ld!, y += yd!)
          to![y] = Math.imul(upper![h]!, 256) + lower![l]!;
      },
    );
  },
};
