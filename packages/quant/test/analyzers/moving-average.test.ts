import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { MovingAverageMinMaxEncodingAnalyzer } from '../../src/analyzers/moving-average.js';

const make = (averagingConstant: number): MovingAverageMinMaxEncodingAnalyzer =>
  new MovingAverageMinMaxEncodingAnalyzer([], { averagingConstant });

describe('MovingAverageMinMaxEncodingAnalyzer', () => {
  it('starts with the first batch and moves towards the others', () => {
    const analyzer = make(0.25);
    for (const top of [4, 8, 0]) analyzer.updateStats(tensor([-1, top]));
    expect(analyzer.getStats()!.max.item()).toBe((4 + 0.25 * 4) * 0.75);
    expect(analyzer.getStats()!.min.item()).toBe(-1);
  });

  it('has seen the same when shards are merged in their order', () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 100, noNaN: true }), { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (tops, cut, constant) => {
          const at = 1 + (cut % (tops.length - 1));
          const [whole, left, right] = [make(constant), make(constant), make(constant)];
          tops.forEach((top, i) => {
            for (const analyzer of [whole, i < at ? left : right]) analyzer.updateStats(tensor([0, top]));
          });
          left.mergeStats(right);
          expect(left.getStats()!.max.item()).toBeCloseTo(whole.getStats()!.max.item(), 3);
        },
      ),
    ));

  it.each([0, -1, 1.5, NaN])('refuses the averaging constant %p', (constant) =>
    expect(() => make(constant)).toThrow(/above 0 and up to 1/),
  );
});
