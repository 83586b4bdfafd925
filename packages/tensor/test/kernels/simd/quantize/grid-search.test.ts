import fc from 'fast-check';
import { Storage, type View } from '@q/tensor';
import { Layout } from '../../../../src/layout.js';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, output, reference, simd, viewOf } from '../views.js';

/** What no caller should pass. */
const odd = [0, -0, -1, 1e-45, 3e38, Infinity, -Infinity, NaN];

/** Numbers that `of` makes of a number from 0 to 8, one in sixty an odd one where that is wanted. */
function drawn(shape: readonly number[], seed: number, strange: boolean, of: (u: number) => number): View<'float32'> {
  const length = shape.reduce((product, size) => product * size, 1);
  const values = filled(length, seed, false).map((value, i) =>
    strange && Math.abs(value) % 0.06 < 0.001 ? odd[i % odd.length]! : of(value + 4),
  );
  return { storage: new Storage('float32', length, values), layout: new Layout(shape) };
}

/** More than half are 0. */
const weight = (u: number): number => (u < 5 ? 0 : u < 7 ? 1 : Math.floor((u - 7) * 1e6));
/** From 0.006 on, some equal to their neighbours. */
const step = (u: number): number => (u < 2 ? 0.03125 : 0.025 * (u - 1.75));
const shift = (u: number): number => (u < 2 ? -100 : -Math.floor(u * 40));

describe('SIMD search for a grid', () => {
  it('finds the grid and the error of the reference, bit for bit: odd sizes, weights of 0, repeated grids, overflow and NaN', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 30 }),
        fc.boolean(),
        fc.integer(),
        fc.constantFrom([0, 255], [0, 15], [-8, 7], [0, 0], [0, 65535]),
        fc.constantFrom(1, 3, 0.25),
        (rows, n, candidates, strange, seed, [qmin, qmax], clipped) => {
          const views = [
            viewOf([rows, n], { seed }, strange),
            drawn([rows, n], seed + 1, strange, weight),
            drawn([rows, candidates], seed + 2, strange, step),
            drawn([rows, candidates], seed + 3, strange, shift),
          ] as const;
          const [ours, theirs] = [simd, reference].map((kernels) => {
            const found = [output([rows]), alloc([rows], 'int32')] as const;
            kernels.leastErrorGrid(...views, { qmin: qmin!, qmax: qmax!, clipped }, ...found);
            return found;
          });
          expect(firstDifference(ours![1], theirs![1])).toBe(-1);
          expect(firstDifference(ours![0], theirs![0])).toBe(-1);
        },
      ),
      { numRuns: 400 },
    ));
});
