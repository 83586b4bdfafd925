import fc from 'fast-check';
import { ArgumentError, DTypeError, ShapeError, tensor, zeros, type Interpolation } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { withDim } from './random.js';

describe('quantile', () => {
  const x = tensor([10, 0, 20, 30]);

  it.each<[Interpolation, number]>([
    ['linear', 12],
    ['lower', 10],
    ['higher', 20],
    ['midpoint', 15],
    ['nearest', 10],
  ])('interpolates %s', (interpolation, expected) =>
    expect(x.quantile(0.4, { interpolation }).item()).toBeCloseTo(expected, 5),
  );

  it('puts several q first, along a dim or over all elements', () => {
    const y = tensor([
      [1, 3],
      [5, 7],
    ]);
    expect(y.quantile(tensor([0, 0.5, 1]), { dim: 1 }).toArray()).toEqual([
      [1, 5],
      [2, 6],
      [3, 7],
    ]);
    expect(y.quantile(tensor([0, 1])).toArray()).toEqual([1, 7]);
    expect(y.quantile(0.5, { keepdim: true }).shape).toEqual([1, 1]);
    expect(y.quantile(0.5, { dim: 0, keepdim: true }).toArray()).toEqual([[3, 5]]);
  });

  it('is NaN for lines with a NaN, and keeps infinities at whole ranks', () => {
    expect(
      tensor([
        [1, NaN, 2],
        [1, 2, 3],
      ])
        .quantile(0.5, { dim: 1 })
        .toArray(),
    ).toEqual([NaN, 2]);
    expect(tensor([1, Infinity]).quantile(1).item()).toBe(Infinity);
  });

  it('has the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, fc.constantFrom(0, 0.3, 0.5, 0.9, 1), ({ x: v, dim }, q) =>
        expectGradient((u) => u.quantile(q, { dim }), [v]),
      ),
      { numRuns: 30 },
    ));

  it('rejects q outside [0, 1], integers and nothing', () => {
    expect(() => x.quantile(1.1)).toThrow(ArgumentError);
    expect(() => x.quantile(0.5, { interpolation: 'cubic' as 'linear' })).toThrow(ArgumentError);
    expect(() => tensor([1], { dtype: 'int32' }).quantile(0.5)).toThrow(DTypeError);
    expect(() => zeros([0]).quantile(0.5)).toThrow(ShapeError);
  });
});

it('no shares give no quantiles', () => {
  expect(tensor([1, 2]).quantile(zeros([0])).shape).toEqual([0]);
  expect(tensor([[1, 2, 3]]).quantile(zeros([0]), { dim: 1, keepdim: true }).shape).toEqual([0, 1, 1]);
});
