import fc from 'fast-check';
import type { OwnStatistics } from '../../../../src/kernels/contract/normalize.js';
import { alloc, type View } from '../../../../src/storage.js';
import { largestError, output, reference, simd, viewOf } from '../views.js';

const small = (min: number, max: number) => fc.integer({ min, max });
const shapes = fc.tuple(small(1, 3), small(1, 4), small(1, 4), small(1, 3), small(6, 90));

/** Which dims weight and bias have: those of layer, batch and group norm, and some of none. */
const spans = fc.constantFrom([0, 0, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 1], [0, 0, 1, 0, 1]);

const values = ({ storage: { array, base, length } }: View<'float64'>): number[] => [
  ...array.slice(base, base + length),
];

const spread = <V extends View>(view: V, shape: readonly number[]): V => ({
  ...view,
  layout: view.layout.broadcastTo(shape),
});

describe('SIMD gradients of normalization', () => {
  it('equal the reference for any kind of statistics, weight and bias, with and without their gradients', () =>
    fc.assert(
      fc.property(
        shapes,
        fc.option(spans),
        fc.constantFrom<OwnStatistics[]>('both', 'scale', 'none'),
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (shape, span, own, forWeight, forBias, seed) => {
          const x = viewOf(shape, { seed, shift: 3 }, false);
          const grad = viewOf(shape, { seed: seed + 1, exposed: forBias }, false);
          const [mean, variance] = [0, 1].map(() => alloc([shape[1], shape[2]], 'float64'));
          reference.moments(x, own !== 'scale', mean!, variance!);
          const size = shape.map((n, d) => (span?.[d] ? n : 1));
          const weight = span ? spread(viewOf(size, { seed: seed + 2 }, false), shape) : null;
          const [ours, theirs] = [simd, reference].map((kernels) => {
            const out = output(shape);
            const [dw, db] = [0, 1].map(() => alloc(size, 'float64'));
            const sums = {
              weight: span && forWeight ? spread(dw!, shape) : null,
              bias: span && forBias ? spread(db!, shape) : null,
            };
            kernels.normalizeGrad(grad, x, mean!, variance!, 1e-3, weight, own, out, sums);
            return { out, sums: [...values(dw!), ...values(db!)] };
          });
          expect(largestError(ours!.out, theirs!.out, (value) => Math.max(1, Math.abs(value)))).toBeLessThanOrEqual(
            1e-6,
          );
          const scale = Math.max(1, ...theirs!.sums.map(Math.abs));
          const worst = Math.max(...ours!.sums.map((sum, i) => Math.abs(sum - theirs!.sums[i]!)));
          expect(worst).toBeLessThanOrEqual(1e-11 * scale);
        },
      ),
      { numRuns: 200 },
    ));
});
