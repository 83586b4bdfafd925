import { tensor, zeros } from '@q/tensor';
import { MinMaxEncodingAnalyzer } from '../../src/analyzers/min-max.js';

describe('MinMaxEncodingAnalyzer', () => {
  it('gives a range that a quantizer of the same steps covers', () => {
    const analyzer = new MinMaxEncodingAnalyzer([]);
    analyzer.updateStats(tensor([-1, 3]));
    expect(analyzer.computeEncodings(255, false).min.item()).toBe(-1);
    expect(analyzer.computeEncodings(255, false).max.item()).toBe(3);
  });

  it('gives zeros a range with steps of one epsilon', () => {
    const analyzer = new MinMaxEncodingAnalyzer([]);
    analyzer.updateStats(zeros([4]));
    const { min, max } = analyzer.computeEncodings(255, false);
    expect([min.item(), max.item()]).toEqual([0, Math.fround(255 * 2 ** -23)]);
  });

  it('refuses options, which it does not have', () =>
    expect(() => new MinMaxEncodingAnalyzer([], { percentile: 99 } as never)).toThrow(
      /MinMaxEncodingAnalyzer: unknown option percentile. Known: none/,
    ));

  it('keeps infinities finite', () => {
    const analyzer = new MinMaxEncodingAnalyzer([]);
    analyzer.updateStats(tensor([-Infinity, Infinity]));
    const { min, max } = analyzer.computeEncodings(255, false);
    expect([min.item(), max.item()]).toEqual([-3.4028234663852886e38, 3.4028234663852886e38]);
  });
});
