import fc from 'fast-check';
import { ShapeError, tensor, zeros } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { restrided, withDim } from './random.js';

describe('amax, amin and aminmax', () => {
  it('agree with Math.max and Math.min along any dim of any layout', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        const lines = (x.ndim === 0 ? x.reshape([1]) : x).transpose(dim, -1).reshape([-1, x.shape[dim] ?? 1]);
        const rows = lines.toArray() as number[][];
        const view = restrided(x);
        expect(Array.from(view.amax(dim).reshape([-1]).data).sort()).toEqual(
          rows.map((row) => Math.max(...row)).sort(),
        );
        const { min, max } = view.aminmax({ dim });
        expect(min.toArray()).toEqual(view.amin(dim).toArray());
        expect(max.toArray()).toEqual(view.amax(dim).toArray());
      }),
    ));

  it('propagate NaN wherever it stands', () => {
    for (const values of [
      [NaN, 1, 2],
      [1, NaN, 2],
      [1, 2, NaN],
    ]) {
      expect(tensor(values).amax().item()).toBeNaN();
      expect(tensor(values).amin().item()).toBeNaN();
      const { min, max } = tensor(values).aminmax();
      expect([min.item(), max.item()]).toEqual([NaN, NaN]);
    }
  });

  it('propagate NaN where whole rows are folded', () => {
    const x = tensor([
      [1, 2, 3, NaN],
      [NaN, 0, 4, 1],
      [5, 6, 7, 8],
    ]);
    expect(x.amax(0).toArray()).toEqual([NaN, 6, 7, NaN]);
    expect(x.amin(0).toArray()).toEqual([NaN, 0, 3, NaN]);
  });

  it('share the gradient between ties', () => {
    const x = tensor(
      [
        [3, 1, 3],
        [2, 2, 2],
      ],
      { requiresGrad: true },
    );
    x.amax(1)
      .mul(tensor([1, 3]))
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([
      [0.5, 0, 0.5],
      [1, 1, 1],
    ]);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        expectGradient((v) => v.amax(dim), [x]);
        expectGradient((v) => v.amin(dim, { keepdim: true }), [x]);
        expectGradient((v) => Object.values(v.aminmax({ dim })), [x]);
      }),
      { numRuns: 30 },
    ));

  it('are not defined for nothing, but for no groups', () => {
    expect(() => zeros([0, 3]).amax(0)).toThrow(/amax: dim 0 of shape \[0, 3\] is empty/);
    expect(() => zeros([0]).aminmax()).toThrow(ShapeError);
    expect(zeros([0, 3]).amax(1).shape).toEqual([0]);
  });

  it('keep integer dtypes', () => {
    const x = tensor([-128, 127], { dtype: 'int8' });
    expect([x.amin().dtype, x.amin().item(), x.amax().item()]).toEqual(['int8', -128, 127]);
  });
});

describe('max and min', () => {
  it('give the first position of ties and of NaN', () => {
    const { values, indices } = tensor([
      [1, 5, 5],
      [NaN, 7, NaN],
    ]).max(1);
    expect(values.toArray()).toEqual([5, NaN]);
    expect(indices.toArray()).toEqual([1, 0]);
    expect(indices.dtype).toBe('int32');
  });

  it('give the gradient to the position along a dim, and to all ties without one', () => {
    const x = tensor([3, 1, 3], { requiresGrad: true });
    x.max(0).values.backward();
    expect(x.grad!.toArray()).toEqual([1, 0, 0]);
    x.grad = null;
    x.max().backward();
    expect(x.grad!.toArray()).toEqual([0.5, 0, 0.5]);
  });

  it('give the gradient to the NaN that is the maximum', () => {
    const x = tensor([3, NaN, 1], { requiresGrad: true });
    x.max().backward();
    expect(x.grad!.toArray()).toEqual([0, 1, 0]);
  });

  it('take the dim of a 0-d tensor', () => {
    const x = tensor(4, { requiresGrad: true });
    const { values, indices } = x.max(-1);
    expect([values.item(), indices.item(), values.shape]).toEqual([4, 0, []]);
    values.backward();
    expect(x.grad!.item()).toBe(1);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        expectGradient((v) => v.max(dim).values, [x]);
        expectGradient((v) => v.min(dim, { keepdim: true }).values, [x]);
        expectGradient((v) => v.max(), [x]);
      }),
      { numRuns: 20 },
    ));
});

describe('argmax and argmin', () => {
  it('count in row-major order of the logical tensor', () => {
    const x = tensor([
      [1, 9],
      [3, 0],
    ]);
    expect(x.argmax().item()).toBe(1);
    expect(x.transpose(0, 1).argmax().item()).toBe(2);
    expect(x.argmin().item()).toBe(3);
    expect(x.argmax(0, { keepdim: true }).toArray()).toEqual([[1, 0]]);
  });

  it('take the first of ties and the first NaN', () => {
    expect(tensor([2, 2, 2]).argmax().item()).toBe(0);
    expect(tensor([5, NaN, 7, NaN]).argmin().item()).toBe(1);
  });

  it('are not defined for nothing', () => {
    expect(() => zeros([0, 3]).argmax(0)).toThrow(ShapeError);
    expect(zeros([0, 3]).argmax(1).shape).toEqual([0]);
  });
});
