import fc from 'fast-check';
import { arange, DTypeError, IndexError, randn, ShapeError, tensor, type IndexItem, type Tensor } from '@q/tensor';
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
