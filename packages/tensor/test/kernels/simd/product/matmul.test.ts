import fc from 'fast-check';
import { elements, lie, output, reference, simd, viewOf } from '../views.js';

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 255, 257, 300, 513));

describe('SIMD matmul', () => {
  it('equals the reference within the rounding of float32 sums, for any sizes, strides and offsets', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        size,
        size,
        size,
        lie,
        lie,
        fc.nat(),
        (batch, m, k, n, howX, howY, seed) => {
          fc.pre(m * n * k < 2e5);
          const x = viewOf([batch, m, k], { ...howX, broadcast: howX.broadcast === 0 ? 0 : -1 }, false);
          const y = viewOf([batch, k, n], { ...howY, broadcast: howY.broadcast === 0 ? 0 : -1 }, false);
          const [ours, theirs] = [output([batch, m, n]), output([batch, m, n])];
          const bias = seed % 2 === 0 ? viewOf([n], { seed, flipped: seed % 4 === 0 }, false) : null;
          const epilogue = seed % 5 === 0 ? null : { bias, relu: seed % 3 === 0 };
          simd.matmul(x, y, epilogue, ours);
          reference.matmul(x, y, epilogue, theirs);
          const [got, wanted] = [elements(ours), elements(theirs)];
          // |x|, |y| <= 4: each of k products adds at most half an ulp of the largest partial sum.
          const bound = k * 16 * k * 2 ** -24 + 1e-6;
          const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
          expect(worst).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 40 },
    ));

  it('lets NaN and infinities reach exactly the elements they belong to', () => {
    const x = viewOf([1, 40, 50], {}, false);
    x.storage.array[7 * 50 + 3] = NaN;
    x.storage.array[9 * 50 + 3] = Infinity;
    const [ours, theirs] = [output([1, 40, 33]), output([1, 40, 33])];
    const y = viewOf([1, 50, 33], { seed: 2 }, false);
    simd.matmul(x, y, null, ours);
    reference.matmul(x, y, null, theirs);
    elements(ours).forEach((value, i) => {
      if (!Number.isFinite(elements(theirs)[i]!)) expect(value).toBe(elements(theirs)[i]);
      else expect(Number.isFinite(value)).toBe(true);
    });
  });
});
