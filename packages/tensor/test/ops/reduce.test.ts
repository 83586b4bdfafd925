import fc from 'fast-check';
import { DTypeError, IndexError, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { distinct, restrided, shapes } from './random.js';

/** Folds by the definition: every element goes to the position without the reduced dims. */
function naive(x: Tensor, dims: readonly number[], start: number, fold: (a: number, b: number) => number): number[] {
  const kept = x.shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const out = new Array<number>(kept.reduce((a, b) => a * b, 1)).fill(start);
  const values = Array.from(x.data);
  values.forEach((value, flat) => {
    let rest = flat;
    let at = 0;
    let step = 1;
    for (let d = x.ndim - 1; d >= 0; d--) {
      const index = rest % x.shape[d]!;
      rest = (rest - index) / x.shape[d]!;
      if (!dims.includes(d)) {
        at += index * step;
        step *= x.shape[d]!;
      }
    }
    out[at] = fold(out[at]!, value);
  });
  return out;
}

const reductions = fc
  .record({ shape: shapes(0), seed: fc.nat(), mask: fc.nat({ max: 7 }), keepdim: fc.boolean(), strided: fc.boolean() })
  .map(({ shape, seed, mask, keepdim, strided }) => {
    const x = distinct(shape, seed);
    const chosen = shape.map((_, d) => d).filter((d) => mask & (1 << d));
    // An empty list means all dims, as in PyTorch.
    const dims = chosen.length === 0 ? shape.map((_, d) => d) : chosen;
    return { x: strided ? restrided(x) : x, dims, keepdim };
  });

describe('sum and prod', () => {
  it('fold the named dims of any layout', () =>
    fc.assert(
      fc.property(reductions, ({ x, dims, keepdim }) => {
        const sum = x.sum(dims, { keepdim });
        expect(sum.ndim).toBe(keepdim ? x.ndim : x.ndim - dims.length);
        naive(x, dims, 0, (a, b) => a + b).forEach((value, i) => expect(sum.data[i]).toBeCloseTo(value, 10));
        const prod = x.prod(dims, { keepdim });
        naive(x, dims, 1, (a, b) => a * b).forEach((value, i) =>
          expect(Math.abs(prod.data[i]! - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value)),
        );
      }),
    ));

  it('take an empty list of dims for all of them', () =>
    expect(
      tensor([
        [1, 2],
        [3, 4],
      ])
        .sum([])
        .item(),
    ).toBe(10));

  it('give 0 and 1 for nothing', () => {
    expect(zeros([0, 3]).sum().item()).toBe(0);
    expect(zeros([0, 3]).sum(0).toArray()).toEqual([0, 0, 0]);
    expect(zeros([0, 3]).prod(0).toArray()).toEqual([1, 1, 1]);
    expect(zeros([0, 3]).sum(1).shape).toEqual([0]);
  });

  it('sum float32 in float32', () => expect(tensor([3e38, 3e38, -3e38]).sum().item()).toBe(Infinity));

  it('keep long float32 sums accurate along either dim', () => {
    const x = tensor(new Float32Array(300_000).fill(0.1), { shape: [100_000, 3] });
    for (const total of [...(x.sum(0).toArray() as number[]), x.sum().item() / 3])
      expect(Math.abs(total / (100_000 * Math.fround(0.1)) - 1)).toBeLessThan(1e-5);
  });

  it('sum integers and bools to int32, and wrap in a narrower dtype', () => {
    const x = tensor([100, 100], { dtype: 'int8' });
    expect(x.sum().dtype).toBe('int32');
    expect(x.sum().item()).toBe(200);
    expect(x.sum(null, { dtype: 'int8' }).item()).toBe(-56);
    expect(tensor([true, true, false]).sum().item()).toBe(2);
    expect(tensor([65537, 65537], { dtype: 'int32' }).prod().item()).toBe(131073);
  });

  it('convert before they fold where a dtype is given', () => {
    expect(tensor([0.5, 0.5]).sum(null, { dtype: 'int32' }).item()).toBe(0);
    expect(tensor([1, 2], { dtype: 'int32' }).sum(null, { dtype: 'float64' }).dtype).toBe('float64');
  });

  it('widen half precision to float32', () => {
    const x = tensor([1.5, 2.5]).to('float16');
    expect(x.sum().dtype).toBe('float32');
    expect(x.sum().item()).toBe(4);
    expect(x.sum(null, { dtype: 'float16' }).dtype).toBe('float16');
  });

  it('propagate NaN and infinities', () => {
    expect(tensor([Infinity, -Infinity]).sum().item()).toBeNaN();
    expect(tensor([1, NaN]).prod().item()).toBeNaN();
  });

  it('have the gradient that differences give', () =>
    fc.assert(
      fc.property(reductions, ({ x, dims, keepdim }) => {
        expectGradient((v) => v.sum(dims, { keepdim }), [x]);
        expectGradient((v) => v.prod(dims, { keepdim }), [x], { tolerance: 1e-5 });
      }),
      { numRuns: 30 },
    ));

  it('have the exact product gradient where elements are 0', () => {
    const x = tensor([2, 0, 5], { requiresGrad: true });
    x.prod().backward();
    expect(x.grad!.toArray()).toEqual([0, 10, 0]);
    const y = tensor(
      [
        [2, 0, 0],
        [1, 2, 3],
      ],
      { requiresGrad: true },
    );
    y.prod(1).sum().backward();
    expect(y.grad!.toArray()).toEqual([
      [0, 0, 0],
      [6, 3, 2],
    ]);
  });

  it('have second derivatives', () => {
    const x = tensor([2, 0, 5], { requiresGrad: true });
    x.prod().backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.sum().backward();
    // d/dx_i of (x1 x2 + x0 x2 + x0 x1).
    expect(x.grad!.toArray()).toEqual([5, 7, 2]);
  });

  it('name an unknown dtype', () =>
    expect(() => zeros([2]).sum(0, { dtype: 'int64' as 'int32' })).toThrow(/sum: unknown dtype int64/));

  it('name a dim that is out of range or given twice', () => {
    expect(() => zeros([2]).sum(1)).toThrow(IndexError);
    expect(() => zeros([2, 2]).sum([0, -2])).toThrow(ShapeError);
  });
});

describe('mean', () => {
  it('divides by the number of elements, NaN for none', () => {
    expect(
      tensor([
        [1, 2],
        [3, 6],
      ])
        .mean(0)
        .toArray(),
    ).toEqual([2, 4]);
    expect(zeros([0]).mean().item()).toBeNaN();
  });

  it('wants a floating dtype', () => {
    const x = tensor([1, 2], { dtype: 'int32' });
    expect(() => x.mean()).toThrow(DTypeError);
    expect(x.mean(null, { dtype: 'float32' }).item()).toBe(1.5);
  });

  it('has the gradient that differences give', () =>
    fc.assert(
      fc.property(reductions, ({ x, dims, keepdim }) => {
        fc.pre(x.numel > 0);
        expectGradient((v) => v.mean(dims, { keepdim }), [x]);
      }),
      { numRuns: 20 },
    ));
});

describe('nansum and nanmean', () => {
  it('leave NaN out, of the gradient too', () => {
    const x = tensor(
      [
        [1, NaN],
        [3, 4],
      ],
      { requiresGrad: true },
    );
    expect(x.nansum(0).toArray()).toEqual([4, 4]);
    expect(x.nanmean(0).toArray()).toEqual([2, 4]);
    x.nansum().backward();
    expect(x.grad!.toArray()).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('all, any and countNonzero', () => {
  it('count NaN as not zero', () => {
    const x = tensor([
      [0, NaN],
      [1, -1],
    ]);
    expect(x.all(1).toArray()).toEqual([0, 1]);
    expect(x.any(0).toArray()).toEqual([1, 1]);
    expect(x.countNonzero().item()).toBe(3);
    expect(x.countNonzero(1).toArray()).toEqual([1, 2]);
  });

  it('hold and do not hold for nothing', () => {
    expect(zeros([0]).all().item()).toBe(1);
    expect(zeros([0]).any().item()).toBe(0);
  });

  it('give bool, but uint8 for uint8', () => {
    expect(tensor([1]).all().dtype).toBe('bool');
    expect(tensor([1], { dtype: 'uint8' }).any().dtype).toBe('uint8');
    expect(tensor([1]).countNonzero().dtype).toBe('int32');
  });
});

describe('sumTo', () => {
  it('undoes broadcasting', () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.sumTo([3]).toArray()).toEqual([5, 7, 9]);
    expect(x.sumTo([2, 1]).toArray()).toEqual([[6], [15]]);
    expect(() => x.sumTo([2])).toThrow(ShapeError);
  });
});
