import { ArgumentError, AutogradError, DTypeError, Generator, noGrad, zeros } from '@q/tensor';

describe('random numbers in place', () => {
  it('overwrite a tensor, or a view of it, and return it', () => {
    const x = zeros([2, 3]);
    expect(x.uniform_(5, 6)).toBe(x);
    for (const value of x.flatten().toArray() as number[]) expect(value >= 5 && value <= 6).toBe(true);
    x.T.select(0, 1).normal_(100, 0);
    expect(x.select(1, 1).toArray()).toEqual([100, 100]);
    expect(zeros([3], { dtype: 'int8' }).bernoulli_(1).toArray()).toEqual([1, 1, 1]);
  });

  it('are the same for the same generator state', () => {
    const draw = () =>
      zeros([4])
        .normal_(0, 1, { generator: new Generator(3) })
        .toArray();
    expect(draw()).toEqual(draw());
  });

  it('refuse integers, strange parameters and leaves that require a gradient', () => {
    expect(() => zeros([1], { dtype: 'int32' }).normal_()).toThrow(DTypeError);
    expect(() => zeros([1]).uniform_(1, 0)).toThrow(ArgumentError);
    expect(() => zeros([1]).bernoulli_(2)).toThrow(ArgumentError);
    const leaf = zeros([1], { requiresGrad: true });
    expect(() => leaf.uniform_()).toThrow(AutogradError);
    expect(noGrad(() => leaf.uniform_()).requiresGrad).toBe(true);
  });
});

it.each([
  ['float32', 1e7, 1e7 + 1],
  ['float32', 0, 1],
  ['float16', 0, 1],
  ['bfloat16', 0, 1],
  ['bfloat16', -3, 5],
] as const)('uniform_ of %s from %d never reaches %d', (dtype, from, to) => {
  const x = zeros([20000], { dtype }).uniform_(from, to, { generator: new Generator(1) });
  expect(x.min().item()).toBeGreaterThanOrEqual(from);
  expect(x.max().item()).toBeLessThan(to);
});

it('uniform_ ends where no number of the dtype lies between its ends', () => {
  const near = Math.fround(0.1);
  expect(
    zeros([1])
      .uniform_(0.1, 0.1 + 1e-12)
      .item(),
  ).toBe(near);
  expect(zeros([1]).uniform_(0.25, 0.25).item()).toBe(0.25);
});

it.each([
  [-Infinity, 5],
  [0, Infinity],
  [0, 1e300],
  [1e7 + 0.4999999, 1e7 + 1],
])('uniform_ from %d to %d ends', (from, to) => {
  expect(zeros([8]).uniform_(from, to).shape).toEqual([8]);
});
