import fc from 'fast-check';
import { DTypeError, FormatError, ShapeError, tensor, zeros } from '@q/tensor';
import { MinMaxObserver } from '../../src/observers/min-max.js';

describe('MinMaxObserver', () => {
  it('observes along every dim where its shape is 1', () => {
    const x = tensor([
      [
        [1, -2],
        [3, 4],
      ],
      [
        [5, 6],
        [-7, 8],
      ],
    ]);
    expect(new MinMaxObserver([]).collect(x).min.item()).toBe(-7);
    expect(new MinMaxObserver([2, 1, 1]).collect(x).min.toArray()).toEqual([[[-2]], [[-7]]]);
    expect(new MinMaxObserver([2, 1]).collect(x).max.toArray()).toEqual([[6], [8]]);
    expect(new MinMaxObserver([2]).collect(x).max.toArray()).toEqual([5, 8]);
  });

  it('sees through views', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).transpose(0, 1);
    expect(new MinMaxObserver([3, 1]).collect(x).max.toArray()).toEqual([[4], [5], [6]]);
  });

  it('lets NaN through, from any place', () =>
    fc.assert(
      fc.property(fc.nat(9), (at) => {
        const values = Float32Array.from({ length: 10 }, (_, i) => (i === at ? NaN : i));
        const { min, max } = new MinMaxObserver([2, 1]).collect(tensor(values, { shape: [2, 5] }));
        expect(Number.isNaN(min.data[at < 5 ? 0 : 1])).toBe(true);
        expect(Number.isNaN(max.data[at < 5 ? 1 : 0])).toBe(false);
      }),
    ));

  it('has seen the same whichever way data is split', () =>
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 2, maxLength: 30 }), fc.nat(), (values, cut) => {
        const at = 1 + (cut % (values.length - 1));
        const [whole, left, right] = [new MinMaxObserver([]), new MinMaxObserver([]), new MinMaxObserver([])];
        whole.merge(whole.collect(tensor(values)));
        left.merge(left.collect(tensor(values.slice(0, at))));
        right.merge(right.collect(tensor(values.slice(at))));
        left.merge(right.stats!);
        expect(left.stats!.min.item() === whole.stats!.min.item()).toBe(true);
        expect(left.stats!.max.item() === whole.stats!.max.item()).toBe(true);
      }),
    ));

  it('refuses shapes that do not reduce, integers and emptiness', () => {
    expect(() => new MinMaxObserver([3]).collect(zeros([2, 4]))).toThrow(ShapeError);
    expect(() => new MinMaxObserver([1, 1, 1]).collect(zeros([2, 4]))).toThrow(ShapeError);
    expect(() => new MinMaxObserver([]).collect(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError);
    expect(() => new MinMaxObserver([]).collect(zeros([0, 4]))).toThrow(/no elements/);
  });

  it('survives JSON, not finite values too', () => {
    const observer = new MinMaxObserver([3]);
    observer.merge(observer.collect(tensor([[1, NaN, Infinity]])));
    const again = new MinMaxObserver([3]);
    again.restore(JSON.parse(JSON.stringify(observer)));
    expect(again.stats!.max.toArray()).toEqual([1, NaN, Infinity]);
  });

  it.each([
    [{}],
    [[]],
    [{ min: [1], max: [2, 3, 4] }],
    [{ min: [1, 2, 3], max: [2, 1, 4] }],
    [{ min: [1, 2, 'x'], max: [1, 2, 3] }],
    ['{}'],
    [3],
  ])('refuses the JSON %j and changes nothing', (json) => {
    const observer = new MinMaxObserver([3]);
    observer.merge(observer.collect(tensor([[1, 2, 3]])));
    expect(() => observer.restore(json)).toThrow(FormatError);
    expect(observer.stats!.min.toArray()).toEqual([1, 2, 3]);
  });
});
