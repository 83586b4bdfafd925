import {
  arange,
  ArgumentError,
  AutogradError,
  DTypeError,
  IndexError,
  noGrad,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
  scope,
} from '@q/tensor';
import { expectGradient } from '../gradcheck.js';

const ints = (values: number[] | number[][] | number) => tensor(values, { dtype: 'int32' });
const counting = (...shape: number[]): Tensor => arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
const mask = (values: number[] | number[][]) => tensor(values, { dtype: 'bool' });

describe('set_', () => {
  it('writes numbers, broadcast tensors and picks in place', () => {
    const x = zeros([3, 4]);
    const storage = x.storage;
    x.set_([1], 7).set_([[], [null, null, 2]], tensor([[1], [2], [3]]));
    expect(x.toArray()).toEqual([
      [1, 0, 1, 0],
      [2, 7, 2, 7],
      [3, 0, 3, 0],
    ]);
    x.set_([ints([0, 2]), ints([1, -1])], tensor([8, 9]));
    expect(x.toArray()).toEqual([
      [1, 8, 1, 0],
      [2, 7, 2, 7],
      [3, 0, 3, 9],
    ]);
    x.set_([x.gt(6)], -1);
    expect(x.toArray()).toEqual([
      [1, -1, 1, 0],
      [2, -1, 2, -1],
      [3, 0, 3, -1],
    ]);
    x.set_([0, mask([1, 0, 0, 1])], tensor([5, 6]));
    expect(x.slice(0).toArray()).toEqual([5, -1, 1, 6]);
    x.set_([1, [0, 2]], ones([1, 1, 2]));
    expect(x.slice(1).toArray()).toEqual([1, 1, 2, -1]);
    expect(x.storage).toBe(storage);
  });

  it('converts the value to the dtype of the tensor', () => {
    expect(zeros([2], { dtype: 'int32' }).set_([0], 2.9).toArray()).toEqual([2, 0]);
    expect(
      zeros([2], { dtype: 'float16' })
        .set_([], tensor([0.5, 1]))
        .toArray(),
    ).toEqual([0.5, 1]);
  });

  it('copes with a value that overlaps what it is written to', () => {
    const x = counting(5);
    x.set_([[1, 5]], x.slice([0, 4]));
    expect(x.toArray()).toEqual([0, 0, 1, 2, 3]);
  });

  it('changes nothing where anything does not fit', () => {
    const x = counting(2, 3);
    expect(() => x.set_([[], 3], 1)).toThrow(IndexError);
    expect(() => x.set_([0], ones([2]))).toThrow(ShapeError);
    expect(() => x.set_([ints([0, 5])], 1)).toThrow(IndexError);
    expect(() => x.expand([2, 2, 3]).set_([0], 1)).toThrow(ArgumentError);
    expect(x.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  it('lets gradients through to the value and to what the tensor was before', () => {
    expectGradient(
      (x, v) =>
        x
          .mul(2)
          .set_([1, [0, 2]], v)
          .mul(3),
      [randn([2, 3]), randn([2])],
    );
    expectGradient(
      (x, v) =>
        x
          .exp()
          .clone()
          .set_([ints([0, 2])], v)
          .set_([1], v.sum()),
      [randn([3, 2]), randn([2])],
    );
    const buffer = zeros([2]);
    const value = tensor(3, { requiresGrad: true });
    buffer.set_([1], value).mul(5).sum().backward();
    expect(value.grad!.item()).toBe(5);
  });

  it('writes a number where a mask says so, in any layout and with or without gradients', () => {
    for (const dtype of ['float32', 'float64', 'int32'] as const) {
      const x = tensor(
        [
          [1, -2],
          [-3, 4],
          [5, NaN],
        ],
        { dtype },
      ).transpose(0, 1);
      x.set_([x.lt(0)], 0.5);
      const half = dtype === 'int32' ? 0 : 0.5;
      expect(x.select(0, 0).toArray()).toEqual([1, half, 5]);
    }
    const leaf = tensor([1, -2, 3], { requiresGrad: true });
    const y = leaf.mul(2);
    y.set_([y.lt(0)], 7);
    y.sum().backward();
    expect([y.toArray(), leaf.grad!.toArray()]).toEqual([
      [2, 7, 6],
      [2, 0, 2],
    ]);
  });

  it('leaves what was computed before it with the gradient of what was there then', () => {
    const from = (numbers: number[]) => tensor(numbers, { requiresGrad: true });
    const x = from([1, 2, 3]);
    const y = x.mul(1);
    const sum = y.sum();
    y.set_([0], 0);
    sum.backward();
    expect(x.grad!.toArray()).toEqual([1, 1, 1]);

    const a = from([1, 2, 3]);
    const b = a.mul(1);
    b.set_([0], b.slice(1).add(b.slice(2)));
    b.sum().backward();
    expect(a.grad!.toArray()).toEqual([0, 2, 2]);

    const v = from([5, 6]);
    const buffer = zeros([3]);
    buffer.set_([0], v.slice(0));
    const between = buffer.add(0);
    buffer.set_([1], v.slice(1));
    between.sum().backward();
    expect(v.grad!.toArray()).toEqual([1, 0]);
  });

  it('takes gradients through a recurrence that fills a buffer, in a scope, too', () => {
    const x = tensor([1, 5, 6, 7], { requiresGrad: true });
    scope(() => {
      const y = zeros([4]);
      y.set_([0], x.slice(0));
      for (let i = 1; i < 4; i++) y.set_([i], y.slice(i - 1).add(2));
      return y;
    })
      .sum()
      .backward();
    expect(x.grad!.toArray()).toEqual([4, 0, 0, 0]);
  });

  it('refuses leaves and views whose gradient would be lost', () => {
    const leaf = ones([3]).clone();
    leaf.requiresGrad = true;
    expect(() => leaf.set_([0], 1)).toThrow(AutogradError);
    noGrad(() => leaf.set_([0], 4));
    expect(leaf.toArray()).toEqual([4, 1, 1]);
    expect(() => leaf.mul(2).slice([0, 2]).set_([0], 1)).toThrow(/is a view/);
    expect(() => zeros([4]).slice([1, 3]).set_([0], leaf.slice(0))).toThrow(/is a view/);
    const saved = leaf.exp();
    saved.set_([0], 0);
    expect(() => saved.sum().backward()).toThrow(/changed in place/);
  });
});

describe('masks', () => {
  it('maskedSelect and maskedScatter broadcast', () => {
    const x = counting(2, 3);
    expect(x.maskedSelect(mask([1, 0, 1])).toArray()).toEqual([0, 2, 3, 5]);
    expect(x.maskedScatter(mask([[1], [0]]), ints([7, 8, 9, 10])).toArray()).toEqual([
      [7, 8, 9],
      [3, 4, 5],
    ]);
    expect(() => x.maskedScatter(mask([[1], [0]]), ints([7, 8]))).toThrow(/3 places but the source only 2/);
    expect(() => x.maskedSelect(x)).toThrow(DTypeError);
    expectGradient((v) => v.maskedSelect(mask([1, 0, 1])), [randn([2, 3])]);
    expectGradient((v, s) => v.maskedScatter(mask([[1], [0]]), s), [randn([2, 3]), randn([4])]);
  });

  it('nonzero gives coordinates, for any rank, and takes NaN and both zeros for what they are', () => {
    expect(
      tensor([
        [0, 1],
        [2, 0],
      ])
        .nonzero()
        .toArray(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(tensor([NaN, -0, Infinity]).nonzero().toArray()).toEqual([[0], [2]]);
    expect(tensor([1, -0, 0], { dtype: 'float16' }).nonzero().toArray()).toEqual([[0]]);
    expect(tensor(2).nonzero().shape).toEqual([1, 0]);
    expect(tensor(0).nonzero().shape).toEqual([0, 0]);
    expect(counting(2, 2).T.nonzero().toArray()).toEqual([
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(zeros([2, 2]).nonzero().shape).toEqual([0, 2]);
  });
});

describe('oneHot, repeatInterleave and pad', () => {
  it('oneHot', () => {
    expect(
      ints([[0, 2]])
        .oneHot()
        .toArray(),
    ).toEqual([
      [
        [1, 0, 0],
        [0, 0, 1],
      ],
    ]);
    expect(ints(1).oneHot(3).toArray()).toEqual([0, 1, 0]);
    expect(() => ints([3]).oneHot(3)).toThrow(IndexError);
    expect(() => ints([-1]).oneHot(3)).toThrow(IndexError);
    expect(() => ints([]).oneHot()).toThrow(ArgumentError);
  });

  it('repeatInterleave', () => {
    const x = counting(2, 2);
    expect(x.repeatInterleave(2).toArray()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(x.repeatInterleave(ints([0, 3]), { dim: 1 }).toArray()).toEqual([
      [1, 1, 1],
      [3, 3, 3],
    ]);
    expect(() => x.repeatInterleave(ints([1, 2, 3]), { dim: 0 })).toThrow(ShapeError);
    expect(() => x.repeatInterleave(2 ** 53)).toThrow(ShapeError);
    expect(() => x.repeatInterleave(-1)).toThrow(ArgumentError);
    expectGradient((v) => v.repeatInterleave(ints([2, 1]), { dim: 0 }), [randn([2, 3])]);
  });

  it('pad', () => {
    const x = counting(4);
    expect(x.pad([1, 2], { value: 9 }).toArray()).toEqual([9, 0, 1, 2, 3, 9, 9]);
    expect(x.pad([-1, -2]).toArray()).toEqual([1]);
    expect(x.pad([3, 2], { mode: 'reflect' }).toArray()).toEqual([3, 2, 1, 0, 1, 2, 3, 2, 1]);
    expect(x.pad([2, 1], { mode: 'replicate' }).toArray()).toEqual([0, 0, 0, 1, 2, 3, 3]);
    expect(x.pad([2, 4], { mode: 'circular' }).toArray()).toEqual([2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
    expect(counting(1, 2).pad([0, 1, 1, 0]).toArray()).toEqual([
      [0, 0, 0],
      [0, 1, 0],
    ]);
    expect(() => x.pad([4, 0], { mode: 'reflect' })).toThrow(/at most 3 to dim 0 of size 4/);
    expect(() => x.pad([5, 0], { mode: 'circular' })).toThrow(ShapeError);
    expect(() => x.pad([-3, -3])).toThrow(ShapeError);
    expect(() => x.pad([1])).toThrow(ArgumentError);
    expect(() => x.pad([1, 1], { mode: 'edge' as 'reflect' })).toThrow(ArgumentError);
  });

  it.each(['constant', 'reflect', 'replicate', 'circular'] as const)('pad %s has a gradient', (mode) => {
    expectGradient((v) => v.pad([2, 1, 0, 1], { mode }), [randn([2, 3, 4])]);
    expectGradient((v) => v.pad([-1, 2], { mode }), [randn([2, 4])]);
  });
});

it('no padding is a copy, in every mode', () => {
  for (const mode of ['constant', 'reflect', 'replicate', 'circular'] as const) {
    const x = tensor([1, 2]);
    x.pad([0, 0], { mode }).fill_(7);
    expect(x.toArray()).toEqual([1, 2]);
  }
});
