import fc from 'fast-check';
import { DTypeError, IndexError, tensor, zeros } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { restrided, withDim } from './random.js';

describe('cumsum and cumprod', () => {
  it('end in the sum and the product of any layout', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        fc.pre(x.ndim > 0);
        const view = restrided(x);
        const ends = view.cumsum(dim).select(dim, -1);
        ends.reshape([-1]).data.forEach((v, i) => expect(v).toBeCloseTo(x.sum(dim).reshape([-1]).data[i]!, 10));
        expect(view.cumsum(dim).select(dim, 0).toArray()).toEqual(x.select(dim, 0).toArray());
        expect(view.cumprod(dim).select(dim, 0).toArray()).toEqual(x.select(dim, 0).toArray());
      }),
    ));

  it('go on through infinities as arithmetic does', () =>
    expect(tensor([1, Infinity, 2, -Infinity, 3]).cumsum(0).toArray()).toEqual([1, Infinity, Infinity, NaN, NaN]));

  it('accumulate integers in int32, wrapping in a narrower dtype', () => {
    const x = tensor([100, 100, 100], { dtype: 'uint8' });
    expect(x.cumsum(0).toArray()).toEqual([100, 200, 300]);
    expect(x.cumsum(0, { dtype: 'uint8' }).toArray()).toEqual([100, 200, 44]);
    expect(tensor([65537, 65537], { dtype: 'int32' }).cumprod(0).toArray()).toEqual([65537, 131073]);
    expect(tensor([true, true]).cumsum(0).dtype).toBe('int32');
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        expectGradient((v) => v.cumsum(dim), [x]);
        expectGradient((v) => v.cumprod(dim), [x], { tolerance: 1e-5 });
      }),
      { numRuns: 30 },
    ));

  it('have the exact product gradient where elements are 0', () => {
    expectGradient((v) => v.cumprod(0), [tensor([2, 0, 3, 0, 4], { dtype: 'float64' })]);
    expectGradient(
      (v) => v.cumprod(1),
      [
        tensor(
          [
            [0, 2, 3],
            [1, 2, 0],
          ],
          { dtype: 'float64' },
        ),
      ],
    );
  });

  it('have second derivatives', () => {
    const gradient = (x: ReturnType<typeof tensor>) => {
      const leaf = x.detach().clone();
      leaf.requiresGrad = true;
      leaf
        .cumprod(0)
        .mul(tensor([1, 2, 3, 4], { dtype: 'float64' }))
        .sum()
        .backward(undefined, { createGraph: true });
      return { leaf, grad: leaf.grad! };
    };
    const x = tensor([2, 0, 3, 0.5], { dtype: 'float64' });
    const { leaf, grad } = gradient(x);
    leaf.grad = null;
    grad.select(0, 0).add(grad.select(0, 2)).backward();
    const step = 1e-6;
    x.data.forEach((_, i) => {
      const at = (delta: number): number => {
        const moved = Float64Array.from(x.data);
        moved[i]! += delta;
        const { grad: g } = gradient(tensor(moved));
        return g.data[0]! + g.data[2]!;
      };
      expect(leaf.grad!.data[i]).toBeCloseTo((at(step) - at(-step)) / (2 * step), 5);
    });
  });

  it('take zero-size and 0-d tensors, and name a dim out of range', () => {
    expect(zeros([0, 3]).cumsum(0).shape).toEqual([0, 3]);
    expect(tensor(2).cumprod(-1).item()).toBe(2);
    expect(() => zeros([2]).cumsum(1)).toThrow(IndexError);
  });
});

describe('logcumsumexp', () => {
  it('does not overflow and keeps -Infinity', () => {
    const y = tensor([-Infinity, 1000, 1000]).logcumsumexp(0).toArray() as number[];
    expect(y.slice(0, 2)).toEqual([-Infinity, 1000]);
    expect(y[2]).toBeCloseTo(1000 + Math.LN2, 3);
  });

  it('has the gradient that differences give, for upstream of either sign', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => expectGradient((v) => v.logcumsumexp(dim).mul(x), [x])),
      { numRuns: 20 },
    ));

  it('wants a floating dtype', () => expect(() => tensor([1], { dtype: 'int32' }).logcumsumexp(0)).toThrow(DTypeError));
});

describe('cummax and cummin', () => {
  it('give the latest position of ties', () => {
    const { values, indices } = tensor([1, 3, 3, 2]).cummax(0);
    expect(values.toArray()).toEqual([1, 3, 3, 3]);
    expect(indices.toArray()).toEqual([0, 1, 2, 2]);
    expect(tensor([1, 3, 1]).cummin(0).indices.toArray()).toEqual([0, 0, 2]);
  });

  it('stay NaN once they met one', () => {
    const { values, indices } = tensor([1, NaN, 3, NaN]).cummin(0);
    expect(values.toArray()).toEqual([1, NaN, NaN, NaN]);
    expect(indices.toArray()).toEqual([0, 1, 1, 3]);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        expectGradient((v) => v.cummax(dim).values, [x]);
        expectGradient((v) => v.cummin(dim).values, [x]);
      }),
      { numRuns: 20 },
    ));
});

describe('diff', () => {
  it('takes differences of neighbours, several times', () => {
    const x = tensor([1, 4, 9, 16]);
    expect(x.diff().toArray()).toEqual([3, 5, 7]);
    expect(x.diff({ n: 2 }).toArray()).toEqual([2, 2]);
    expect(x.diff({ n: 9 }).shape).toEqual([0]);
    expect(
      tensor([
        [1, 2],
        [5, 9],
      ])
        .diff({ dim: 0 })
        .toArray(),
    ).toEqual([[4, 7]]);
    expect(tensor([true, false, false]).diff().toArray()).toEqual([1, 0]);
  });
});

it('no differences at all are a copy', () => {
  const x = tensor([1, 2]);
  x.diff({ n: 0 }).fill_(7);
  expect(x.toArray()).toEqual([1, 2]);
});
