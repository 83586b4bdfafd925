import fc from 'fast-check';
import { ArgumentError, IndexError, ShapeError, tensor, zeros } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { restrided, withDim } from './random.js';

const numbers = fc.array(fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2, Infinity, -Infinity, NaN), {
  minLength: 1,
  maxLength: 90,
});

/** The order that the definition asks for: stable, NaN as the largest. */
const ordered = (values: readonly number[], descending: boolean): number[] =>
  values
    .map((_, i) => i)
    .sort((i, j) => {
      const [a, b] = descending ? [values[j]!, values[i]!] : [values[i]!, values[j]!];
      if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || i - j;
      return a < b ? -1 : a > b ? 1 : i - j;
    });

describe('sort, argsort and topk', () => {
  it('order as the definition says, for ties, infinities and NaN', () =>
    fc.assert(
      fc.property(numbers, fc.boolean(), fc.nat(), (values, descending, pick) => {
        const order = ordered(values, descending);
        const x = tensor(values);
        expect(x.sort(0, { descending }).indices.toArray()).toEqual(order);
        expect(x.argsort(-1, { descending }).toArray()).toEqual(order);
        expect(x.sort(0, { descending }).values.toArray()).toEqual(order.map((i) => values[i]));
        const k = pick % (values.length + 1);
        expect(x.topk(k, { largest: descending }).indices.toArray()).toEqual(order.slice(0, k));
      }),
    ));

  it.each(['float32', 'float64', 'int32', 'uint8'] as const)('order long lines of %s as the definition says', (dtype) =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 192, maxLength: 700 }),
        fc.boolean(),
        (draws, descending) => {
          const special = [NaN, Infinity, -Infinity, -0, 1e-42];
          const values = draws.map((draw) =>
            dtype.startsWith('f') ? (special[draw + 300] ?? draw / 8) : Math.abs(draw) % 200,
          );
          const x = tensor(values, { dtype });
          const order = ordered(x.toArray() as number[], descending);
          expect(x.argsort(0, { descending }).toArray()).toEqual(order);
          expect(x.topk(100, { largest: descending }).indices.toArray()).toEqual(order.slice(0, 100));
        },
      ),
      { numRuns: 30 },
    ),
  );

  it('keep few leading elements of a long line as a full sort does', () => {
    const x = tensor(Float64Array.from({ length: 1000 }, (_, i) => (i * 7919) % 101));
    expect(x.topk(20).indices.toArray()).toEqual(
      (x.argsort(0, { descending: true }).toArray() as number[]).slice(0, 20),
    );
    expect(x.topk(20, { largest: false }).indices.toArray()).toEqual((x.argsort().toArray() as number[]).slice(0, 20));
  });

  it('work along any dim of any layout', () =>
    fc.assert(
      fc.property(withDim, ({ x, dim }) => {
        fc.pre(x.ndim > 0);
        const { values, indices } = restrided(x).sort(dim);
        expect(values.toArray()).toEqual(x.gather(dim, indices).toArray());
        expect(values.diff({ dim }).gt(0).all().item()).toBe(1);
      }),
    ));

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, fc.boolean(), ({ x, dim }, descending) => {
        expectGradient((v) => v.sort(dim, { descending }).values, [x]);
        expectGradient((v) => v.topk(1, { dim, largest: descending }).values, [x]);
      }),
      { numRuns: 30 },
    ));

  it('keep dtypes, zero sizes and rank 0', () => {
    expect(tensor([3, -1], { dtype: 'int8' }).sort().values.dtype).toBe('int8');
    expect(tensor([true, false]).sort().values.toArray()).toEqual([0, 1]);
    expect(zeros([0]).sort().values.shape).toEqual([0]);
    expect(zeros([2, 0]).sort(0).indices.shape).toEqual([2, 0]);
    expect(tensor(5).sort(0).values.item()).toBe(5);
  });

  it('reject a k that does not fit and a dim out of range', () => {
    expect(() => zeros([3]).topk(4)).toThrow(/topk: k must be an integer from 0 to 3.*got 4/);
    expect(() => zeros([3]).sort(1)).toThrow(IndexError);
  });
});

describe('kthvalue and median', () => {
  it('are the elements of that rank, the earlier of equal ones first', () =>
    fc.assert(
      fc.property(numbers, fc.nat(), (values, pick) => {
        const order = ordered(values, false);
        const k = (pick % values.length) + 1;
        expect(tensor(values).kthvalue(k).indices.item()).toBe(order[k - 1]);
        const known = values.filter((v) => !Number.isNaN(v));
        const { values: median, indices } = tensor(values).median(0);
        if (known.length < values.length)
          expect([median.item(), indices.item()]).toEqual([NaN, values.findIndex(Number.isNaN)]);
        else expect(indices.item()).toBe(order[(values.length - 1) >> 1]);
        const skipping = tensor(values).nanmedian(0).values.item();
        expect(skipping).toBe(known.length ? values[order[(known.length - 1) >> 1]!] : NaN);
      }),
    ));

  it('reduce their dim, or keep it', () => {
    const x = tensor([
      [4, 1, 3],
      [9, 7, 8],
    ]);
    expect(x.median(1).values.toArray()).toEqual([3, 8]);
    expect(x.median(1, { keepdim: true }).indices.toArray()).toEqual([[2], [2]]);
    expect(x.kthvalue(1, { dim: 0 }).values.toArray()).toEqual([4, 1, 3]);
    expect(x.transpose(0, 1).median().item()).toBe(4);
  });

  it('give the gradient to the position, and of all elements to all ties', () => {
    const x = tensor([2, 1, 2, 4], { requiresGrad: true });
    x.median().backward();
    expect(x.grad!.toArray()).toEqual([0.5, 0, 0.5, 0]);
    x.grad = null;
    x.median(0).values.backward();
    expect(x.grad!.toArray()).toEqual([1, 0, 0, 0]);
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(withDim, fc.boolean(), ({ x, dim }, keepdim) => {
        expectGradient((v) => v.kthvalue(1, { dim, keepdim }).values, [x]);
        expectGradient((v) => v.median(dim, { keepdim }).values, [x]);
        expectGradient((v) => v.median(), [x]);
      }),
      { numRuns: 20 },
    ));

  it('reject ranks outside the line, and nothing', () => {
    expect(() => zeros([3]).kthvalue(0)).toThrow(ArgumentError);
    expect(() => zeros([3]).kthvalue(4)).toThrow(ArgumentError);
    expect(() => zeros([0]).median(0)).toThrow(ShapeError);
    expect(zeros([0]).median().item()).toBeNaN();
  });
});

describe('mode', () => {
  it('is the most frequent element, the smallest of several, at its last position', () => {
    const { values, indices } = tensor([
      [3, 1, 3, 1],
      [5, 5, 5, 2],
    ]).mode(1);
    expect(values.toArray()).toEqual([1, 5]);
    expect(indices.toArray()).toEqual([3, 2]);
  });
});

describe('unique', () => {
  it('gives distinct elements in order, with inverse and counts', () => {
    const x = tensor([
      [3, 1],
      [3, 2],
    ]);
    expect(x.unique().toArray()).toEqual([1, 2, 3]);
    const { values, inverse, counts } = x.unique({ returnInverse: true, returnCounts: true });
    expect(values.toArray()).toEqual([1, 2, 3]);
    expect(inverse!.toArray()).toEqual([
      [2, 0],
      [2, 1],
    ]);
    expect(counts!.toArray()).toEqual([1, 1, 2]);
  });

  it('compares slices along a dim', () => {
    const x = tensor([
      [2, 1],
      [0, 5],
      [2, 1],
    ]);
    const { values, inverse } = x.unique({ dim: 0, returnInverse: true });
    expect(values.toArray()).toEqual([
      [0, 5],
      [2, 1],
    ]);
    expect(inverse!.toArray()).toEqual([1, 0, 1]);
    expect(x.transpose(0, 1).unique({ dim: 1 }).toArray()).toEqual([
      [0, 2],
      [5, 1],
    ]);
  });

  it('takes every NaN for itself, and nothing for nothing', () => {
    expect(tensor([NaN, 1, NaN]).unique().toArray()).toEqual([1, NaN, NaN]);
    expect(zeros([0]).unique().shape).toEqual([0]);
  });

  it('rebuilds its input from values and inverse', () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 }), (values) => {
        const x = tensor(values.length ? values : new Float32Array(0));
        const { values: distinct, inverse, counts } = x.unique({ returnInverse: true, returnCounts: true });
        expect(distinct.toArray()).toEqual([...new Set(values)].sort((a, b) => a - b));
        expect(distinct.indexSelect(0, inverse!).toArray()).toEqual(values);
        expect(counts!.sum().item()).toBe(values.length);
      }),
    ));
});
