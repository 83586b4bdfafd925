import fc from 'fast-check';
import { tensor, type Tensor } from '@q/tensor';

/** Shapes of rank 0 to 3 with small sizes. */
export const shapes = (minSize = 1): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: minSize, max: 4 }), { maxLength: 3 });

/** A float64 tensor of well separated values in random order, so that no two elements tie. */
export const distinct = (shape: readonly number[], seed: number): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float64Array.from({ length: count }, (_, i) => (i - count / 2 + 0.25) * 0.37);
  let state = seed >>> 0 || 1;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = state % (i + 1);
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return tensor(values, { shape });
};

/** A tensor of distinct values and one of its dims. */
export const withDim: fc.Arbitrary<{ x: Tensor; dim: number }> = fc
  .record({ shape: shapes(), seed: fc.nat(), pick: fc.nat() })
  .map(({ shape, seed, pick }) => ({ x: distinct(shape, seed), dim: shape.length ? pick % shape.length : 0 }));

/** The same elements seen through a transposed copy: equal values, other strides. */
export const restrided = (x: Tensor): Tensor => {
  const reversed = x.shape.map((_, d) => x.ndim - 1 - d);
  return x.permute(reversed).clone().permute(reversed);
};
