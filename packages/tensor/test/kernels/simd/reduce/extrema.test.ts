import fc from 'fast-check';
import { elements, lie, output, reference, simd, viewOf } from '../views.js';

describe('SIMD extrema', () => {
  it('equal the reference for lines and columns of any length, NaN and infinities included', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 700 }), lie, (outer, inner, how) => {
        const x = viewOf([outer, inner], how, how.shift % 2 === 0);
        const [min, max, low, high] = [0, 1, 2, 3].map(() => output([outer]));
        simd.extrema(x, min!, max!);
        reference.extrema(x, low!, high!);
        // The sign of a zero is not defined: -0 and 0 compare equal here.
        const plain = (view: typeof min): number[] => [...elements(view!)].map((value) => value + 0);
        expect([plain(min), plain(max)]).toEqual([plain(low), plain(high)]);
      }),
    ));
});
