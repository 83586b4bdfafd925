import fc from 'fast-check';
import { elements, filled, largestError, lie, output, reference, simd, viewOf } from '../views.js';

describe('SIMD softmax', () => {
  it('stays within 8e-7 of the reference relative to each element, for rows of any length', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), lie, (rows, n, how) => {
        const x = viewOf([rows, n], { ...how, flipped: false, transposed: false, broadcast: -1 }, false);
        const [ours, theirs] = [output([rows, n]), output([rows, n])];
        simd.softmax(x, false, ours);
        reference.softmax(x, false, theirs);
        expect(largestError(ours, theirs, (value) => value)).toBeLessThanOrEqual(8e-7);
      }),
      { numRuns: 60 },
    ));

  it('its logarithm stays within 1e-6 of the reference, relative to the larger of 1 and the element', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), lie, (rows, n, how) => {
        const x = viewOf([rows, n], { ...how, flipped: false, transposed: false, broadcast: -1 }, false);
        const [ours, theirs] = [output([rows, n]), output([rows, n])];
        simd.softmax(x, true, ours);
        reference.softmax(x, true, theirs);
        expect(largestError(ours, theirs, (value) => Math.max(1, Math.abs(value)))).toBeLessThanOrEqual(1e-6);
      }),
      { numRuns: 60 },
    ));

  it('gives zero for terms that vanish, and NaN for rows with NaN or without a finite maximum, as the reference', () => {
    const n = 100;
    const x = viewOf([5, n], {}, false);
    const values = filled(5 * n, 1, false);
    values[3] = -200;
    values[4] = -Infinity;
    values[n + 50] = NaN;
    values.fill(-Infinity, 2 * n, 3 * n);
    values[3 * n + 99] = Infinity;
    values[4 * n + 99] = 1e30;
    x.storage.array.set(values);
    const [ours, theirs] = [output([5, n]), output([5, n])];
    simd.softmax(x, false, ours);
    reference.softmax(x, false, theirs);
    const wanted = elements(theirs);
    elements(ours).forEach((value, i) => {
      if (Number.isNaN(wanted[i])) expect(value).toBeNaN();
      else expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(8e-7 * wanted[i]! + 1e-37);
    });
    simd.softmax(x, true, ours);
    reference.softmax(x, true, theirs);
    expect(largestError(ours, theirs, (value) => Math.max(1, Math.abs(value)))).toBeLessThanOrEqual(1e-6);
  });
});

describe('SIMD gradient of softmax', () => {
  it.each([false, true])('stays close to the reference for rows of any length (logarithm: %s)', (logarithm) =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), lie, (rows, n, how) => {
        const plain = { ...how, flipped: false, transposed: false, broadcast: -1 };
        const grad = viewOf([rows, n], plain, false);
        const y = output([rows, n]);
        reference.softmax(viewOf([rows, n], { ...plain, seed: how.seed + 1 }, false), logarithm, y);
        const [ours, theirs] = [output([rows, n]), output([rows, n])];
        simd.softmaxGrad(grad, y, logarithm, ours);
        reference.softmaxGrad(grad, y, logarithm, theirs);
        // |grad| <= 4: the sum of n of them bounds what its rounding can do to an element.
        expect(largestError(ours, theirs)).toBeLessThanOrEqual(4 * n * 2 ** -22);
      }),
      { numRuns: 40 },
    ),
  );
});
