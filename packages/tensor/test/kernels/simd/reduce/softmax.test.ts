import fc from 'fast-check';
import { elements, filled, largestError, lie, output, reference, simd, viewOf } from '../views.js';

/** A place for results of `[rows, n]`, whose elements lie column by column where that is wanted. */
function place(rows: number, n: number, transposed: boolean) {
  const stored = output(transposed ? [n, rows] : [rows, n]);
  const view = transposed ? { storage: stored.storage, layout: stored.layout.permute([1, 0]) } : stored;
  return { stored, view };
}

type Place = ReturnType<typeof place>;

describe('SIMD softmax', () => {
  it('stays within 1e-6 of the reference, relative to each element, for rows of any length and layout', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), lie, (rows, n, how) => {
        const x = viewOf([rows, n], how, false);
        const [ours, theirs] = [place(rows, n, how.transposed), place(rows, n, how.transposed)];
        simd.softmax(x, false, ours.view);
        reference.softmax(x, false, theirs.view);
        expect(largestError(ours.stored, theirs.stored, (value) => value)).toBeLessThanOrEqual(1e-6);
      }),
      { numRuns: 60 },
    ));

  it('its logarithm stays within 1e-6 of the reference, relative to the larger of 1 and the element', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), lie, (rows, n, how) => {
        const x = viewOf([rows, n], how, false);
        const [ours, theirs] = [place(rows, n, how.transposed), place(rows, n, how.transposed)];
        simd.softmax(x, true, ours.view);
        reference.softmax(x, true, theirs.view);
        expect(largestError(ours.stored, theirs.stored, (value) => Math.max(1, Math.abs(value)))).toBeLessThanOrEqual(
          1e-6,
        );
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
      else expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-6 * wanted[i]! + 1e-37);
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
        const grad = viewOf([rows, n], how, false);
        const [y, ours, theirs] = [0, 1, 2].map(() => place(rows, n, how.transposed)) as [Place, Place, Place];
        reference.softmax(viewOf([rows, n], { ...how, seed: how.seed + 1 }, false), logarithm, y.view);
        simd.softmaxGrad(grad, y.view, logarithm, ours.view);
        reference.softmaxGrad(grad, y.view, logarithm, theirs.view);
        // |grad| <= 4: the sum of n of them bounds what its rounding can do to an element.
        expect(largestError(ours.stored, theirs.stored)).toBeLessThanOrEqual(4 * n * 2 ** -22);
      }),
      { numRuns: 40 },
    ),
  );
});
