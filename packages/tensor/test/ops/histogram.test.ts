import fc from 'fast-check';
import { ArgumentError, DTypeError, IndexError, ShapeError, tensor, zeros } from '@q/tensor';

describe('histc', () => {
  it('counts elements in equal bins, the upper bound in the last', () => {
    expect(tensor([0, 0.5, 1, 1.5, 2]).histc(2, { min: 0, max: 2 }).toArray()).toEqual([2, 3]);
    expect(tensor([-1, 0, 1, 3, NaN, Infinity]).histc(2, { min: 0, max: 2 }).toArray()).toEqual([1, 1]);
  });

  it('takes the range of the elements for equal bounds, widened by 1 where they are constant', () => {
    expect(tensor([1, 2, 5]).histc(4).toArray()).toEqual([1, 1, 0, 1]);
    expect(tensor([3, 3]).histc(4).toArray()).toEqual([0, 0, 2, 0]);
    expect(tensor([3, 3]).histc(4, { min: 7, max: 7 }).toArray()).toEqual([0, 0, 2, 0]);
    expect(zeros([0]).histc(3).toArray()).toEqual([0, 0, 0]);
  });

  it('places each element as float32 arithmetic does, dividing first', () =>
    fc.assert(
      fc.property(fc.array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: 1, maxLength: 50 }), (values) => {
        const f = Math.fround;
        const counts = new Array<number>(7).fill(0);
        for (const v of values.filter((value) => value >= -2 && value <= 3))
          counts[Math.min(6, Math.trunc(f(f(f(v - -2) / 5) * 7)))]!++;
        expect(tensor(values).histc(7, { min: -2, max: 3 }).toArray()).toEqual(counts);
      }),
    ));

  it('sees every element of a view once', () => {
    const x = tensor([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(x.transpose(0, 1).slice([1, 3]).histc(6, { min: 0, max: 6 }).toArray()).toEqual([0, 1, 1, 0, 1, 1]);
  });

  it('rejects bad bins, an inverted or infinite range, and integers', () => {
    const x = tensor([0, 1]);
    expect(() => x.histc(0)).toThrow(ArgumentError);
    expect(() => x.histc(3, { min: 1, max: 0 })).toThrow(/max must not be smaller than min/);
    expect(() => tensor([NaN, 1]).histc(3)).toThrow(/not finite/);
    expect(() => tensor([1], { dtype: 'int32' }).histc(3)).toThrow(DTypeError);
  });
});

describe('bincount', () => {
  it('counts integers, or adds their weights', () => {
    const x = tensor([1, 3, 1], { dtype: 'int32' });
    expect(x.bincount().toArray()).toEqual([0, 2, 0, 1]);
    expect(x.bincount({ minlength: 6 }).toArray()).toEqual([0, 2, 0, 1, 0, 0]);
    const weighted = x.bincount({ weights: tensor([0.5, 1, 0.25]) });
    expect([weighted.toArray(), weighted.dtype]).toEqual([[0, 0.75, 0, 1], 'float32']);
    expect(x.bincount({ weights: tensor([1, 1, 1], { dtype: 'int8' }) }).dtype).toBe('float64');
  });

  it('rejects what it cannot count', () => {
    expect(() => tensor([-1], { dtype: 'int32' }).bincount()).toThrow(IndexError);
    expect(() => tensor([1]).bincount()).toThrow(DTypeError);
    expect(() => tensor([[1]], { dtype: 'int32' }).bincount()).toThrow(ShapeError);
    expect(() => tensor([1, 2], { dtype: 'int32' }).bincount({ weights: tensor([1]) })).toThrow(ShapeError);
  });
});

describe('searchsorted and bucketize', () => {
  it('find the place before or behind equal elements', () => {
    const x = tensor([1, 3, 3, 5]);
    expect(
      x
        .searchsorted(
          tensor([
            [0, 3],
            [5, 6],
          ]),
        )
        .toArray(),
    ).toEqual([
      [0, 1],
      [3, 4],
    ]);
    expect(x.searchsorted(tensor([3]), { right: true }).toArray()).toEqual([3]);
    expect(x.searchsorted(3, { side: 'right' }).item()).toBe(3);
    expect(() => x.searchsorted(3, { side: 'rigth' as 'right' })).toThrow(/side must be/);
    expect(() => x.searchsorted(3, { right: true, side: 'left' })).toThrow(/contradict each other/);
    expect(tensor([3, 4, NaN]).bucketize(x).toArray()).toEqual([1, 3, 4]);
  });

  it('search line by line where the sorted tensor has several', () => {
    const x = tensor([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    expect(
      x
        .searchsorted(
          tensor([
            [3, 9],
            [3, 0],
          ]),
        )
        .toArray(),
    ).toEqual([
      [1, 3],
      [1, 0],
    ]);
    expect(() => x.searchsorted(tensor([[1], [2], [3]]))).toThrow(ShapeError);
  });

  it('count smaller elements', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), fc.integer({ min: -1, max: 10 }), (values, key) => {
        const x = tensor(Float64Array.from(values).sort());
        expect(x.searchsorted(key).item()).toBe(values.filter((v) => v < key).length);
        expect(x.searchsorted(key, { right: true }).item()).toBe(values.filter((v) => v <= key).length);
      }),
    ));

  it('wants one dtype', () =>
    expect(() => tensor([1, 2]).searchsorted(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError));
});
