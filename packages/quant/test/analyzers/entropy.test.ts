import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { bestCut, EntropyEncodingAnalyzer } from '../../src/analyzers/entropy.js';

/** Bell-shaped numbers, always the same. */
const bell = Float32Array.from({ length: 20000 }, (_, i) => {
  const u = ((i * 7919) % 20000) / 20000 + 1 / 40000;
  return Math.log(u / (1 - u));
});

describe('EntropyEncodingAnalyzer', () => {
  it('clips the long thin tails', () => {
    const analyzer = new EntropyEncodingAnalyzer([]);
    analyzer.updateStats(tensor(Float32Array.from([...bell, 60])));
    const { max } = analyzer.computeEncodings(255, true);
    expect(max.item()).toBeLessThan(20);
    expect(max.item()).toBeGreaterThan(3);
  });

  it('leaves an even distribution whole, and one side where nothing was', () => {
    const analyzer = new EntropyEncodingAnalyzer([]);
    analyzer.updateStats(tensor(Float32Array.from({ length: 20000 }, (_, i) => i / 20000)));
    const { min, max } = analyzer.computeEncodings(255, false);
    expect(min.item()).toBe(0);
    expect(max.item()).toBeCloseTo(1, 2);
  });

  it('has nothing to choose where the grid is finer than the histogram', () => {
    const analyzer = new EntropyEncodingAnalyzer([], { numBins: 32 });
    analyzer.updateStats(tensor([-1, 0, 5]));
    expect(analyzer.computeEncodings(255, false).max.item()).toBe(5);
  });
});

/** The divergence of one cut as its definition says, bin by bin. */
function divergence(counts: readonly number[], levels: number, cut: number): number {
  const p = counts.slice(0, cut);
  p[cut - 1]! += counts.slice(cut).reduce((sum, n) => sum + n, 0);
  const q = new Array<number>(cut).fill(0);
  const width = Math.floor(cut / levels);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [level * width, level === levels - 1 ? cut : (level + 1) * width];
    const mass = counts.slice(from, to).reduce((sum, n) => sum + n, 0);
    const places = p.slice(from, to).filter((n) => n > 0).length;
    for (let i = from; i < to; i++) if (p[i]! > 0) q[i] = mass / places;
  }
  const total = (values: readonly number[]): number => values.reduce((sum, n) => sum + n, 0);
  const [ps, qs] = [total(p), total(q)];
  return p.reduce((sum, n, i) => (n > 0 ? sum + (n / ps) * Math.log(n / ps / (q[i]! / qs)) : sum), 0);
}

describe('bestCut', () => {
  it('finds a cut of least divergence', () =>
    fc.assert(
      fc.property(
        fc.array(fc.nat(20), { minLength: 8, maxLength: 40 }),
        fc.integer({ min: 2, max: 8 }),
        (counts, levels) => {
          fc.pre(counts.some((n) => n > 0));
          const found = bestCut(Float64Array.from(counts), levels);
          const all = counts.map((_, i) => (i + 1 < levels ? Infinity : divergence(counts, levels, i + 1)));
          const least = Math.min(...all.filter((value) => !Number.isNaN(value)));
          expect(all[found - 1]).toBeCloseTo(least, 9);
        },
      ),
    ));
});
