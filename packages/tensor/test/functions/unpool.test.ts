import {
  ArgumentError,
  IndexError,
  ShapeError,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  rand,
  randn,
  tensor,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data);

describe('max unpools', () => {
  it('put the maxima back where they were, zeros elsewhere', () => {
    for (const [pool, unpool, shape] of [
      [maxPool1d, maxUnpool1d, [2, 3, 6]],
      [maxPool2d, maxUnpool2d, [1, 2, 4, 6]],
      [maxPool3d, maxUnpool3d, [1, 2, 4, 2, 2]],
    ] as const) {
      const x = randn([...shape]);
      const { values, indices } = pool(x, 2, { returnIndices: true });
      const back = unpool(values, indices, 2);
      expect(back.shape).toEqual(x.shape);
      expect(list(back.ne(0)).reduce((count, flag) => count + flag, 0)).toBe(values.numel);
      expect(list(pool(back.abs(), 2))).toEqual(list(values.abs()));
    }
  });

  it('put overlapping maxima once, and send gradients back to all of them', () => {
    const x = tensor([[1, 5, 2]]);
    const { values, indices } = maxPool1d(x, 2, { stride: 1, returnIndices: true });
    expect(list(maxUnpool1d(values, indices, 2, { stride: 1 }))).toEqual([0, 5, 0]);
    values.requiresGrad = true;
    maxUnpool1d(values, indices, 2, { stride: 1 }).backward(tensor([[10, 20, 30]]));
    expect(list(values.grad!)).toEqual([20, 20]);
  });

  it('take another size where the pool left several', () => {
    const { values, indices } = maxPool1d(tensor([[1, 2, 3, 4, 5]]), 2, { returnIndices: true });
    expect(maxUnpool1d(values, indices, 2).shape).toEqual([1, 4]);
    expect(maxUnpool1d(values, indices, 2, { outputSize: [5] }).shape).toEqual([1, 5]);
    expect(() => maxUnpool1d(values, indices, 2, { outputSize: [9] })).toThrow(ArgumentError);
  });

  it('reject indices outside the result or of another shape', () => {
    const x = tensor([[1, 2]]);
    const at = tensor([[0, 9]], { dtype: 'int32' });
    expect(() => maxUnpool1d(x, at, 2)).toThrow(IndexError);
    expect(() => maxUnpool1d(x, tensor([[0, -1]], { dtype: 'int32' }), 2)).toThrow(/index -1 lies outside/);
    expect(() => maxUnpool1d(x, tensor([[0, 1, 2]], { dtype: 'int32' }), 2)).toThrow(ShapeError);
  });
});

describe('fractional max pools', () => {
  it('take maxima of windows that cover the input from its start to its end', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        (size, kernel, seed) => {
          const count = Math.max(1, size - kernel - Math.abs(seed % 2));
          const x = tensor(
            Float32Array.from({ length: size * size }, (_, i) => i),
            { shape: [1, 1, size, size] },
          );
          const { values, indices } = fractionalMaxPool2d(x, kernel, rand([1, 1, 2]), {
            outputSize: count,
            returnIndices: true,
          }) as { values: Tensor; indices: Tensor };
          expect(values.shape).toEqual([1, 1, count, count]);
          expect(list(values)).toEqual(list(indices));
          expect(list(values).at(-1)).toBe(size * size - 1);
        },
      ),
    ));

  it('give the same windows for the same samples, and gradients to the maxima', () => {
    const [x, samples] = [randn([2, 2, 6, 7]), rand([2, 2, 2])];
    const options = { outputRatio: 0.5 };
    const y = fractionalMaxPool2d(x, 2, samples, options) as Tensor;
    expect(y.shape).toEqual([2, 2, 3, 3]);
    expect(list(y)).toEqual(list(fractionalMaxPool2d(x, 2, samples, options) as Tensor));
    expectGradient((a) => fractionalMaxPool2d(a!, 2, samples, options) as Tensor, [x]);
    expect((fractionalMaxPool3d(randn([1, 4, 4, 4]), 2, rand([1, 3]), { outputSize: 2 }) as Tensor).shape).toEqual([
      1, 2, 2, 2,
    ]);
  });

  it('say what does not fit', () => {
    const x = randn([1, 1, 4, 4]);
    const samples = rand([1, 1, 2]);
    expect(() => fractionalMaxPool2d(x, 2, samples, {})).toThrow(/either outputSize or outputRatio, got neither/);
    expect(() => fractionalMaxPool2d(x, 2, samples, { outputSize: 1, outputRatio: 0.5 })).toThrow(/got both/);
    expect(() => fractionalMaxPool2d(x, 2, samples, { outputSize: 4 })).toThrow(ShapeError);
    expect(() => fractionalMaxPool2d(x, 2, samples, { outputRatio: 1 })).toThrow(ArgumentError);
    expect(() => fractionalMaxPool2d(x, 2, rand([1]), { outputSize: 2 })).toThrow(
      /samples must have shape \[1, 1, 2\]/,
    );
  });
});
