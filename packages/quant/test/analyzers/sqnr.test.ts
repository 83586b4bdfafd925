import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { SqnrEncodingAnalyzer, type SqnrOptions } from '../../src/analyzers/sqnr.js';
import { QuantizationError } from '../../src/errors.js';

const values = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 });

describe('SqnrEncodingAnalyzer', () => {
  it('clips an outlier at few bits and keeps it at many', () => {
    const analyzer = new SqnrEncodingAnalyzer([]);
    const many = Float32Array.from({ length: 2000 }, (_, i) => (i === 0 ? 10 : Math.sin(i)));
    analyzer.updateStats(tensor(many));
    expect(analyzer.computeEncodings(3, true).max.item()).toBeLessThan(5);
    expect(analyzer.computeEncodings(65535, true).max.item()).toBeGreaterThan(9);
  });

  it('finds each channel the range it finds it alone, whatever its neighbours are', () =>
    fc.assert(
      fc.property(fc.array(values, { minLength: 2, maxLength: 4 }), fc.boolean(), (channels, isSymmetric) => {
        const together = new SqnrEncodingAnalyzer([channels.length, 1], { numBins: 32 });
        together.updateStats(tensor(channels));
        const { min, max } = together.computeEncodings(15, isSymmetric);
        channels.forEach((channel, c) => {
          const alone = new SqnrEncodingAnalyzer([], { numBins: 32 });
          alone.updateStats(tensor(channel));
          const range = alone.computeEncodings(15, isSymmetric);
          expect([min.data[c], max.data[c]]).toEqual([range.min.item(), range.max.item()]);
        });
      }),
    ));

  it.each([
    ...[0, -1, NaN, Infinity, 1e-60, '3', Symbol('s')].map((gamma) => ({ gamma })),
    { offsetCandidates: 1 },
    { symmetricDeltaCandidates: 2.5 },
    { asymmetricDeltaCandidates: Symbol('s') },
    { numBins: Symbol('s') },
    { bins: 3 },
  ])('refuses the options %p', (options) =>
    expect(() => new SqnrEncodingAnalyzer([], options as SqnrOptions)).toThrow(QuantizationError),
  );
});
