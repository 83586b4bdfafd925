import fc from 'fast-check';
import { elements, largestError, lie, output, reference, simd, viewOf } from '../views.js';

const long = fc.oneof(fc.integer({ min: 1, max: 90 }), fc.constantFrom(128, 1000, 4099));

describe('SIMD products of a matrix and a vector', () => {
  it('equal the reference within the rounding of float32 sums for any sizes, strides, offsets, from either side', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        long,
        long,
        fc.boolean(),
        lie,
        lie,
        fc.nat(),
        (batch, lines, k, right, howX, howY, seed) => {
          fc.pre(lines * k >= 4096 && lines * k < 2e5);
          const [m, n] = right ? [lines, 1] : [1, lines];
          const x = viewOf([batch, m, k], { ...howX, broadcast: howX.broadcast === 0 ? 0 : -1 }, false);
          const y = viewOf([batch, k, n], { ...howY, broadcast: howY.broadcast === 0 ? 0 : -1 }, false);
          const [ours, theirs] = [output([batch, m, n]), output([batch, m, n])];
          const bias = seed % 2 === 0 ? viewOf([n], { seed, flipped: seed % 4 === 0 }, false) : null;
          const epilogue = seed % 5 === 0 ? null : { bias, relu: seed % 3 === 0 };
          simd.matmul(x, y, epilogue, ours);
          reference.matmul(x, y, epilogue, theirs);
          // |x|, |y| <= 4: each of k products adds at most half an ulp of the largest partial sum.
          const bound = k * 16 * k * 2 ** -24 + 1e-6;
          expect(largestError(ours, theirs)).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 40 },
    ));

  it('lets a NaN reach exactly the sums it belongs to', () => {
    for (const transposed of [false, true]) {
      const x = viewOf([1, 75, 101], { transposed }, false);
      const [, row, column] = x.layout.strides as [number, number, number];
      x.storage.array[74 * row + 100 * column] = NaN;
      const out = output([1, 75, 1]);
      simd.matmul(x, viewOf([1, 101, 1], { seed: 3 }, false), null, out);
      expect([...elements(out)].map(Number.isNaN)).toEqual(Array.from({ length: 75 }, (_, i) => i === 74));
    }
  });
});
