import fc from 'fast-check';
import { firstDifference, lie, output, reference, simd, viewOf } from './views.js';

describe('SIMD histogram', () => {
  it('counts exactly as the reference: edges, NaN, infinities, values outside', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom([-4, 4], [-1, 0.5], [0, 1], [-2.5, 2.5]),
        lie,
        (n, bins, [lo, hi], how) => {
          const x = viewOf([n], { ...how, flipped: false, broadcast: -1 });
          const [ours, theirs] = [output([bins]), output([bins])];
          simd.histogram(x, lo!, hi!, ours);
          reference.histogram(x, lo!, hi!, theirs);
          expect(firstDifference(ours, theirs)).toBe(-1);
        },
      ),
    ));
});
