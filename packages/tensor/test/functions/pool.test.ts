import {
  ArgumentError,
  DTypeError,
  ShapeError,
  MemoryError,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  tensor,
  zeros,
  type AvgPoolOptions,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data, (value) => value + 0);

/** Elements that all differ, so that every maximum is unique. */
const filled = (shape: readonly number[]): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float64Array.from({ length: count }, (_, i) => ((i * 7919) % 1009) / 8 - 60),
    { shape },
  );
};

interface Geometry {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
}

const geometry: fc.Arbitrary<Geometry> = fc
  .record({
    size: fc.integer({ min: 1, max: 9 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 4 }),
    padding: fc.integer({ min: 0, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    ceilMode: fc.boolean(),
    countIncludePad: fc.boolean(),
  })
  .filter(({ size, kernel, padding, dilation }) => {
    const fits = size + 2 * padding >= dilation * (kernel - 1) + 1;
    // A dilated window may fall between the elements: tested on its own.
    return fits && padding <= kernel / 2 && (dilation === 1 || padding === 0);
  });

/** Positions of each window along one dim; null for padding, undefined beyond it. */
function windows(g: Geometry, dilation: number): (number | null)[][] {
  const found: (number | null)[][] = [];
  for (let o = 0; ; o++) {
    const first = o * g.stride - g.padding;
    const last = first + dilation * (g.kernel - 1);
    const inside = last < g.size + g.padding;
    if (!inside && !(g.ceilMode && first < g.size)) return found;
    // Without ceilMode a window must fit; with it, only windows up to the first that leaves are taken.
    if (!inside && (o - 1) * g.stride - g.padding + dilation * (g.kernel - 1) >= g.size + g.padding - 1) return found;
    const at = Array.from({ length: g.kernel }, (_, k) => first + k * dilation).filter((i) => i < g.size + g.padding);
    found.push(at.map((i) => (i >= 0 && i < g.size ? i : null)));
    if (!inside) return found;
  }
}

describe('max pools', () => {
  it('take the largest of each window and say where it is, for any geometry', () =>
    fc.assert(
      fc.property(geometry, (g) => {
        const x = filled([2, 2, g.size]);
        const { stride, padding, dilation, ceilMode } = g;
        const options = { stride, padding, dilation, ceilMode, returnIndices: true } as const;
        const { values, indices } = maxPool1d(x, g.kernel, options);
        const expected = windows(g, g.dilation).map((at) => at.filter((i) => i !== null));
        expect(indices.dtype).toBe('int32');
        for (let c = 0; c < 2; c++) {
          const row = list(x.select(0, 1).select(0, c));
          const best = expected.map((at) => at.reduce((a, b) => (row[b]! > row[a]! ? b : a)));
          expect(list(indices.select(0, 1).select(0, c))).toEqual(best);
          expect(list(values.select(0, 1).select(0, c))).toEqual(best.map((i) => row[i]));
        }
      }),
    ));

  it('work along every dim by itself', () => {
    const x = filled([1, 2, 4, 5, 6]);
    const options = { stride: [1, 2, 2], padding: [0, 1, 1] };
    const { values, indices } = maxPool3d(x, [2, 3, 2], { ...options, returnIndices: true });
    const rows = maxPool1d(x.reshape([1, 40, 6]), 2, { stride: 2, padding: 1 }).reshape([1, 2, 4, 5, 4]);
    const columns = maxPool2d(rows.reshape([1, 8, 5, 4]), [3, 1], { stride: [2, 1], padding: [1, 0] });
    const planes = maxPool2d(columns.reshape([1, 2, 4, 12]), [2, 1], { stride: 1 }).reshape(values.shape);
    expect(list(values)).toEqual(list(planes));
    const flat = x.reshape([1, 2, 120]);
    expect(list(values.reshape([1, 2, 36]))).toEqual(list(flat.gather(2, indices.reshape([1, 2, 36]))));
  });

  it('let NaN win, the first of equals, and know windows of -Infinity', () => {
    const nan = maxPool1d(tensor([[1, NaN, 3, 4]]), 2, { returnIndices: true });
    expect([list(nan.values), list(nan.indices)]).toEqual([
      [NaN, 4],
      [1, 3],
    ]);
    expect(list(maxPool1d(tensor([[5, 5, 5, 5]]), 4, { returnIndices: true }).indices)).toEqual([0]);
    const low = maxPool1d(tensor([[-Infinity, -Infinity]]), 2, { returnIndices: true });
    expect([list(low.values), list(low.indices)]).toEqual([[-Infinity], [0]]);
  });

  it('find nothing where a dilated window falls between the elements', () => {
    const x = tensor([[7]], { requiresGrad: true });
    const y = maxPool1d(x, 2, { padding: 1, dilation: 2 });
    expect(list(y)).toEqual([-Infinity]);
    y.backward(tensor([[1]]));
    expect(list(x.grad!)).toEqual([0]);
  });

  it('pool integers, samples without batch, views and empty batches', () => {
    expect(list(maxPool1d(tensor([[1, 3, 2, 4]], { dtype: 'int8' }), 2))).toEqual([3, 4]);
    const x = filled([3, 6, 4]);
    const turned = x.transpose(0, 2).clone().transpose(0, 2);
    expect(list(maxPool2d(turned, 2))).toEqual(list(maxPool2d(x.unsqueeze(0), 2)));
    expect(maxPool2d(zeros([0, 3, 4, 4]), 2).shape).toEqual([0, 3, 2, 2]);
  });

  it('send the gradient to the maxima', () => {
    expectGradient((x) => maxPool1d(x!, 3, { stride: 1, padding: 1 }), [filled([1, 2, 5])]);
    expectGradient((x) => maxPool2d(x!, [2, 3], { stride: 1, ceilMode: true }), [filled([1, 1, 3, 4])]);
    expectGradient((x) => maxPool3d(x!, 2), [filled([1, 1, 2, 4, 2])]);
  });

  it('reject windows that do not fit', () => {
    const x = filled([1, 1, 4, 4]);
    expect(() => maxPool2d(x, 5)).toThrow(/a window of \[5, 5\] does not fit the input \[4, 4\]/);
    expect(() => maxPool2d(x, 2, { padding: 2 })).toThrow(/padding 2 is more than half of the kernel size 2/);
    expect(() => maxPool2d(x, 0)).toThrow(ArgumentError);
    expect(() => maxPool2d(x, 2, { stride: 0 })).toThrow(ArgumentError);
    expect(() => maxPool1d(x, 2)).toThrow(ShapeError);
  });
});

describe('average pools', () => {
  it('take the mean of each window, padding counted or not, for any geometry', () =>
    fc.assert(
      fc.property(geometry, (g) => {
        const x = filled([1, 1, g.size]);
        const { kernel, stride, padding, ceilMode, countIncludePad } = g;
        if (g.size + 2 * padding < kernel) return;
        const y = avgPool1d(x, kernel, { stride, padding, ceilMode, countIncludePad });
        const row = list(x);
        const expected = windows(g, 1).map((at) => {
          const inside = at.filter((i) => i !== null);
          return inside.reduce((sum, i) => sum + row[i]!, 0) / (countIncludePad ? at : inside).length;
        });
        expect(y.numel).toBe(expected.length);
        list(y).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));
      }),
    ));

  it('divide by another number where asked', () => {
    const x = tensor([
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
    expect(avgPool2d(x, 2, { divisorOverride: 5 }).item()).toBe(2);
    expect(avgPool2d(x, 2).item()).toBe(2.5);
    expect(() => avgPool2d(x, 2, { divisorOverride: 0 })).toThrow(ArgumentError);
  });

  it('spread the gradient evenly, twice too', () => {
    const options: AvgPoolOptions = { stride: 2, padding: 1, ceilMode: true, countIncludePad: false };
    expectGradient((x) => avgPool1d(x!, 3, options), [filled([1, 2, 6])]);
    expectGradient((x) => avgPool2d(x!, [3, 2], options), [filled([1, 1, 4, 5])]);
    expectGradient((x) => avgPool3d(x!, 2, { divisorOverride: 3 }), [filled([1, 1, 2, 2, 4])]);
    const x = filled([1, 1, 4]);
    x.requiresGrad = true;
    const y = avgPool1d(x, 2);
    y.mul(y).sum().backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.sum().backward();
    expect(list(x.grad!)).toEqual([1, 1, 1, 1]);
  });

  it('refuse integers', () => expect(() => avgPool1d(tensor([[1, 2]], { dtype: 'int32' }), 2)).toThrow(DTypeError));
});

describe('adaptive pools', () => {
  it('divide a dim into even parts that may share elements', () => {
    const x = tensor([[0, 1, 2, 3, 4, 5, 6]]);
    expect(list(adaptiveAvgPool1d(x, 3))).toEqual([1, 3, 5]);
    expect(list(adaptiveMaxPool1d(x, 3))).toEqual([2, 4, 6]);
    expect(list(adaptiveAvgPool1d(x, 7))).toEqual(list(x));
    expect(list(adaptiveAvgPool1d(tensor([[1, 2]]), 4))).toEqual([1, 1, 2, 2]);
  });

  it('refuse a result that no tensor can hold before anything of its size is made', () =>
    expect(() => adaptiveAvgPool1d(filled([1, 2, 4]), 1e9)).toThrow(MemoryError));

  it('keep a dim for null, and give the global pool for 1', () => {
    const x = filled([2, 3, 4, 5]);
    expect(adaptiveAvgPool2d(x, [null, 2]).shape).toEqual([2, 3, 4, 2]);
    const global = list(adaptiveAvgPool2d(x, 1));
    list(x.mean([2, 3])).forEach((mean, i) => expect(global[i]).toBeCloseTo(mean, 9));
    expect(list(adaptiveMaxPool2d(x, 1))).toEqual(list(x.amax([2, 3])));
    const { values, indices } = adaptiveMaxPool3d(filled([2, 3, 4, 5]), [2, 1, 2], { returnIndices: true });
    expect([values.shape, indices.shape]).toEqual([
      [2, 2, 1, 2],
      [2, 2, 1, 2],
    ]);
  });

  it('are differentiable', () => {
    expectGradient((x) => adaptiveAvgPool2d(x!, [2, 3]), [filled([1, 1, 3, 5])]);
    expectGradient((x) => adaptiveAvgPool3d(x!, 2), [filled([1, 1, 3, 2, 3])]);
    expectGradient((x) => adaptiveMaxPool2d(x!, 2), [filled([1, 2, 3, 5])]);
  });

  it('reject sizes that are none', () => {
    expect(() => adaptiveAvgPool2d(filled([1, 2, 2]), [1])).toThrow(/outputSize must be one size or 2/);
    expect(() => adaptiveAvgPool1d(filled([1, 2]), 1.5)).toThrow(ArgumentError);
    expect(() => adaptiveAvgPool1d(zeros([1, 0]), 1)).toThrow(ShapeError);
  });
});

describe('lp pools', () => {
  it('take the p-norm of each window', () => {
    const x = tensor([[3, 4, 6, 8]]);
    expect(list(lpPool1d(x, 2, 2))).toEqual([5, 10]);
    expect(list(lpPool1d(x, 1, 2, { stride: 1 }))).toEqual([7, 10, 14]);
    expect(
      lpPool2d(
        tensor([
          [
            [1, 1],
            [1, 1],
          ],
        ]),
        2,
        2,
      ).item(),
    ).toBe(2);
    expect(lpPool3d(filled([1, 2, 2, 2]), 2, 2).shape).toEqual([1, 1, 1, 1]);
    expectGradient((a) => lpPool2d(a!, 2, 2), [filled([1, 1, 2, 4])]);
  });
});
