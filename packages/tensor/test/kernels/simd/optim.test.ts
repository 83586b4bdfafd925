import fc from 'fast-check';
import { firstDifference, reference, simd, viewOf } from './views.js';

const size = fc.constantFrom(256, 257, 259, 1000, 1023, 4100);
const numbers = fc.record({
  beta1: fc.float({ min: 0, max: 1, noNaN: true }),
  beta2: fc.float({ min: 0, max: 1, noNaN: true }),
  share1: fc.float({ min: 0, max: 1, noNaN: true }),
  share2: fc.float({ min: 0, max: 1, noNaN: true }),
  root: fc.constantFrom(1, 0.3, 0.0316),
  eps: fc.constantFrom(1e-8, 0.1),
  size: fc.float({ min: 0, max: 1, noNaN: true }),
});

describe('SIMD steps of optimizers', () => {
  it('equal the reference bit for bit, for any values, Adam', () =>
    fc.assert(
      fc.property(size, numbers, fc.boolean(), fc.nat(), (n, step, largest, seed) => {
        const made = () => [0, 1, 2, 3, 4].map((i) => viewOf([n], { seed: seed + i, shift: i }));
        const [ours, theirs] = [made(), made()];
        for (const [kernels, views] of [
          [simd, ours],
          [reference, theirs],
        ] as const)
          kernels.adam(views[0]!, views[1]!, views[2]!, views[3]!, largest ? views[4]! : null, step);
        ours.forEach((view, i) => expect(firstDifference(view, theirs[i]!)).toBe(-1));
      }),
      { numRuns: 40 },
    ));

  it('equal the reference bit for bit, for any values, momentum', () =>
    fc.assert(
      fc.property(size, numbers, fc.boolean(), fc.nat(), (n, { beta1, share1, size: lr }, nesterov, seed) => {
        const made = () => [0, 1, 2].map((i) => viewOf([n], { seed: seed + i, exposed: i === seed % 7 }));
        const [ours, theirs] = [made(), made()];
        const step = { momentum: beta1, share: share1, lr, nesterov };
        simd.descend(ours[0]!, ours[1]!, ours[2]!, step);
        reference.descend(theirs[0]!, theirs[1]!, theirs[2]!, step);
        ours.forEach((view, i) => expect(firstDifference(view, theirs[i]!)).toBe(-1));
      }),
      { numRuns: 40 },
    ));
});
