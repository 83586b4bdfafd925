import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { symmetricRange } from '../../src/analyzers/range.js';
import { kinds } from './kinds.js';

describe('symmetricRange', () => {
  it('holds both ends, with a step for each side', () =>
    fc.assert(
      fc.property(
        fc.float({ min: -100, max: 0, noNaN: true }),
        fc.float({ min: 0, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        (min, max, n) => {
          const [low, high] = symmetricRange([min, max], n);
          const slack = 1e-5 * (1 + Math.abs(min) + max);
          expect(low).toBeLessThanOrEqual(min + slack);
          // A single step lies below zero: nothing above it is on the grid.
          if (n > 1) expect(high).toBeGreaterThanOrEqual(max - slack);
          else expect(low).toBeLessThanOrEqual(-max + slack);
        },
      ),
    ));

  it.each(Object.entries(kinds))('of one step is finite with %s', (_name, { make }) => {
    for (const values of [
      [-1, 0.5],
      [-0.5, 1],
      [0.25, 1],
      [-1, -0.25],
      [0, 0],
    ]) {
      const analyzer = make([]);
      analyzer.updateStats(tensor(values));
      const { min, max } = analyzer.computeEncodings(1, true);
      expect([min.item(), max.item()].every(Number.isFinite)).toBe(true);
      expect(min.item()).toBeLessThan(0);
      expect(max.item()).toBe(0);
    }
  });
});
