import fc from 'fast-check';
import type { EncodingAnalyzer } from '@q/quant';
import { tensor } from '@q/tensor';
import { kinds } from './kinds.js';

const width = 4;

/** Shards of a calibration set: lists of batches, each `[2, width]`. */
const shards = fc.array(
  fc.array(fc.array(fc.float({ noNaN: true, min: -1000, max: 1000 }), { minLength: 2 * width, maxLength: 2 * width }), {
    maxLength: 3,
  }),
  { minLength: 3, maxLength: 3 },
);

type Shards = readonly (readonly number[][])[];

const observe = (analyzer: EncodingAnalyzer, batches: readonly number[][]): EncodingAnalyzer => {
  for (const batch of batches) analyzer.updateStats(tensor(batch).reshape([2, width]));
  return analyzer;
};

const text = (analyzer: EncodingAnalyzer): string =>
  JSON.stringify(analyzer, (_key, value: unknown) => (value === 0 ? 0 : value));

describe.each(Object.entries(kinds))('statistics of %s', (name, { make, fromJSON }) => {
  const each = (parts: Shards): [EncodingAnalyzer, EncodingAnalyzer, EncodingAnalyzer] => {
    const [a, b, c] = parts.map((batches) => observe(make([2, 1]), batches));
    return [a!, b!, c!];
  };
  const merged = (...analyzers: readonly EncodingAnalyzer[]): EncodingAnalyzer => {
    const all = make([2, 1]);
    for (const analyzer of analyzers) all.mergeStats(analyzer);
    return all;
  };
  const travelled = (analyzer: EncodingAnalyzer): EncodingAnalyzer => fromJSON(JSON.parse(JSON.stringify(analyzer)));

  it('merge into the same on this side of JSON and on the other', () =>
    fc.assert(
      fc.property(shards, (parts) => {
        const all = each(parts);
        expect(text(merged(...all.map(travelled)))).toBe(text(merged(...all)));
      }),
      { numRuns: 50 },
    ));

  it('are not changed by being merged into others, and nothing is added by one that saw nothing', () =>
    fc.assert(
      fc.property(shards, (parts) => {
        const [a, b] = each(parts);
        const before = text(b);
        a.mergeStats(b);
        expect(text(b)).toBe(before);
        const sum = text(a);
        a.mergeStats(make([2, 1]));
        expect(text(a)).toBe(sum);
      }),
      { numRuns: 50 },
    ));

  if (name === 'MinMaxEncodingAnalyzer')
    it('are those of one pass, in whatever order and groups shards are merged', () =>
      fc.assert(
        fc.property(shards, (parts) => {
          const [a, b, c] = each(parts);
          const whole = text(observe(make([2, 1]), parts.flat()));
          expect(text(merged(a, b, c))).toBe(whole);
          expect(text(merged(merged(a, b), c))).toBe(whole);
          expect(text(merged(a, merged(b, c)))).toBe(whole);
          expect(text(merged(c, a, b))).toBe(whole);
        }),
      ));
  else if (name.startsWith('MovingAverage'))
    it('are those of one pass up to rounding, where shards follow each other, in whatever groups', () =>
      fc.assert(
        fc.property(shards, (parts) => {
          if (parts.flat().length === 0) return;
          const [a, b, c] = each(parts);
          const whole = observe(make([2, 1]), parts.flat()).computeEncodings(255, false).max.data;
          // Values up to 1000, averaged nine times at most in float32.
          for (const grouped of [merged(merged(a, b), c), merged(a, merged(b, c))])
            grouped
              .computeEncodings(255, false)
              .max.data.forEach((value, i) => expect(Math.abs(value - whole[i]!)).toBeLessThan(1000 * 20 * 2 ** -24));
        }),
      ));
  else
    it('count every value once, between the ends of one pass, in whatever order and groups shards are merged', () =>
      fc.assert(
        fc.property(shards, (parts) => {
          const [a, b, c] = each(parts);
          for (const all of [merged(a, b, c), merged(a, merged(c, b))]) {
            const stats = (all.getStats() ?? []) as readonly { min: number; max: number; histogram: Float32Array }[];
            stats.forEach(({ min, max, histogram }, channel) => {
              const values = parts.flat().flatMap((batch) => batch.slice(channel * width, (channel + 1) * width));
              expect([min + 0, max + 0]).toEqual([Math.min(...values) + 0, Math.max(...values) + 0]);
              expect(histogram.reduce((sum, n) => sum + n, 0)).toBe(values.length);
            });
            expect(stats.length).toBe(parts.flat().length === 0 ? 0 : 2);
          }
        }),
        { numRuns: 50 },
      ));
});
