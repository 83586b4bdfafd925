import { DTypeError, ShapeError, tensor, zeros, type DType, type Tensor } from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data);

/** Elements that differ from each other, of either sign. */
const filled = (shape: readonly number[], dtype: DType = 'float64'): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => ((i * 37) % 23) - 11),
    { shape },
  ).to(dtype);
};

/** The definition, for two matrices as nested arrays. */
const naive = (a: number[][], b: number[][]): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((sum, x, p) => sum + x * b[p]![j]!, 0)));

const sizes = fc.integer({ min: 1, max: 9 });

describe('matmul', () => {
  it('is the sum of products, for any sizes, dtypes and strides', () =>
    fc.assert(
      fc.property(
        sizes,
        sizes,
        sizes,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom<DType>('float32', 'float64', 'int32', 'int16'),
        (m, k, n, turnA, turnB, dtype) => {
          const a = turnA ? filled([k, m], dtype).transpose(0, 1) : filled([m, k], dtype);
          const b = turnB ? filled([n, k], dtype).transpose(0, 1) : filled([k, n], dtype);
          const product = a.matmul(b);
          expect(product.dtype).toBe(dtype);
          expect(product.toArray()).toEqual(naive(a.toArray() as number[][], b.toArray() as number[][]));
        },
      ),
    ));

  it.each([
    [100, 40, 131],
    [7, 300, 97],
    [1, 65, 200],
    [2, 500, 99],
    [130, 70, 1],
    [98, 3, 2],
  ])('agrees with the definition where blocks and edges meet: %i x %i x %i', (m, k, n) => {
    const [a, b] = [filled([m, k], 'float32'), filled([k, n], 'float32')];
    const expected = naive(a.toArray() as number[][], b.toArray() as number[][]);
    expect(a.matmul(b).toArray()).toEqual(expected);
    const spread = (x: Tensor): Tensor => x.transpose(0, 1).clone().transpose(0, 1);
    expect(spread(a).matmul(spread(b)).toArray()).toEqual(expected);
  });

  it('broadcasts leading dims', () => {
    const [a, b] = [filled([2, 1, 3, 4]), filled([5, 4, 2])];
    const product = a.matmul(b);
    expect(product.shape).toEqual([2, 5, 3, 2]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 5; j++)
        expect(product.select(0, i).select(0, j).toArray()).toEqual(
          a.select(0, i).select(0, 0).matmul(b.select(0, j)).toArray(),
        );
  });

  it('gives vectors a dim and takes it away again', () => {
    expect(filled([4]).matmul(filled([4])).shape).toEqual([]);
    expect(filled([4]).matmul(filled([3, 4, 2])).shape).toEqual([3, 2]);
    expect(filled([3, 2, 4]).matmul(filled([4])).shape).toEqual([3, 2]);
    expect(filled([2, 3, 4]).matmul(filled([4, 5])).shape).toEqual([2, 3, 5]);
  });

  it('wraps integers and keeps NaN and infinities', () => {
    expect(
      tensor([[100, 100]], { dtype: 'int8' })
        .matmul(tensor([[1], [1]], { dtype: 'int8' }))
        .item(),
    ).toBe(-56);
    const big = tensor([[2 ** 30]], { dtype: 'int32' });
    expect(big.matmul(tensor([[6]], { dtype: 'int32' })).item()).toBe((2 ** 30 * 6) | 0);
    const a = tensor([[0, 1]]);
    expect(a.matmul(tensor([[Infinity], [2]])).item()).toBeNaN();
    expect(a.matmul(tensor([[2], [Infinity]])).item()).toBe(Infinity);
  });

  it('sums nothing to 0, and has no elements where a size is 0', () => {
    expect(
      zeros([2, 0])
        .matmul(zeros([0, 3]))
        .toArray(),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(zeros([0, 4]).matmul(zeros([4, 3])).shape).toEqual([0, 3]);
    expect(zeros([0, 2, 4]).matmul(zeros([4, 3])).shape).toEqual([0, 2, 3]);
  });

  it('has the gradients of a product, broadcasting included', () => {
    for (const [a, b] of [
      [
        [3, 4],
        [4, 2],
      ],
      [[4], [4, 2]],
      [[2, 3, 4], [4]],
      [
        [2, 3, 4],
        [4, 2],
      ],
      [
        [2, 1, 3, 2],
        [3, 2, 2],
      ],
    ] as const)
      expectGradient((x, y) => x!.matmul(y!), [filled(a), filled(b)]);
  });

  it('names sizes that do not fit', () => {
    expect(() => filled([2, 3]).matmul(filled([2, 3]))).toThrow(
      /inner sizes differ: \[2, 3\] x \[2, 3\] \(3 against 2\)/,
    );
    expect(() => filled([2, 3, 4]).matmul(filled([3, 2]))).toThrow(ShapeError);
    expect(() => filled([2, 3, 4]).matmul(filled([3, 4, 2]))).toThrow(ShapeError);
    expect(() => tensor(1).matmul(filled([1]))).toThrow(/at least one dim/);
    expect(() => filled([2, 2], 'bool').matmul(filled([2, 2], 'bool'))).toThrow(DTypeError);
  });
});

describe('products of fixed ranks', () => {
  it('insist on their ranks', () => {
    expect(filled([2, 3]).mm(filled([3, 4])).shape).toEqual([2, 4]);
    expect(() => filled([1, 2, 3]).mm(filled([3, 4]))).toThrow(/mm: wants operands of rank 2 and 2/);
    expect(() => filled([2, 3]).mv(filled([3, 1]))).toThrow(/mv: wants/);
    expect(() => filled([2, 3]).dot(filled([3]))).toThrow(/dot: wants/);
    expect(() => filled([1, 2, 3]).bmm(filled([4, 3, 2]))).toThrow(/bmm: batch sizes differ/);
    expect(() => filled([2, 2]).outer(filled([2]))).toThrow(/outer: wants/);
  });

  it('agree with matmul', () => {
    const [a, v] = [filled([3, 4]), filled([4])];
    expect(list(a.mv(v))).toEqual(list(a.matmul(v)));
    expect(v.dot(v).item()).toBe(v.mul(v).sum().item());
    expect(
      filled([2])
        .outer(filled([3]))
        .toArray(),
    ).toEqual(
      filled([2])
        .reshape([2, 1])
        .matmul(filled([3]).reshape([1, 3]))
        .toArray(),
    );
    expect(
      filled([2, 3, 4])
        .inner(filled([5, 4]))
        .toArray(),
    ).toEqual(
      filled([2, 3, 4])
        .matmul(filled([5, 4]).transpose(0, 1))
        .toArray(),
    );
    expect(() => filled([2, 3]).inner(filled([2]))).toThrow(/inner: last sizes differ/);
  });
});

describe('addmm and its relatives', () => {
  it('add beta times the tensor to alpha times the product', () => {
    const [x, a, b] = [filled([2]), filled([3, 4]), filled([4, 2])];
    expect(list(x.addmm(a, b, { beta: 0.5, alpha: 2 }))).toEqual(list(x.mul(0.5).add(a.matmul(b).mul(2))));
    expect(list(filled([3]).addmv(a, filled([4])))).toEqual(list(filled([3]).add(a.mv(filled([4])))));
    const [c, d] = [filled([2, 3, 4]), filled([2, 4, 2])];
    expect(list(x.baddbmm(c, d))).toEqual(list(x.add(c.bmm(d))));
    expect(list(x.addbmm(c, d))).toEqual(list(x.add(c.bmm(d).sum(0))));
    expectGradient((s, m, n) => s!.addmm(m!, n!, { beta: 0.5, alpha: -2 }), [x, a, b]);
  });

  it('ignore a tensor of NaN where beta is 0', () =>
    expect(list(tensor([NaN]).addmm(tensor([[2]]), tensor([[3]]), { beta: 0 }))).toEqual([6]));

  it('reject what does not fit', () => {
    expect(() => filled([3]).addmm(filled([2, 2]), filled([2, 2]))).toThrow(ShapeError);
    expect(() => filled([1, 2, 2]).addmm(filled([2, 2]), filled([2, 2]))).toThrow(/does not broadcast/);
    const whole = filled([2, 2], 'int32');
    expect(() => whole.addmm(whole, whole, { alpha: 0.5 })).toThrow(/must be integers for int32/);
  });
});
