import { tensor } from '@q/tensor';
import { PercentileEncodingAnalyzer } from '../../src/analyzers/percentile.js';

describe('PercentileEncodingAnalyzer', () => {
  it('leaves out the outliers', () => {
    const analyzer = new PercentileEncodingAnalyzer([], { numBins: 1000, percentile: 99 });
    const many = Float32Array.from({ length: 1000 }, (_, i) => (i === 0 ? 1000 : (i % 100) / 100));
    analyzer.updateStats(tensor(many));
    expect(analyzer.computeEncodings(255, false).max.item()).toBeLessThan(3);
    analyzer.percentile = 100;
    expect(analyzer.computeEncodings(255, false).max.item()).toBe(1000);
  });

  it.each([49.9, 100.1, -1, NaN, '99' as never, Symbol('s') as never, {} as never])(
    'refuses the percentile %p and keeps the one it has',
    (percentile) => {
      const analyzer = new PercentileEncodingAnalyzer([], { percentile: 70 });
      expect(() => analyzer.setPercentile(percentile)).toThrow(/from 50 to 100/);
      expect(analyzer.percentile).toBe(70);
    },
  );
});
