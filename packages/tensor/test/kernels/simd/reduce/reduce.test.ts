import fc from 'fast-check';
import type * as Library from '@q/tensor';
import { elements, largestError, lie, output, reference, simd, viewOf } from '../views.js';

const size = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(256, 1000, 5000));

describe('SIMD reductions', () => {
  it.each(['amax', 'amin'] as const)('%s equals the reference, NaN included, over lines and over columns', (name) =>
    fc.assert(
      fc.property(size, size, lie, (outer, inner, how) => {
        fc.pre(outer * inner < 40_000);
        const x = viewOf([outer, inner], how);
        const [ours, theirs] = [output([outer]), output([outer])];
        simd.reduce(name, x, ours);
        reference.reduce(name, x, theirs);
        // The sign of a zero is not defined: -0 and 0 are no distance apart.
        expect(largestError(ours, theirs)).toBe(0);
      }),
      { numRuns: 60 },
    ),
  );

  it('sum stays within the error of float32 sums of the reference, over lines and over columns', () =>
    fc.assert(
      fc.property(size, size, lie, (outer, inner, how) => {
        fc.pre(outer * inner < 40_000);
        const x = viewOf([outer, inner], how, false);
        const [ours, theirs] = [output([outer]), output([outer])];
        simd.reduce('sum', x, ours);
        reference.reduce('sum', x, theirs);
        // |x| <= 4; an element takes part in at most 300 additions.
        expect(largestError(ours, theirs)).toBeLessThanOrEqual(inner * 4 * 300 * 2 ** -24);
      }),
      { numRuns: 60 },
    ));

  it('sums with NaN and infinities give what IEEE arithmetic gives', () => {
    const x = viewOf([3, 500], {}, false);
    [NaN, Infinity, Infinity].forEach((value, row) => (x.storage.array[row * 500 + 7] = value));
    x.storage.array[1000 + 9] = -Infinity;
    const out = output([3]);
    simd.reduce('sum', x, out);
    expect([...elements(out)]).toEqual([NaN, Infinity, NaN]);
  });

  it('extrema are those of amin and amax', () => {
    const x = viewOf([20, 333], { seed: 5 }, false);
    const [min, max, low, high] = [output([20]), output([20]), output([20]), output([20])];
    simd.extrema(x, min, max);
    reference.reduce('amin', x, low);
    reference.reduce('amax', x, high);
    expect(elements(min)).toEqual(elements(low));
    expect(elements(max)).toEqual(elements(high));
  });

  it('one result does not depend on the lines beside it', () => {
    const x = viewOf([50, 4097], { seed: 9 }, false);
    const all = output([50]);
    simd.reduce('sum', x, all);
    const alone = output([1]);
    simd.reduce('sum', { storage: x.storage, layout: x.layout.range(0, [31, 32]) }, alone);
    expect(elements(alone)[0]).toBe(elements(all)[31]);
  });

  it('sums over columns are right where memory has to grow for them', () => {
    jest.isolateModules(() => {
      const fresh = jest.requireActual<typeof Library>('@q/tensor');
      const wrong: number[] = [];
      for (let width = 600; width < 1400; width++) {
        const last = fresh
          .full([300, width], 1.5)
          .sum(0)
          .select(0, width - 1);
        if (last.item() !== 450) wrong.push(width);
      }
      expect(wrong).toEqual([]);
    });
  });
});
