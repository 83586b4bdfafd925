import fc from 'fast-check';
import { rint } from '../src/rounding.js';

describe('rint', () => {
  it('rounds half to even', () =>
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999999].map(rint)).toEqual([0, 2, 2, -0, -2, 2]));

  it('keeps the sign of zero, infinities and NaN', () =>
    expect([-0, 0, -0.3, 0.3, Infinity, -Infinity, NaN].map(rint)).toEqual([-0, 0, -0, 0, Infinity, -Infinity, NaN]));

  it('rounds the last halves that doubles have', () =>
    expect([2 ** 51 + 0.5, 2 ** 51 + 1.5, -(2 ** 52 - 0.5)].map(rint)).toEqual([2 ** 51, 2 ** 51 + 2, -(2 ** 52)]));

  it('gives an integer at most half away', () =>
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(Number.isInteger(rint(x))).toBe(true);
        expect(Math.abs(rint(x) - x)).toBeLessThanOrEqual(0.5);
      }),
    ));
});
