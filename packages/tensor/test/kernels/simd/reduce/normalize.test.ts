import fc from 'fast-check';
import { alloc, type View } from '../../../../src/storage.js';
import { firstDifference, output, reference, simd, viewOf } from '../views.js';

const small = (min: number, max: number) => fc.integer({ min, max });

const shapes = fc.tuple(small(1, 3), small(1, 4), small(1, 4), small(1, 3), small(1, 90));

/** Which dims weight and bias have: those of layer, batch and group norm, and some of none. */
const spans = fc.constantFrom(
  [0, 0, 0, 0, 1],
  [0, 0, 1, 0, 0],
  [0, 0, 1, 1, 0],
  [0, 0, 0, 1, 1],
  [1, 1, 1, 1, 1],
  [0, 0, 0, 0, 0],
);

const values = ({ storage: { array, base, length } }: View<'float64'>): number[] => [
  ...array.slice(base, base + length),
];

function spread(shape: readonly number[], span: readonly number[] | null, seed: number): View<'float32'> | null {
  if (!span) return null;
  const view = viewOf(
    shape.map((size, d) => (span[d] ? size : 1)),
    { seed },
    false,
  );
  return { storage: view.storage, layout: view.layout.broadcastTo(shape) };
}

describe('SIMD normalization', () => {
  it('moments equal the reference up to the order of float64 sums, centered or not', () =>
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.integer(), fc.boolean(), (shape, centered, seed, exposed) => {
        const x = viewOf(shape, { seed, exposed, shift: 3 }, false);
        const [ours, theirs] = [simd, reference].map((kernels) => {
          const [mean, variance] = [0, 1].map(() => alloc([shape[1], shape[2]], 'float64'));
          kernels.moments(x, centered, mean!, variance!);
          return [...values(mean!), ...values(variance!)];
        });
        // |x| <= 4, so terms are at most 8^2; each of n additions may round by half an ulp of the sum, either way.
        const n = shape[0] * shape[3] * shape[4];
        ours!.forEach((value, i) => expect(Math.abs(value - theirs![i]!)).toBeLessThanOrEqual((n + 4) * 64 * 2 ** -52));
      }),
    ));

  it('equals the reference bit for bit, whatever weight and bias belong to, NaN included', () =>
    fc.assert(
      fc.property(
        shapes,
        fc.option(spans),
        fc.option(spans),
        fc.integer(),
        fc.boolean(),
        (shape, weightSpan, biasSpan, seed, specials) => {
          const x = viewOf(shape, { seed, shift: 1 }, specials);
          const [mean, variance] = [0, 1].map(() => alloc([shape[1], shape[2]], 'float64'));
          reference.moments(x, true, mean!, variance!);
          const weight = spread(shape, weightSpan, seed + 1);
          const bias = spread(shape, biasSpan, seed + 2);
          const [ours, theirs] = [output(shape), output(shape)];
          simd.normalize(x, mean!, variance!, 1e-5, weight, bias, ours);
          reference.normalize(x, mean!, variance!, 1e-5, weight, bias, theirs);
          expect(firstDifference(ours, theirs)).toBe(-1);
        },
      ),
    ));
});
