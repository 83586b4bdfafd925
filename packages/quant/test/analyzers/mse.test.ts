import { tensor } from '@q/tensor';
import { MseEncodingAnalyzer } from '../../src/analyzers/mse.js';
import { SqnrEncodingAnalyzer } from '../../src/analyzers/sqnr.js';

describe('MseEncodingAnalyzer', () => {
  it('clips more than SQNR, which holds clipping to be worse than rounding', () => {
    const [mse, sqnr] = [new MseEncodingAnalyzer([]), new SqnrEncodingAnalyzer([])];
    const values = Float32Array.from({ length: 5000 }, (_, i) => Math.tan((i / 5000 - 0.5) * 2.8));
    for (const analyzer of [mse, sqnr]) analyzer.updateStats(tensor(values));
    expect(mse.computeEncodings(15, true).max.item()).toBeLessThan(sqnr.computeEncodings(15, true).max.item());
  });

  it('has no gamma to set', () =>
    expect(() => new MseEncodingAnalyzer([], { gamma: 2 } as never)).toThrow(/unknown option gamma/));
});
