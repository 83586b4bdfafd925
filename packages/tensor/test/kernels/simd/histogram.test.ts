import fc from 'fast-check';
import { Storage, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { firstDifference, lie, output, reference, simd, viewOf } from './views.js';

const ranges = [
  [-4, 4],
  [-1, 0.5],
  [0, 1],
  [-2.5, 2.5],
  [1, 1],
  [0, 3e-45],
  [-3e38, 3e38],
].map((ends) => ends.map(Math.fround) as [number, number]);

const bounds = (rows: number, seed: number, end: 0 | 1): View<'float32'> => ({
  storage: new Storage(
    'float32',
    rows,
    Float32Array.from({ length: rows }, (_, row) => ranges[(row * row + seed) % 7]![end]),
  ),
  layout: new Layout([rows]),
});

describe('SIMD histograms', () => {
  it('count exactly as the reference: rows of any length, edges, NaN, infinities, values outside left out or in the outer bins', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(6),
        fc.boolean(),
        lie,
        (rows, n, bins, seed, clip, how) => {
          const x = viewOf([rows, n], { ...how, flipped: false, broadcast: -1 });
          const [lo, hi] = [bounds(rows, seed, 0), bounds(rows, seed, 1)];
          const [ours, theirs] = [output([rows, bins]), output([rows, bins])];
          simd.histogram(x, lo, hi, clip, ours);
          reference.histogram(x, lo, hi, clip, theirs);
          expect(firstDifference(ours, theirs)).toBe(-1);
        },
      ),
      { numRuns: 200 },
    ));
});
