import {
  ArgumentError,
  DTypeError,
  full,
  IndexError,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type ScatterReduction,
} from '@q/tensor';
import { expectGradient } from '../gradcheck.js';

const ints = (values: number[] | number[][] | number) => tensor(values, { dtype: 'int32' });
const mask = (values: number[] | number[][]) => tensor(values, { dtype: 'bool' });

describe('gather and scatter', () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it('gather takes one element per entry, scatter puts it back', () => {
    const index = ints([
      [2, 0],
      [1, 1],
    ]);
    expect(x.gather(1, index).toArray()).toEqual([
      [3, 1],
      [5, 5],
    ]);
    expect(x.gather(-2, ints([[1, 0, 1]])).toArray()).toEqual([[4, 2, 6]]);
    expect(
      x
        .scatter(
          1,
          index,
          tensor([
            [10, 20],
            [30, 40],
          ]),
        )
        .toArray(),
    ).toEqual([
      [20, 2, 10],
      [4, 40, 6],
    ]);
    expect(x.scatter(1, index, 0).toArray()).toEqual([
      [0, 2, 0],
      [4, 0, 6],
    ]);
    expect(x.scatterAdd(1, index, ones([2, 2])).toArray()).toEqual([
      [2, 2, 4],
      [4, 7, 6],
    ]);
    expect(x.scatter(1, index, 2, { reduce: 'multiply' }).toArray()).toEqual([
      [2, 2, 6],
      [4, 20, 6],
    ]);
    expect(x.T.gather(0, index.T).toArray()).toEqual([
      [3, 5],
      [1, 5],
    ]);
    expect(
      tensor(3)
        .gather(0, ints([0, 0]))
        .toArray(),
    ).toEqual([3, 3]);
  });

  it('accepts a source larger than the index', () => {
    expect(x.scatter(1, ints([[0]]), full([2, 3], 9.5)).toArray()).toEqual([
      [9.5, 2, 3],
      [4, 5, 6],
    ]);
    expectGradient((a, b) => a.scatterAdd(1, ints([[0]]), b), [randn([2, 3]), randn([2, 3])]);
  });

  it.each<[ScatterReduction, boolean, number[]]>([
    ['sum', true, [8, 2, 10]],
    ['sum', false, [7, 2, 7]],
    ['prod', true, [12, 2, 21]],
    ['prod', false, [12, 2, 7]],
    ['mean', true, [8 / 3, 2, 5]],
    ['mean', false, [3.5, 2, 7]],
    ['amax', true, [4, 2, 7]],
    ['amax', false, [4, 2, 7]],
    ['amin', true, [1, 2, 3]],
    ['amin', false, [3, 2, 7]],
  ])('scatterReduce %s (includeSelf: %s)', (reduce, includeSelf, expected) => {
    const result = tensor([1, 2, 3]).scatterReduce(0, ints([0, 2, 0]), tensor([3, 7, 4]), reduce, { includeSelf });
    expect(result.toArray()).toEqual(expected.map(Math.fround));
    expectGradient(
      (a, b) => a.scatterReduce(0, ints([0, 2, 0]), b, reduce, { includeSelf }),
      [tensor([1, 2, 3]), tensor([3, 7, 4])],
    );
  });

  it('rounds integer means down and wraps integer sums', () => {
    expect(
      ints([-1, 0])
        .scatterReduce(0, ints([0]), ints([-2]), 'mean')
        .toArray(),
    ).toEqual([-2, 0]);
    const bytes = tensor([250, 0], { dtype: 'uint8' });
    expect(bytes.scatterAdd(0, ints([0, 0]), tensor([5, 5], { dtype: 'uint8' })).toArray()).toEqual([4, 0]);
  });

  it('gives products with zeros the product of the others as gradient', () => {
    const index = ints([0, 0, 1, 1, 2]);
    expectGradient((a, b) => a.scatterReduce(0, index, b, 'prod'), [tensor([2, 3, 0]), tensor([0, 4, 0, 0, 5])]);
  });

  it('splits the gradient of an extreme evenly among equals', () => {
    const [a, b] = [tensor([5, 0], { requiresGrad: true }), tensor([5, 1, 5], { requiresGrad: true })];
    a.scatterReduce(0, ints([0, 0, 0]), b, 'amax')
      .sum()
      .backward();
    expect(a.grad!.toArray()).toEqual([Math.fround(1 / 3), 1]);
    expect(b.grad!.toArray()).toEqual([Math.fround(1 / 3), 0, Math.fround(1 / 3)]);
  });

  it('has gradients', () => {
    const index = ints([
      [0, 1, 1],
      [2, 0, 0],
    ]);
    expectGradient((v) => v.gather(0, index), [randn([3, 4])]);
    expectGradient((v, s) => v.scatterAdd(0, index, s), [randn([3, 4]), randn([2, 3])]);
    expectGradient((v, s) => v.scatter(1, ints([[0], [2]]), s), [randn([2, 3]), randn([2, 1])]);
    expectGradient((v) => v.scatter(1, ints([[0], [2]]), 3), [randn([2, 3])]);
    expectGradient((v) => v.takeAlongDim(ints([[0, 2]]), 1), [randn([2, 3])]);
  });

  it('rejects what does not fit, before anything else', () => {
    expect(() => x.gather(1, ints([[3]]))).toThrow(/gather: index 3 is out of range for dim 1 of size 3/);
    expect(() => x.gather(1, ints([[-1]]))).toThrow(IndexError);
    expect(() => x.gather(1, ints([[0], [0], [0]]))).toThrow(ShapeError);
    expect(() => x.gather(1, ints([0]))).toThrow(ShapeError);
    expect(() => x.gather(1, tensor([[0]]))).toThrow(DTypeError);
    expect(() => x.scatter(1, ints([[0, 1]]), ones([1, 1]))).toThrow(ShapeError);
    expect(() => x.scatterAdd(1, ints([[0]]), ints([[1]]))).toThrow(DTypeError);
    expect(() => x.scatterReduce(1, ints([[0]]), x, 'median' as ScatterReduction)).toThrow(ArgumentError);
  });
});

describe('one-dimensional indices', () => {
  const x = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);

  it('select, add, copy and fill positions of a dim', () => {
    const index = ints([2, 0, 2]);
    expect(x.indexSelect(0, index).toArray()).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
    expect(x.T.indexSelect(1, index).toArray()).toEqual([
      [5, 1, 5],
      [6, 2, 6],
    ]);
    expect(x.indexAdd(0, index, ones([3, 2]), { alpha: 10 }).toArray()).toEqual([
      [11, 12],
      [3, 4],
      [25, 26],
    ]);
    expect(x.indexCopy(0, ints([1]), zeros([1, 2])).toArray()).toEqual([
      [1, 2],
      [0, 0],
      [5, 6],
    ]);
    expect(x.indexFill(1, ints([1]), -1).toArray()).toEqual([
      [1, -1],
      [3, -1],
      [5, -1],
    ]);
    expect(
      x
        .take(
          ints([
            [0, -1],
            [3, 2],
          ]),
        )
        .toArray(),
    ).toEqual([
      [1, 6],
      [4, 3],
    ]);
    expect(x.indexSelect(0, ints([])).shape).toEqual([0, 2]);
    expect(
      mask([1, 0])
        .indexAdd(0, ints([0, 1]), mask([1, 1]))
        .toArray(),
    ).toEqual([1, 1]);
  });

  it('half precision adds in float32 and moves its bits', () => {
    const half = x.to('float16');
    expect(half.indexSelect(0, ints([1])).dtype).toBe('float16');
    expect(half.indexSelect(0, ints([1])).toArray()).toEqual([[3, 4]]);
    expect(half.indexAdd(0, ints([0, 0]), ones([2, 2]).to('float16')).toArray()).toEqual([
      [3, 4],
      [3, 4],
      [5, 6],
    ]);
    expect(half.indexCopy(0, ints([0]), ones([1, 2]).to('float16')).toArray()).toEqual([
      [1, 1],
      [3, 4],
      [5, 6],
    ]);
  });

  it('have gradients', () => {
    const index = ints([2, 0, 2]);
    expectGradient((v) => v.indexSelect(1, index), [randn([2, 3])]);
    expectGradient((v, s) => v.indexAdd(0, index, s, { alpha: 2 }), [randn([3, 2]), randn([3, 2])]);
    expectGradient((v, s) => v.indexCopy(0, ints([2, 0]), s), [randn([3, 2]), randn([2, 2])]);
    expectGradient((v) => v.indexFill(0, ints([1]), 4), [randn([3, 2])]);
    expectGradient(
      (v, s) => v.indexPut([ints([0, 0]), ints([1, 1])], s, { accumulate: true }),
      [randn([3, 2]), randn([2])],
    );
    expectGradient((v, s) => v.indexPut([ints([2, 1])], s), [randn([3, 2]), randn([2])]);
    expectGradient((v, s) => v.sliceScatter(s, { dim: 1, start: 1, step: 2 }), [randn([2, 5]), randn([2, 2])]);
    expectGradient((v, s) => v.selectScatter(s, 0, -1), [randn([2, 3]), randn([3])]);
  });

  it('reject positions outside and sources that do not fit', () => {
    expect(() => x.indexSelect(0, ints([3]))).toThrow(/index 3 is out of range for dim 0 of size 3/);
    expect(() => x.indexSelect(0, ints([-1]))).toThrow(IndexError);
    expect(() => x.indexSelect(0, ints([[0]]))).toThrow(ShapeError);
    expect(() => x.indexAdd(0, ints([0]), ones([2, 2]))).toThrow(ShapeError);
    expect(() => tensor(1).indexSelect(0, ints([0, 0]))).toThrow(ShapeError);
    expect(
      tensor(1)
        .indexSelect(0, ints([0]))
        .item(),
    ).toBe(1);
    expect(() => x.indexPut([ints([0])], ints([1]))).toThrow(DTypeError);
    expect(() => x.sliceScatter(ones([2]), {})).toThrow(ShapeError);
  });
});

it('scatterReduce of halves wants a source of their dtype, as of any other', () => {
  const [x, index] = [tensor([1], { dtype: 'float16' }), tensor([0], { dtype: 'int32' })];
  expect(() => x.scatterReduce(0, index, tensor([1]), 'sum')).toThrow(DTypeError);
  expect(x.scatterReduce(0, index, tensor([1], { dtype: 'float16' }), 'sum').item()).toBe(2);
});
