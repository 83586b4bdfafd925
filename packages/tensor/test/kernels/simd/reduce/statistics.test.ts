import fc from 'fast-check';
import { alloc, type View } from '../../../../src/storage.js';
import { elements, lie, output, reference, simd, ulps, viewOf } from '../views.js';

const small = (max: number) => fc.integer({ min: 1, max });

/** The largest distance of two results in units in the last place. */
const apart = (ours: View<'float32'>, theirs: View<'float32'>): number =>
  elements(ours).reduce((most, value, i) => Math.max(most, ulps(value, elements(theirs)[i]!)), 0);

describe('SIMD statistics', () => {
  it.each([2, 1, Infinity])('norms (p = %s) are within an ulp of the reference, for groups of any layout', (p) =>
    fc.assert(
      fc.property(small(9), small(300), lie, (groups, n, how) => {
        const x = viewOf([groups, n], how, false);
        const [ours, theirs] = [output([groups]), output([groups])];
        simd.norm(p, x, ours);
        reference.norm(p, x, theirs);
        expect(apart(ours, theirs)).toBeLessThanOrEqual(1);
      }),
    ),
  );

  it('variances and means are within an ulp of the reference, whatever the correction', () =>
    fc.assert(
      fc.property(small(9), small(300), fc.integer({ min: 0, max: 3 }), lie, (groups, n, correction, how) => {
        const x = viewOf([groups, n], how, false);
        const [ours, theirs] = [simd, reference].map((kernels) => {
          const [variance, mean] = [output([groups]), output([groups])];
          kernels.variance(x, correction, variance, mean);
          return { variance, mean };
        });
        expect(apart(ours!.variance, theirs!.variance)).toBeLessThanOrEqual(1);
        // Of means near 0 the order of sums shows.
        elements(ours!.mean).forEach((value, i) =>
          expect(Math.abs(value - elements(theirs!.mean)[i]!)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -23 + 1e-12),
        );
      }),
    ));

  it('logarithms of sums of exponentials are within 4 ulp of the reference or 1e-6, infinities and NaN included', () =>
    fc.assert(
      fc.property(
        small(9),
        small(300),
        lie,
        fc.boolean(),
        fc.integer({ min: -200, max: 200 }),
        (groups, n, how, specials, shift) => {
          const x = viewOf([groups, n], how, specials);
          const { array, base, length } = x.storage;
          for (let i = base; i < base + length; i++) array[i] = Math.max(-1e4, Math.min(array[i]!, 1e4)) + shift;
          const [ours, theirs] = [output([groups]), output([groups])];
          simd.logsumexp(x, ours);
          reference.logsumexp(x, theirs);
          elements(ours).forEach((value, i) => {
            const wanted = elements(theirs)[i]!;
            if (!(Math.abs(value - wanted) <= 1e-6)) expect(ulps(value, wanted)).toBeLessThanOrEqual(4);
          });
        },
      ),
    ));

  it('NaN and infinities give what the reference gives, and no degrees of freedom NaN', () => {
    const x = viewOf([3, 100], {}, false);
    x.storage.array[5] = NaN;
    x.storage.array[105] = -Infinity;
    for (const compute of [simd, reference]) {
      const norms = output([3]);
      compute.norm(2, x, norms);
      const logarithms = output([3]);
      compute.logsumexp(x, logarithms);
      expect(elements(logarithms)[0]).toBeNaN();
      expect(elements(logarithms)[1]).toBeLessThan(10);
      expect([...elements(norms)].slice(0, 2)).toEqual([NaN, Infinity]);
      const [variance, mean] = [output([3]), output([3])];
      compute.variance(x, 1, variance, mean);
      expect([...elements(variance)].slice(0, 2)).toEqual([NaN, NaN]);
    }
    const ones = alloc([200, 1], 'float32');
    for (const compute of [simd, reference]) {
      const [variance, mean] = [output([200]), output([200])];
      compute.variance(ones, 1, variance, mean);
      expect(elements(variance).every(Number.isNaN)).toBe(true);
    }
  });
});
