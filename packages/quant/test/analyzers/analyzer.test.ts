import fc from 'fast-check';
import { ArgumentError, DTypeError, FormatError, QError, ShapeError, tensor, zeros } from '@q/tensor';
import type { EncodingAnalyzer } from '../../src/analyzers/analyzer.js';
import { EntropyEncodingAnalyzer } from '../../src/analyzers/entropy.js';
import { MinMaxEncodingAnalyzer } from '../../src/analyzers/min-max.js';
import { MovingAverageMinMaxEncodingAnalyzer } from '../../src/analyzers/moving-average.js';
import { MseEncodingAnalyzer } from '../../src/analyzers/mse.js';
import { PercentileEncodingAnalyzer } from '../../src/analyzers/percentile.js';
import { SqnrEncodingAnalyzer } from '../../src/analyzers/sqnr.js';
import { QuantizationError, StatisticsNotFoundError } from '../../src/errors.js';

const kinds: readonly (readonly [
  string,
  (shape: number[]) => EncodingAnalyzer,
  (json: unknown) => EncodingAnalyzer,
])[] = [
  [
    'MinMaxEncodingAnalyzer',
    (shape) => new MinMaxEncodingAnalyzer(shape),
    (json) => MinMaxEncodingAnalyzer.fromJSON(json),
  ],
  [
    'PercentileEncodingAnalyzer',
    (shape) => new PercentileEncodingAnalyzer(shape, { numBins: 64, percentile: 90 }),
    (json) => PercentileEncodingAnalyzer.fromJSON(json),
  ],
  [
    'SqnrEncodingAnalyzer',
    (shape) => new SqnrEncodingAnalyzer(shape, { numBins: 64 }),
    (json) => SqnrEncodingAnalyzer.fromJSON(json),
  ],
  [
    'MovingAverageMinMaxEncodingAnalyzer',
    (shape) => new MovingAverageMinMaxEncodingAnalyzer(shape, { averagingConstant: 0.9 }),
    (json) => MovingAverageMinMaxEncodingAnalyzer.fromJSON(json),
  ],
  [
    'MseEncodingAnalyzer',
    (shape) => new MseEncodingAnalyzer(shape, { numBins: 64 }),
    (json) => MseEncodingAnalyzer.fromJSON(json),
  ],
  [
    'EntropyEncodingAnalyzer',
    (shape) => new EntropyEncodingAnalyzer(shape, { numBins: 64 }),
    (json) => EntropyEncodingAnalyzer.fromJSON(json),
  ],
];

const values = fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 6, maxLength: 6 });

describe.each(kinds)('%s', (name, make, fromJSON) => {
  it('finds a range that contains zero and, where symmetric, is centred on it', () =>
    fc.assert(
      fc.property(values, fc.constantFrom(3, 15, 255, 65535), (batch, steps) => {
        const analyzer = make([]);
        analyzer.updateStats(tensor(batch));
        const free = analyzer.computeEncodings(steps, false);
        expect(free.min.item()).toBeLessThanOrEqual(0);
        expect(free.max.item()).toBeGreaterThanOrEqual(0);
        const around = analyzer.computeEncodings(steps, true);
        const ratio = -around.min.item() / around.max.item();
        expect(ratio).toBeCloseTo(Math.ceil(steps / 2) / Math.floor(steps / 2), 4);
      }),
    ));

  it('knows nothing before data and after a reset', () => {
    const analyzer = make([]);
    expect(analyzer.getStats()).toBeNull();
    expect(() => analyzer.computeEncodings(255, true)).toThrow(StatisticsNotFoundError);
    analyzer.updateStats(zeros([3]));
    analyzer.resetStats();
    expect(() => analyzer.computeEncodings(255, true)).toThrow(/nothing has been observed yet/);
  });

  it('computes from statistics of its kind, shape and bins, and says what is wrong with any others', () => {
    const analyzer = make([]);
    const stats = analyzer.collectStats(tensor([-1, 0, 1]));
    expect(analyzer.computeEncodingsFromStats(stats, 255, true).max.item()).toBeGreaterThan(0);
    expect(() => analyzer.computeEncodingsFromStats(null, 255, true)).toThrow(StatisticsNotFoundError);
    const junk = [undefined, 3, 'x', {}, [], [null], [{}], Array(1), [stats], { min: 1, max: 2 }, { min: tensor(0) }];
    for (const none of [...junk, Symbol('s'), 1n, { min: tensor(0), max: tensor(1, { dtype: 'int32' }) }])
      expect(() => analyzer.computeEncodingsFromStats(none, 255, true)).toThrow(QError);
    expect(() => analyzer.computeEncodingsFromStats(undefined, 255, true)).toThrow(ArgumentError);
    const wider = make([2]).collectStats(tensor([[0, 1]]));
    expect(() => analyzer.computeEncodingsFromStats(wider, 255, true)).toThrow(ShapeError);
  });

  it('wants a whole number of steps', () => {
    const analyzer = make([]);
    const call = (steps: unknown) => () => analyzer.computeDynamicEncodings(tensor([1]), steps as number, true);
    for (const steps of [0, -1, 1.5, NaN, '255', Symbol('s'), 1n, {}, null])
      expect(call(steps)).toThrow(/number of steps must be a positive integer/);
  });

  it('does not remember what it computes dynamically', () => {
    const analyzer = make([]);
    const { min, max } = analyzer.computeDynamicEncodings(tensor([-1, 0, 1]), 255, false);
    expect(min.item()).toBeLessThan(max.item());
    expect(analyzer.getStats()).toBeNull();
  });

  it.each([0, -1, 1.5, NaN])('refuses %p steps', (steps) => {
    const analyzer = make([]);
    analyzer.updateStats(zeros([3]));
    expect(() => analyzer.computeEncodings(steps, true)).toThrow(QuantizationError);
  });

  it('merges shards into the range of the whole', () => {
    const [a, b] = [make([2, 1]), make([2, 1])];
    a.updateStats(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    b.updateStats(
      tensor([
        [-9, 2, 3],
        [4, 5, 60],
      ]),
    );
    a.mergeStats(b);
    const { min, max } = a.computeEncodings(255, false);
    expect(min.data[0]).toBeLessThan(-5);
    expect(max.data[1]).toBeGreaterThan(20);
    expect(() => a.mergeStats(make([3]))).toThrow(/one class and shape/);
  });

  it('comes back from JSON with its settings and statistics', () => {
    const analyzer = make([2]);
    analyzer.updateStats(
      tensor([
        [1, -2],
        [3, 4],
      ]),
    );
    const again = fromJSON(JSON.parse(JSON.stringify(analyzer)));
    expect(JSON.stringify(again)).toBe(JSON.stringify(analyzer));
    expect(again.computeEncodings(15, true).max.toArray()).toEqual(analyzer.computeEncodings(15, true).max.toArray());
    expect(make([2]).fresh().getStats()).toBeNull();
  });

  it.each([[null], [[]], [{ type: 'other' }], [{ shape: [2] }], ['x']])('refuses the JSON %j', (json) =>
    expect(() => fromJSON(json)).toThrow(FormatError),
  );

  it.each([[[0]], [[-1]], [[1.5]]])('refuses the shape %j', (shape) => expect(() => make(shape)).toThrow(ShapeError));

  it('names itself where it cannot observe a tensor', () => {
    expect(() => make([]).updateStats(zeros([0, 8]))).toThrow(`${name}: a tensor of shape [0, 8] has no elements`);
    expect(() => make([3]).updateStats(zeros([2]))).toThrow(`${name}: an encoding of shape [3] does not spread`);
    expect(() => make([]).updateStats(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError);
  });

  it('refuses JSON with settings that are none as a matter of its format', () => {
    const { stats: _none, type, shape, ...settings } = JSON.parse(JSON.stringify(make([]))) as Record<string, unknown>;
    for (const setting of Object.keys(settings))
      for (const value of [-1, 'x', null, undefined])
        expect(() => fromJSON({ type, shape, ...settings, [setting]: value, stats: null })).toThrow(FormatError);
  });
});
