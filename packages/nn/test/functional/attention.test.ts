import { ArgumentError, DTypeError, Generator, randn, ShapeError, tensor, type Tensor } from '@q/tensor';
import { functional } from '@q/nn';
import { expectGradient } from '../../../tensor/test/gradcheck.js';

const { scaledDotProductAttention } = functional;

const generator = new Generator(5);
const random = (...shape: number[]): Tensor => randn(shape, { generator });
const [q, k, v] = [random(2, 3, 4), random(2, 5, 4), random(2, 5, 6)];

describe('scaledDotProductAttention', () => {
  it('is softmax(q k^T / sqrt(E)) v', () => {
    const wanted = q.matmul(k.transpose(1, 2)).div(2).softmax(-1).matmul(v);
    expect(scaledDotProductAttention(q, k, v).allclose(wanted, { atol: 1e-6 })).toBe(true);
    expect(
      scaledDotProductAttention(q, k, v, { scale: 0 }).allclose(v.mean(1, { keepdim: true }), { atol: 1e-6 }),
    ).toBe(true);
  });

  it('sees only keys where a bool mask is true, and adds a mask of numbers', () => {
    const seen = tensor([1, 0, 0, 1, 0], { dtype: 'bool' });
    const wanted = scaledDotProductAttention(
      q,
      k.index([], tensor([0, 3], { dtype: 'int32' })),
      v.index([], tensor([0, 3], { dtype: 'int32' })),
    );
    expect(scaledDotProductAttention(q, k, v, { attnMask: seen }).allclose(wanted, { atol: 1e-6 })).toBe(true);
    const numbers = tensor([0, -Infinity, -Infinity, 0, -Infinity]);
    expect(scaledDotProductAttention(q, k, v, { attnMask: numbers }).allclose(wanted, { atol: 1e-6 })).toBe(true);
  });

  it('with isCausal, lets a query see the keys up to its own position', () => {
    const y = scaledDotProductAttention(q, k, v, { isCausal: true });
    expect(y.select(1, 0).allclose(v.select(1, 0), { atol: 1e-6 })).toBe(true);
    expect(() => scaledDotProductAttention(q, k, v, { isCausal: true, attnMask: tensor([1]) })).toThrow(ArgumentError);
  });

  it('drops weights as asked for', () =>
    expect(scaledDotProductAttention(q, k, v, { dropoutP: 1 }).abs().sum().item()).toBe(0));

  it('has the gradients of its formula', () =>
    expectGradient((a, b, c) => scaledDotProductAttention(a, b, c, { isCausal: true }), [q, k, v]));

  it('refuses sizes and masks that do not fit', () => {
    expect(() => scaledDotProductAttention(q, v, k)).toThrow(ShapeError);
    expect(() => scaledDotProductAttention(q, k, v, { attnMask: tensor([1, 0, 0, 1, 0], { dtype: 'int32' }) })).toThrow(
      DTypeError,
    );
  });
});
