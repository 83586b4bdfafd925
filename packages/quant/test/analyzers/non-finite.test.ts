import { tensor } from '@q/tensor';
import { kinds } from './kinds.js';

const largest = 3.4028234663852886e38;

/** The range after some batches. */
const range = (name: string, ...batches: readonly (readonly number[])[]): number[] => {
  const analyzer = kinds[name]!.make([]);
  for (const batch of batches) analyzer.updateStats(tensor(batch));
  const { min, max } = analyzer.computeEncodings(255, false);
  return [min.item(), max.item()];
};

const histograms = Object.keys(kinds).filter((name) => !name.includes('MinMax'));

it.each(histograms)('%s leaves NaN out, and keeps its ends within the finite values', (name) => {
  const [min, max] = range(name, [-1, NaN, 2], [NaN, 0.5, Infinity, -Infinity]);
  expect(min).toBeGreaterThanOrEqual(-1.01);
  expect(max).toBeLessThanOrEqual(2.01);
  expect(max! - min!).toBeGreaterThan(1);
});

it.each(['MinMaxEncodingAnalyzer', 'MovingAverageMinMaxEncodingAnalyzer'])('%s never forgets NaN', (name) =>
  expect(range(name, [-1, NaN, 2], [0, 1])).toEqual([NaN, NaN]),
);

it('MinMaxEncodingAnalyzer ends at the largest float where it saw an infinity', () =>
  expect(range('MinMaxEncodingAnalyzer', [-1, Infinity], [0, 1])).toEqual([-1, largest]));

it('MovingAverageMinMaxEncodingAnalyzer ends there too, until a finite batch follows', () => {
  expect(range('MovingAverageMinMaxEncodingAnalyzer', [-1, 1], [-1, Infinity])).toEqual([-1, largest]);
  expect(range('MovingAverageMinMaxEncodingAnalyzer', [-1, Infinity], [-1, 1])[1]).toBeNaN();
});
