import fc from 'fast-check';
import { DTypeError, tensor, zeros, type Tensor } from '@q/tensor';
import { distinct, restrided, shapes } from './random.js';

const comparisons: readonly (readonly [string, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => boolean])[] =
  [
    ['eq', (a, b) => a.eq(b), (a, b) => a === b],
    ['ne', (a, b) => a.ne(b), (a, b) => a !== b],
    ['lt', (a, b) => a.lt(b), (a, b) => a < b],
    ['le', (a, b) => a.le(b), (a, b) => a <= b],
    ['gt', (a, b) => a.gt(b), (a, b) => a > b],
    ['ge', (a, b) => a.ge(b), (a, b) => a >= b],
    ['logicalAnd', (a, b) => a.logicalAnd(b), (a, b) => a !== 0 && b !== 0],
    ['logicalOr', (a, b) => a.logicalOr(b), (a, b) => a !== 0 || b !== 0],
    ['logicalXor', (a, b) => a.logicalXor(b), (a, b) => (a !== 0) !== (b !== 0)],
  ];

const values = [NaN, -Infinity, -1, -0, 0, 0.5, 1, Infinity];

describe.each(comparisons)('%s', (_name, f, exact) => {
  it('compares each pair, NaN and both zeros as IEEE does', () => {
    const y = f(tensor(values).unsqueeze(1), tensor(values));
    expect(y.dtype).toBe('bool');
    expect(y.toArray()).toEqual(values.map((a) => values.map((b) => Number(exact(a, b)))));
  });

  it('sees through layouts', () =>
    fc.assert(
      fc.property(shapes(0), fc.nat(), (shape, seed) => {
        const [a, b] = [distinct(shape, seed), distinct(shape, seed + 1)];
        expect(f(restrided(a), b).toArray()).toEqual(f(a, b).toArray());
      }),
      { numRuns: 20 },
    ));
});

describe('comparisons of dtypes', () => {
  it('compare in the dtype the operands promote to', () => {
    const big = tensor([16777217], { dtype: 'int32' });
    expect(big.eq(tensor([16777216])).item()).toBe(1);
    expect(
      tensor([-1], { dtype: 'int8' })
        .lt(tensor([200], { dtype: 'uint8' }))
        .item(),
    ).toBe(1);
    expect(tensor([1], { dtype: 'int8' }).gt(0.5).item()).toBe(1);
  });

  it('are not recorded', () => expect(tensor([1], { requiresGrad: true }).gt(0).requiresGrad).toBe(false));
});

describe('tests of elements', () => {
  const x = tensor(values);

  it('tell the kinds of number apart', () => {
    expect(x.isnan().toArray()).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(x.isinf().toArray()).toEqual([0, 1, 0, 0, 0, 0, 0, 1]);
    expect(x.isfinite().toArray()).toEqual([0, 0, 1, 1, 1, 1, 1, 0]);
    expect(x.isposinf().toArray()).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(x.isneginf().toArray()).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
    expect(x.signbit().toArray()).toEqual([0, 1, 1, 1, 0, 0, 0, 0]);
    expect(x.logicalNot().toArray()).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
  });

  it('read half precision as the numbers it stands for', () => {
    const half = tensor([NaN, 1, -0, Infinity]).half();
    expect(half.isnan().toArray()).toEqual([1, 0, 0, 0]);
    expect(half.logicalNot().toArray()).toEqual([0, 0, 1, 0]);
    expect(tensor([3], { dtype: 'int8' }).isfinite().toArray()).toEqual([1]);
  });
});

describe('bits', () => {
  const [a, b] = [tensor([12, -7], { dtype: 'int8' }), tensor([10, 3], { dtype: 'int8' })];

  it('combine in the promoted dtype', () => {
    expect(a.bitwiseAnd(b).toArray()).toEqual([8, 1]);
    expect(a.bitwiseOr(b).toArray()).toEqual([14, -5]);
    expect(a.bitwiseXor(6).toArray()).toEqual([10, -1]);
    expect(tensor([true]).bitwiseXor(tensor([true])).dtype).toBe('bool');
  });

  it('shift out of the dtype, the sign staying', () => {
    expect(a.bitwiseLeftShift(4).toArray()).toEqual([-64, -112]);
    expect(a.bitwiseRightShift(1).toArray()).toEqual([6, -4]);
    expect(a.bitwiseLeftShift(8).toArray()).toEqual([0, 0]);
    expect(a.bitwiseRightShift(40).toArray()).toEqual([0, -1]);
    expect(tensor([200], { dtype: 'uint8' }).bitwiseRightShift(3).toArray()).toEqual([25]);
  });

  it('belong to integers', () => {
    expect(() => a.bitwiseAnd(0.5)).toThrow(/bitwiseAnd: wants integers or bools, got int8 and float32/);
    expect(() => tensor([true]).bitwiseLeftShift(tensor([true]))).toThrow(DTypeError);
  });
});

describe('closeness', () => {
  it('is relative to the second operand, with infinities close to themselves', () => {
    const x = tensor([1, 1, Infinity, Infinity, NaN]);
    const y = tensor([1.000009, 1.1, Infinity, -Infinity, NaN]);
    expect(x.isclose(y).toArray()).toEqual([1, 0, 1, 0, 0]);
    expect(x.isclose(y, { equalNan: true, atol: 0.2 }).toArray()).toEqual([1, 1, 1, 0, 1]);
  });

  it('of all elements is one boolean, true for none', () => {
    expect(tensor([1, 2]).allclose(tensor([1, 2.1]))).toBe(false);
    expect(tensor([1, 2]).allclose(tensor([1, 2.1]), { rtol: 0.1 })).toBe(true);
    expect(zeros([0]).allclose(zeros([0]))).toBe(true);
  });

  it('wants one dtype', () => expect(() => tensor([1]).allclose(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError));
});

describe('equal', () => {
  it('wants the same shape and elements', () => {
    expect(tensor([[1, 2]]).equal(tensor([[1, 2]]))).toBe(true);
    expect(tensor([[1, 2]]).equal(tensor([1, 2]))).toBe(false);
    expect(tensor([1, 2]).equal(tensor([1, 3]))).toBe(false);
    expect(tensor([NaN]).equal(tensor([NaN]))).toBe(false);
    expect(zeros([0, 2]).equal(zeros([0, 2]))).toBe(true);
  });

  it('wants one dtype', () => expect(() => tensor([1]).equal(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError));
});

it('tolerances are of the dtype of the tensor beside a plain number', () => {
  const at = (value: number): Tensor => tensor([value], { dtype: 'float64' });
  expect(at(1e300).isclose(2e300).item()).toBe(0);
  expect(at(1).allclose(1e39 as never)).toBe(false);
  expect(at(1.4e-55).isclose(1e-55, { rtol: 0.5, atol: 0 }).item()).toBe(1);
});
