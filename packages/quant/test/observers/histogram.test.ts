import fc from 'fast-check';
import { FormatError, tensor, type Tensor } from '@q/tensor';
import { QuantizationError } from '../../src/errors.js';
import { HistogramObserver, type Histogram } from '../../src/observers/histogram.js';

const total = ({ histogram }: Histogram): number => histogram.reduce((sum, n) => sum + n, 0);
const observed = (bins: number, ...batches: Tensor[]): Histogram => {
  const observer = new HistogramObserver([], bins);
  for (const batch of batches) observer.observe(batch);
  return observer.stats![0]!;
};

/** Finite numbers of all sizes, those without a normal width between them among them. */
const numbers = fc.oneof(
  fc.integer({ min: -100_000, max: 100_000 }).map((n) => Math.fround(n / 1000)),
  fc.integer({ min: -1000, max: 1000 }).map((n) => n * 2 ** -149),
  fc.integer({ min: -9, max: 9 }).map((n) => Math.fround(1 + n * 2 ** -23)),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);
/** One number, and others of its kind or of any. */
const points = fc.oneof(
  fc.tuple(numbers, fc.array(numbers, { minLength: 1, maxLength: 20 })),
  fc
    .array(
      fc.integer({ min: -40, max: 40 }).map((n) => n * 2 ** -149),
      { minLength: 2, maxLength: 20 },
    )
    .map(([point, ...others]): [number, number[]] => [point!, others]),
);

describe('HistogramObserver', () => {
  it('counts every value of a batch once, infinities in the outer bins', () => {
    const { min, max, histogram, binEdges } = observed(4, tensor([0, 1, 2, 3, 4, Infinity, -Infinity, NaN]));
    expect([min, max]).toEqual([0, 4]);
    expect([...histogram]).toEqual([2, 1, 1, 3]);
    expect([...binEdges]).toEqual([0, 1, 2, 3, 4]);
  });

  it('widens a constant batch by half a unit on each side', () => {
    const { min, max, binEdges } = observed(2, tensor([3, 3]));
    expect([min, max, ...binEdges]).toEqual([3, 3, 2.5, 3, 3.5]);
  });

  it('loses no value when batches of other ranges come', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(numbers, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        (batches, bins) => {
          const seen = observed(bins, ...batches.map((batch) => tensor(batch)));
          expect(total(seen)).toBe(batches.flat().length);
          expect(seen.min === Math.min(...batches.flat().map(Math.fround))).toBe(true);
          expect(seen.max === Math.max(...batches.flat().map(Math.fround))).toBe(true);
        },
      ),
    ));

  it('goes on after batches without width, down to the smallest numbers', () => {
    const dead = observed(8, tensor([0, 0, 0, 0]), tensor([1, 2, 7, 8]));
    expect([...dead.histogram]).toEqual([4, 1, 1, 0, 0, 0, 0, 2]);
    expect(total(observed(16, tensor([0, 1e-45]), tensor([0, 3e-45]), tensor([0, 1])))).toBe(6);
    expect(total(observed(16, tensor([-3e38, 3e38]), tensor([0, 1]), tensor([3.4e38])))).toBe(5);
  });

  it('counts a constant too large for half a unit in the middle, as histc does', () => {
    expect([...observed(6, tensor([1e7, 1e7])).histogram]).toEqual([0, 0, 0, 2, 0, 0]);
    expect([...observed(6, tensor([3e8])).histogram]).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('moves a batch without width to the bin of its value, whichever bin held it before', () => {
    // 0.1128 - 0.5 rounds so that the middle of the widened range falls into the lower of two bins.
    for (const value of [-0.11279680579900742, -0.4665355980396271, 0.3, 1e7])
      expect([...observed(2, tensor([value]), tensor([value - 2e6])).histogram]).toEqual([1, 1]);
  });

  it('spreads values further apart than the largest float over all bins', () =>
    expect([...observed(4, tensor([-3e38, -1e37, 1e37, 3e38])).histogram]).toEqual([1, 1, 1, 1]));

  it('has finite edges up to the largest float', () => {
    // Four steps from the lower end round to more than there is.
    const most = 3.4028234663852886e38;
    const { histogram, binEdges } = observed(4, tensor([-0.02 * most, 0.49 * most, most]));
    expect([...histogram]).toEqual([1, 0, 1, 1]);
    expect(binEdges[4]).toBe(most);
  });

  it('counts a point and what follows as one batch, whatever their sizes', () =>
    fc.assert(
      fc.property(points, fc.integer({ min: 3, max: 300 }), ([point, others], bins) => {
        fc.pre(others.some((value) => value !== point));
        const [twice, once] = [
          observed(bins, tensor([point]), tensor(others)),
          observed(bins, tensor([point, ...others])),
        ];
        expect([twice.min + 0, twice.max + 0]).toEqual([once.min + 0, once.max + 0]);
        expect(twice.histogram).toEqual(once.histogram);
      }),
    ));

  it('tells apart the values of a range for whose bins float32 has no width', () => {
    const smallest = 2 ** -149;
    const { histogram, binEdges } = observed(8, tensor([0, smallest, 2 * smallest, 2 * smallest]));
    expect([...histogram]).toEqual([1, 0, 0, 0, 1, 0, 0, 2]);
    expect([...binEdges].map((edge) => edge / smallest)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
  });

  it('cuts the bins of denormal ranges in float32 while these have a width', () => {
    const old = [-2.3e-41, -2e-41, 1.1e-41, 1e-41, 1.7e-41, 0.3e-41, -0.9e-41];
    const { histogram } = observed(64, tensor(old), tensor([-2.31e-41, 2.35e-41]));
    // Bins and counts of the same merge in torch.
    const filled = [...histogram.entries()].filter(([, n]) => n !== 0);
    expect(filled).toEqual([
      [0, 2],
      [3, 1],
      [19, 1],
      [35, 1],
      [45, 1],
      [46, 1],
      [54, 1],
      [63, 1],
    ]);
  });

  it('keeps channels apart wherever their dim is', () => {
    const observer = new HistogramObserver([2, 1], 2);
    const batch = tensor([
      [
        [0, 1],
        [10, 20],
      ],
      [
        [1, 1],
        [20, 20],
      ],
    ]);
    observer.observe(batch);
    observer.observe(batch.add(0));
    expect(observer.stats!.map(({ histogram }) => [...histogram])).toEqual([
      [2, 6],
      [2, 6],
    ]);
    expect(observer.stats!.map(({ min, max }) => [min, max])).toEqual([
      [0, 1],
      [10, 20],
    ]);
  });

  it('merges the statistics of another observer', () =>
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (a, b) => {
          const [left, right] = [new HistogramObserver([], 16), new HistogramObserver([], 16)];
          left.observe(tensor(a));
          right.observe(tensor(b));
          left.merge(right.stats!);
          expect(total(left.stats![0]!)).toBe(a.length + b.length);
        },
      ),
    ));

  it('counts many values as it counts few', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), fc.integer({ min: 1, max: 300 }), (seed, bins) => {
        let state = seed;
        const next = (): number => (state = (state * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
        const many = Float32Array.from({ length: 10000 }, (_, i) =>
          i % 1000 === 999 ? [NaN, Infinity, -Infinity][i % 3]! : next() * 8 - 3,
        );
        const finite = many.filter(Number.isFinite);
        const seen = observed(bins, tensor(many));
        const [from, to] = [seen.binEdges[0]!, seen.binEdges[bins]!];
        const naive = new Float32Array(bins);
        for (const value of many) {
          if (Number.isNaN(value)) continue;
          const place = Math.fround(Math.fround(Math.fround(value - from) / Math.fround(to - from)) * bins);
          naive[value < from ? 0 : value > to ? bins - 1 : Math.min(Math.trunc(place), bins - 1)]!++;
        }
        expect([seen.min, seen.max]).toEqual([Math.min(...finite), Math.max(...finite)]);
        expect([...seen.histogram]).toEqual([...naive]);
      }),
      { numRuns: 20 },
    ));

  it('leaves the statistics alone where a batch is refused', () => {
    const observer = new HistogramObserver([2], 4);
    observer.observe(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    const before = JSON.stringify(observer);
    expect(() =>
      observer.observe(
        tensor([
          [1, NaN],
          [3, Infinity],
        ]),
      ),
    ).toThrow(QuantizationError);
    expect(JSON.stringify(observer)).toBe(before);
  });

  it.each([0, -4, 2.5, NaN])('refuses %p bins', (bins) =>
    expect(() => new HistogramObserver([], bins)).toThrow(/positive integer/),
  );

  it.each([
    [[{ min: 0, max: 1, histogram: [1] }]],
    [[{ min: 2, max: 1, histogram: [1, 1] }]],
    [[{ min: 0, max: 1, histogram: [1, -1] }]],
    [[{ min: 0, max: 'Infinity', histogram: [1, 1] }]],
    [[{ min: 0, max: 1, histogram: [1, 'NaN'] }]],
    [[]],
    [{}],
  ])('refuses the JSON %j', (json) => expect(() => new HistogramObserver([], 2).restore(json)).toThrow(FormatError));
});
