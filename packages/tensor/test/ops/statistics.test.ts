import fc from 'fast-check';
import { ArgumentError, DTypeError, ShapeError, tensor, zeros } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { restrided, withDim } from './random.js';

describe('var, std and varMean', () => {
  it('divide by n - 1, by n, or by n - correction', () => {
    const x = tensor([1, 2, 3, 6]);
    expect(x.var().item()).toBeCloseTo(14 / 3, 6);
    expect(x.var(null, { unbiased: false }).item()).toBeCloseTo(3.5, 6);
    expect(x.var(null, { correction: 2 }).item()).toBeCloseTo(7, 6);
    expect(x.std().item()).toBeCloseTo(Math.sqrt(14 / 3), 6);
    const { var: variance, mean } = x.varMean(0);
    expect([variance.item(), mean.item()]).toEqual([x.var().item(), 3]);
  });

  it('do not cancel far from 0', () =>
    expect(
      tensor([1e7, 1e7 + 1, 1e7 + 2], { dtype: 'float32' })
        .var()
        .item(),
    ).toBe(1));

  it('are NaN where nothing is left', () => {
    expect(tensor([5]).var().item()).toBeNaN();
    expect(zeros([0]).std(null, { unbiased: false }).item()).toBeNaN();
    expect(tensor([1, Infinity]).var().item()).toBeNaN();
  });

  it('have no gradient through the root where all elements are equal', () => {
    const x = tensor([1, 1, 1], { requiresGrad: true });
    x.std().backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 0]);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, fc.boolean(), ({ x, dim }, keepdim) => {
        fc.pre(x.ndim > 0 && x.shape[dim]! > 1);
        expectGradient((v) => v.var(dim, { keepdim }), [x]);
        expectGradient((v) => v.std(dim, { keepdim, unbiased: false }), [x]);
        expectGradient((v) => Object.values(v.varMean(dim, { keepdim })), [x]);
      }),
      { numRuns: 30 },
    ));

  it('want a floating dtype and one way to say the divisor', () => {
    expect(() => tensor([1, 2], { dtype: 'int32' }).var()).toThrow(DTypeError);
    expect(() => tensor([1, 2]).var(0, { unbiased: true, correction: 1 })).toThrow(ArgumentError);
  });
});

describe('norm', () => {
  it.each([
    [0, 3],
    [1, 8],
    [2, Math.sqrt(26)],
    [3, (1 + 27 + 64) ** (1 / 3)],
    [0.5, (1 + Math.sqrt(3) + 2) ** 2],
    [Infinity, 4],
    [-Infinity, 0],
  ])('of order %p', (p, expected) => {
    expect(tensor([1, -3, 0, 4], { dtype: 'float64' }).norm({ p }).item()).toBeCloseTo(expected, 10);
  });

  it.each([1, 1.5, 2, 3, 0.5, Infinity, -Infinity])('of order %p has the gradient that differences give', (p) =>
    fc.assert(
      fc.property(withDim, fc.boolean(), ({ x, dim }, keepdim) =>
        expectGradient((v) => v.norm({ p, dim, keepdim }), [x.add(0.06)], { step: 1e-6, tolerance: 1e-5 }),
      ),
      { numRuns: 15 },
    ),
  );

  it.each([0, 1, 1.5, 2, 3])('of order %p has gradient 0 at 0', (p) => {
    const x = zeros([3], { requiresGrad: true });
    x.norm({ p }).backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 0]);
  });

  it('shares the gradient of the largest magnitude between ties', () => {
    const x = tensor([2, -2, 1], { requiresGrad: true });
    x.norm({ p: Infinity }).backward();
    expect(x.grad!.toArray()).toEqual([0.5, -0.5, 0]);
  });

  it('rejects integers, unknown orders and the largest of nothing', () => {
    expect(() => tensor([1], { dtype: 'int32' }).norm()).toThrow(DTypeError);
    expect(() => tensor([1]).norm({ p: 'nuc' as 'fro' })).toThrow(ArgumentError);
    expect(() => zeros([0]).norm({ p: Infinity })).toThrow(ShapeError);
    expect(zeros([0]).norm().item()).toBe(0);
  });
});

describe('logsumexp', () => {
  it('does not overflow', () => {
    expect(tensor([1000, 1000]).logsumexp(0).item()).toBeCloseTo(1000 + Math.LN2, 3);
    expect(tensor([-1000, -1000]).logsumexp(0).item()).toBeCloseTo(-1000 + Math.LN2, 3);
  });

  it('follows infinities and NaN', () => {
    expect(tensor([-Infinity, -Infinity]).logsumexp(0).item()).toBe(-Infinity);
    expect(tensor([Infinity, 1]).logsumexp(0).item()).toBe(Infinity);
    expect(tensor([NaN, 1]).logsumexp(0).item()).toBeNaN();
    expect(zeros([0, 2]).logsumexp(0).toArray()).toEqual([-Infinity, -Infinity]);
  });

  it('has the gradient that differences give, over several dims and any layout', () =>
    fc.assert(
      fc.property(withDim, fc.boolean(), ({ x, dim }, keepdim) => {
        expectGradient((v) => restrided(v).logsumexp(dim, { keepdim }), [x]);
        expectGradient((v) => v.logsumexp([], { keepdim }), [x]);
      }),
      { numRuns: 20 },
    ));
});
