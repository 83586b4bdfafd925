import fc from 'fast-check';
import {
  arange,
  ArgumentError,
  AutogradError,
  DTypeError,
  full,
  IndexError,
  noGrad,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type IndexItem,
  type ScatterReduction,
  type Tensor,
} from '@q/tensor';
import { expectGradient } from '../gradcheck.js';

const ints = (values: number[] | number[][] | number) => tensor(values, { dtype: 'int32' });
const counting = (...shape: number[]): Tensor => arange(shape.reduce((a, b) => a * b, 1)).reshape(shape);
const mask = (values: number[] | number[][]) => tensor(values, { dtype: 'bool' });

describe('index', () => {
  const x = counting(3, 4, 5);

  it('broadcasts index tensors against each other', () => {
    expect(x.index(ints([0, 2]), ints([1, -1])).toArray()).toEqual([x.slice(0, 1).toArray(), x.slice(2, 3).toArray()]);
    expect(x.index(ints([[0], [2]]), ints([1, 3, 0])).shape).toEqual([2, 3, 5]);
    expect(
      x.index(
        ints([
          [0, 1],
          [2, 0],
        ]),
      ).shape,
    ).toEqual([2, 2, 4, 5]);
  });

  it('puts the picked dims where adjacent tensors stand, else in front', () => {
    const [i, j] = [ints([0, 1, 2]), ints([3, 0, 1])];
    expect(x.index([], i, j).shape).toEqual([3, 3]);
    expect(x.index(i, [], j).shape).toEqual([3, 4]);
    expect(x.index([], i).shape).toEqual([3, 3, 5]);
    expect(x.index(i, null, j).shape).toEqual([3, 1, 5]);
    // An integer selects first: it does not count as a pick, other than in NumPy.
    expect(x.index(0, [], i).shape).toEqual([4, 3]);
    expect(x.index(i, 1, [0, 2]).shape).toEqual([3, 2]);
    expect(x.index('...', i).shape).toEqual([3, 4, 3]);
    expect(x.index(ints(1), i).shape).toEqual([3, 5]);
  });

  it('agrees with picking one element at a time', () => {
    const size = fc.integer({ min: 1, max: 4 });
    const random = fc.record({
      shape: fc.tuple(size, size, size),
      kinds: fc.array(fc.constantFrom('pick', 'all', 'reversed'), { minLength: 3, maxLength: 3 }),
      picked: fc.constantFrom([2], [1, 3], [3, 1], [], [0]),
      seeds: fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 }),
    });
    fc.assert(
      fc.property(random, ({ shape, kinds, picked, seeds }) => {
        const base = counting(...shape).to('float32');
        let next = 0;
        const picks = shape.map((n) => {
          const count = picked.reduce<number>((a, b) => a * b, 1);
          return tensor(
            Array.from({ length: count }, () => (seeds[next++ % seeds.length]! % (2 * n)) - n),
            { dtype: 'int32', shape: picked },
          );
        });
        const items: IndexItem[] = kinds.map((kind, d) =>
          kind === 'pick' ? picks[d]! : kind === 'all' ? [] : [null, null, -1],
        );
        const dims = kinds.flatMap((kind, d) => (kind === 'pick' ? [d] : []));
        // 0-d integer tensors select, as numbers do.
        const first =
          picked.length === 0 || dims.some((dim, i) => i > 0 && dim !== dims[i - 1]! + 1) ? 0 : (dims[0] ?? 0);
        const rest = shape.map((_, d) => d).filter((d) => !dims.includes(d));
        const got = base.index(...items);
        const pickedShape = dims.length === 0 ? [] : picked;
        const front = picked.length === 0 ? [] : rest.slice(0, first);
        expect(got.shape).toEqual([
          ...front.map((d) => shape[d]!),
          ...pickedShape,
          ...rest.slice(front.length).map((d) => shape[d]!),
        ]);
        const flat = got.flatten().toArray() as number[];
        const sizes = got.shape;
        flat.forEach((value, position) => {
          const at = sizes.map(
            (_, d) => Math.floor(position / sizes.slice(d + 1).reduce((a, b) => a * b, 1)) % sizes[d]!,
          );
          const b = at.slice(front.length, front.length + pickedShape.length);
          const r = [...at.slice(0, front.length), ...at.slice(front.length + pickedShape.length)];
          const source = kinds.map((kind, d) => {
            if (kind === 'pick') return picks[d]!.slice(...b).item();
            const i = r[rest.indexOf(d)]!;
            return kind === 'all' ? i : shape[d]! - 1 - i;
          });
          expect(value).toBe(base.slice(...source).item());
        });
      }),
      { numRuns: 300 },
    );
  });

  it('selects with masks over one or several dims', () => {
    const y = counting(2, 3);
    expect(
      y
        .index(
          mask([
            [1, 0, 1],
            [0, 1, 0],
          ]),
        )
        .toArray(),
    ).toEqual([0, 2, 4]);
    expect(y.index(mask([0, 1])).toArray()).toEqual([[3, 4, 5]]);
    expect(y.index([], mask([1, 0, 1])).toArray()).toEqual([
      [0, 2],
      [3, 5],
    ]);
    expect(y.index(mask([0, 0])).shape).toEqual([0, 3]);
    expect(y.index(tensor(true)).shape).toEqual([1, 2, 3]);
    expect(y.index(tensor(false)).shape).toEqual([0, 2, 3]);
    expect(y.index(y.gt(2)).toArray()).toEqual([3, 4, 5]);
    expect(() => y.index(mask([1, 0, 1]))).toThrow(/a mask of shape \[3\] over dims of shape \[2\]/);
  });

  it('takes Int32Arrays as positions', () => {
    expect(
      counting(4)
        .index(Int32Array.of(3, 3, 0))
        .toArray(),
    ).toEqual([3, 3, 0]);
  });

  it('rejects positions outside, naming value, dim and size', () => {
    expect(() => x.index([], ints([0, 4]))).toThrow(IndexError);
    expect(() => x.index([], ints([0, 4]))).toThrow(/index 4 is out of range for dim 1 of size 4/);
    expect(() => x.index(ints([-4]))).toThrow(/index -4 is out of range for dim 0 of size 3/);
    expect(() => x.index(tensor([0.5]))).toThrow(DTypeError);
    expect(() => x.index(0, 0, 0, ints([0]))).toThrow(/4 indices for a tensor of rank 3/);
    expect(() => x.index(ints([0, 1]), ints([0, 1, 2]))).toThrow(ShapeError);
  });

  it('has gradients that add up over repeated positions', () => {
    expectGradient((v) => v.index(ints([0, 2, 0]), [], ints([1, 1, 1])), [randn([3, 2, 4])]);
    expectGradient((v) => v.index(mask([1, 0, 1]), 1), [randn([3, 2, 4])]);
  });
});

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
