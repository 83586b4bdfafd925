import fc from 'fast-check';
import { aminmax, ArgumentError, DTypeError, histc, histograms, ShapeError, tensor, zeros } from '../../src/index.js';

const { fround } = Math;

const values = fc.oneof(
  { weight: 8, arbitrary: fc.float({ noNaN: true, min: -4, max: 4 }) },
  fc.constantFrom(NaN, Infinity, -Infinity),
);
const range = fc
  .tuple(fc.float({ noNaN: true, min: -3, max: 3 }), fc.float({ noNaN: true, min: -3, max: 3 }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

/** The formula of the docstring, one element at a time. */
function naive(line: readonly number[], bins: number, [min, max]: readonly [number, number], clip: boolean): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const x of line) {
    if (Number.isNaN(x) || (!clip && (x < min || x > max))) continue;
    const place = fround(fround(fround(x - min) / fround(max - min)) * bins);
    counts[x <= min ? 0 : x >= max ? bins - 1 : Math.min(Math.floor(place), bins - 1)]!++;
  }
  return counts;
}

describe('histograms', () => {
  it('counts each line over its own range, elements outside only where asked to', () =>
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 40 })
          .chain((n) =>
            fc.array(fc.tuple(fc.array(values, { minLength: n, maxLength: n }), range), { minLength: 1, maxLength: 5 }),
          ),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (lines, bins, clip) => {
          const x = tensor(lines.map(([line]) => line));
          const min = tensor(lines.map(([, [low]]) => low));
          const max = tensor(lines.map(([, [, high]]) => high));
          const expected = lines.map(([line, ends]) => naive(line, bins, ends, clip));
          expect(histograms(x, bins, min, max, { clip }).toArray()).toEqual(expected);
          const turned = x.transpose(0, 1).clone().transpose(0, 1);
          expect(histograms(turned, bins, min, max, { clip }).toArray()).toEqual(expected);
        },
      ),
    ));

  it('takes numbers for all lines, and any number of dims', () => {
    const x = tensor([
      [
        [0, 1],
        [2, 3],
      ],
      [
        [3, 3],
        [4, 0],
      ],
    ]);
    expect(histograms(x, 2, 0, 3).toArray()).toEqual([
      [
        [2, 0],
        [0, 2],
      ],
      [
        [0, 2],
        [1, 0],
      ],
    ]);
    expect(histograms(x.select(0, 0).select(0, 1), 2, tensor(0), 3).toArray()).toEqual([0, 2]);
    expect(histograms(zeros([0, 3]), 5, 0, 1).shape).toEqual([0, 5]);
    expect(histograms(zeros([2, 0]), 2, 0, 1).toArray()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it('puts what equals both ends of a range in its first bin', () => {
    expect(histograms(tensor([[1, 1, 2, 0, NaN]]), 3, 1, 1).toArray()).toEqual([[2, 0, 0]]);
    expect(histograms(tensor([[1, 1, 2, 0, NaN]]), 3, 1, 1, { clip: true }).toArray()).toEqual([[3, 0, 1]]);
  });

  it('measures in float64 a range that is wider than the largest float32', () =>
    expect(histograms(tensor([[-3e38, -1e37, 1e37, 3e38]]), 4, -3e38, 3e38).toArray()).toEqual([[1, 1, 1, 1]]));

  it('counts in the dtype of x', () => {
    expect(histograms(tensor([[1]], { dtype: 'float64' }), 2, 0, 1).dtype).toBe('float64');
    expect(histograms(tensor([[1]], { dtype: 'float16' }), 2, 0, 1).dtype).toBe('float32');
  });

  it('says what is wrong', () => {
    const x = zeros([2, 3]);
    const call = (...args: readonly unknown[]) => (histograms as (...args: readonly unknown[]) => unknown)(...args);
    expect(() => call([1], 2, 0, 1)).toThrow(ArgumentError);
    expect(() => call(zeros([2], { dtype: 'int32' }), 2, 0, 1)).toThrow(DTypeError);
    expect(() => call(tensor(1), 2, 0, 1)).toThrow(ShapeError);
    for (const bins of [0, -1, 1.5, NaN, '3', Symbol('s')]) expect(() => call(x, bins, 0, 1)).toThrow(/bins must be/);
    expect(() => call(x, 2, zeros([3]), 1)).toThrow(ShapeError);
    expect(() => call(x, 2, 'a', 1)).toThrow(ArgumentError);
    for (const [min, max] of [
      [1, 0],
      [NaN, 1],
      [0, NaN],
      [-Infinity, 1],
      [0, Infinity],
      [0, 1e39],
    ])
      expect(() => call(x, 2, min, max)).toThrow(/every range must be finite/);
    expect(() => call(x, 2, tensor([0, 2]), tensor([1, 1]))).toThrow(/every range must be finite/);
  });
});

it('aminmax and histc are functions, too', () => {
  const x = tensor([
    [1, 5],
    [3, 2],
  ]);
  const { min, max } = aminmax(x, { dim: 1 });
  expect([min.toArray(), max.toArray()]).toEqual([
    [1, 2],
    [5, 3],
  ]);
  expect(histc(x, 2, { min: 1, max: 5 }).toArray()).toEqual([2, 2]);
  expect(() => aminmax([1, 2] as never)).toThrow(ArgumentError);
});
