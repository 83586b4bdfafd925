import fc from 'fast-check';
import { ArgumentError, DTypeError, noGrad, randn, tensor, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { distinct, restrided, shapes } from './random.js';

type Unary = readonly [
  name: string,
  f: (x: Tensor) => Tensor,
  exact: (x: number) => number,
  domain: readonly [number, number],
];

/** Smooth functions with the range on which they are checked. */
const smooth: readonly Unary[] = [
  ['exp', (x) => x.exp(), Math.exp, [-3, 3]],
  ['exp2', (x) => x.exp2(), (x) => 2 ** x, [-3, 3]],
  ['expm1', (x) => x.expm1(), Math.expm1, [-3, 3]],
  ['log', (x) => x.log(), Math.log, [0.1, 4]],
  ['log2', (x) => x.log2(), Math.log2, [0.1, 4]],
  ['log10', (x) => x.log10(), Math.log10, [0.1, 4]],
  ['log1p', (x) => x.log1p(), Math.log1p, [-0.8, 4]],
  ['sqrt', (x) => x.sqrt(), Math.sqrt, [0.1, 4]],
  ['rsqrt', (x) => x.rsqrt(), (x) => 1 / Math.sqrt(x), [0.2, 4]],
  ['reciprocal', (x) => x.reciprocal(), (x) => 1 / x, [0.3, 4]],
  ['square', (x) => x.square(), (x) => x * x, [-3, 3]],
  ['sin', (x) => x.sin(), Math.sin, [-4, 4]],
  ['cos', (x) => x.cos(), Math.cos, [-4, 4]],
  ['tan', (x) => x.tan(), Math.tan, [-1.2, 1.2]],
  ['asin', (x) => x.asin(), Math.asin, [-0.9, 0.9]],
  ['acos', (x) => x.acos(), Math.acos, [-0.9, 0.9]],
  ['atan', (x) => x.atan(), Math.atan, [-4, 4]],
  ['sinh', (x) => x.sinh(), Math.sinh, [-3, 3]],
  ['cosh', (x) => x.cosh(), Math.cosh, [-3, 3]],
  ['tanh', (x) => x.tanh(), Math.tanh, [-3, 3]],
  ['asinh', (x) => x.asinh(), Math.asinh, [-3, 3]],
  ['acosh', (x) => x.acosh(), Math.acosh, [1.2, 4]],
  ['atanh', (x) => x.atanh(), Math.atanh, [-0.9, 0.9]],
  ['sinc', (x) => x.sinc(), (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)), [0.1, 3]],
  ['logit', (x) => x.logit(), (x) => Math.log(x / (1 - x)), [0.05, 0.95]],
  ['abs', (x) => x.abs(), Math.abs, [0.1, 3]],
  ['neg', (x) => x.neg(), (x) => -x, [-3, 3]],
  ['frac', (x) => x.frac(), (x) => x - Math.trunc(x), [0.1, 0.9]],
];

/** A float64 tensor of distinct values spread over a range. */
const within = (shape: readonly number[], seed: number, [low, high]: readonly [number, number]): Tensor => {
  const x = distinct(shape, seed);
  const bound = Math.max(0.37, x.numel * 0.37);
  return x
    .div(bound)
    .add(0.5)
    .mul(high - low)
    .add(low)
    .detach();
};

/** Functions of float32 of which more than the result is rounded. */
const stepwise: Readonly<Record<string, (x: number) => number>> = { rsqrt: (x) => 1 / Math.fround(Math.sqrt(x)) };

describe.each(smooth)('%s', (name, f, exact, domain) => {
  it('computes the function of each element, in float32 and float64, whatever the layout', () =>
    fc.assert(
      fc.property(shapes(0), fc.nat(), (shape, seed) => {
        const x = within(shape, seed, domain);
        const expected = Array.from(x.data, exact);
        expect(Array.from(f(restrided(x)).data)).toEqual(expected);
        const single = x.float();
        const inSingle = stepwise[name] ?? exact;
        expect(Array.from(f(single).data)).toEqual(Array.from(single.data, (v) => Math.fround(inSingle(v))));
      }),
      { numRuns: 20 },
    ));

  it('has the gradient that differences give', () =>
    fc.assert(
      fc.property(shapes(), fc.nat(), (shape, seed) => expectGradient(f, [within(shape, seed, domain)])),
      { numRuns: 10 },
    ));
});

describe('steps', () => {
  const x = tensor([-2.5, -1.5, -0.5, -0, 0.5, 1.5, 2.5, 2.7, -2.7]);

  it('round to the nearest integer, ties to even', () =>
    expect(x.round().toArray()).toEqual([-2, -2, -0, -0, 0, 2, 2, 3, -3]));

  it('floor, ceil and truncate, keeping the sign of zero', () => {
    expect(x.floor().toArray()).toEqual([-3, -2, -1, -0, 0, 1, 2, 2, -3]);
    expect(x.ceil().toArray()).toEqual([-2, -1, -0, -0, 1, 2, 3, 3, -2]);
    expect(x.trunc().toArray()).toEqual([-2, -1, -0, -0, 0, 1, 2, 2, -2]);
  });

  it('round to decimals and to tens', () => {
    expect(tensor([1.2345, 18.5], { dtype: 'float64' }).round({ decimals: 2 }).toArray()).toEqual([1.23, 18.5]);
    expect(tensor([15, 25, -31]).round({ decimals: -1 }).toArray()).toEqual([20, 20, -30]);
    expect(() => tensor([15], { dtype: 'int32' }).round({ decimals: -1 })).toThrow(DTypeError);
    expect(() => x.round({ decimals: 0.5 })).toThrow(ArgumentError);
  });

  it('have gradient zero, not none', () => {
    for (const f of [(v: Tensor) => v.round(), (v: Tensor) => v.floor(), (v: Tensor) => v.sign()]) {
      const leaf = tensor([0.3, -1.7], { requiresGrad: true });
      f(leaf).sum().backward();
      expect(leaf.grad!.toArray()).toEqual([0, 0]);
    }
  });
});

describe('dtypes', () => {
  it('make float32 of integers and bools where the function is one of real numbers', () => {
    expect(tensor([1, 4], { dtype: 'int8' }).sqrt().dtype).toBe('float32');
    expect(tensor([true]).exp().dtype).toBe('float32');
    expect(tensor([1], { dtype: 'float16' }).exp().dtype).toBe('float32');
    expect(tensor([1], { dtype: 'float64' }).exp().dtype).toBe('float64');
  });

  it('keep integers where the result is one, wrapping at the end of the range', () => {
    expect(tensor([-128, 5], { dtype: 'int8' }).abs().toArray()).toEqual([-128, 5]);
    expect(tensor([1, 0], { dtype: 'uint8' }).neg().toArray()).toEqual([255, 0]);
    expect(tensor([65537], { dtype: 'int32' }).square().toArray()).toEqual([131073]);
    expect(tensor([3], { dtype: 'int16' }).floor().dtype).toBe('int16');
    expect(tensor([5, -6], { dtype: 'int32' }).bitwiseNot().toArray()).toEqual([-6, 5]);
  });

  it('reject bools that have no negative, and bits of floats', () => {
    expect(() => tensor([true]).neg()).toThrow(DTypeError);
    expect(() => tensor([true]).abs()).toThrow(/abs: not defined for bool/);
    expect(() => tensor([true]).floor()).toThrow(DTypeError);
    expect(() => tensor([1.5]).bitwiseNot()).toThrow(DTypeError);
    expect(tensor([true, false]).sign().dtype).toBe('bool');
    expect(tensor([true, false]).bitwiseNot().toArray()).toEqual([0, 1]);
  });

  it('do not share memory with an integer input that they leave as it is', () => {
    const x = tensor([1, 2], { dtype: 'int32' });
    x.floor().fill_(9);
    expect(x.toArray()).toEqual([1, 2]);
  });
});

describe('edges', () => {
  it('let NaN and infinities through as IEEE arithmetic does', () => {
    const x = tensor([NaN, Infinity, -Infinity, 0]);
    expect(x.exp().toArray()).toEqual([NaN, Infinity, 0, 1]);
    expect(x.sign().toArray()).toEqual([0, 1, -1, 0]);
    expect(x.frac().toArray()).toEqual([NaN, NaN, NaN, 0]);
    expect(x.erf().toArray()).toEqual([NaN, 1, -1, 0]);
  });

  it('clamp before logit only where eps is given', () => {
    const x = tensor([-0.5, 0, 0.5, 1, 1.5], { requiresGrad: true });
    expect(x.logit().toArray()).toEqual([NaN, -Infinity, 0, Infinity, NaN]);
    const clamped = x.logit(0.25);
    expect(clamped.data[0]).toBeCloseTo(-Math.log(3), 6);
    clamped.sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 4, 0, 0]);
  });

  it('have a finite gradient of sinc at 0', () => {
    const x = tensor([0], { requiresGrad: true });
    x.sinc().backward();
    expect(x.grad!.toArray()).toEqual([0]);
  });

  it('differentiate twice', () => {
    const x = tensor([0.3, -1.2], { dtype: 'float64', requiresGrad: true });
    x.sin().sum().backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.sum().backward();
    const expected = [0.3, -1.2].map((v) => -Math.sin(v));
    x.grad!.data.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 12));
  });
});

it('lgamma has two derivatives', () => {
  const x = tensor([0.3, 2, 7.5], { dtype: 'float64', requiresGrad: true });
  x.lgamma().sum().backward(undefined, { createGraph: true });
  const [slope, h] = [x.grad!, 1e-5];
  x.grad = null;
  slope.sum().backward();
  const wanted = noGrad(() =>
    x
      .add(h)
      .digamma()
      .sub(x.sub(h).digamma())
      .div(2 * h),
  );
  expect(x.grad!.sub(wanted).div(wanted).abs().max().item()).toBeLessThan(1e-7);
});

it('the cube is two products, each rounded', () => {
  const x = randn([1000]);
  expect(x.pow(3).toArray()).toEqual(x.mul(x).mul(x).toArray());
  const wide = x.to('float64').slice([null, null, 3]);
  expect(wide.pow(3).toArray()).toEqual(wide.mul(wide).mul(wide).toArray());
});
