import { Module } from '@q/nn';
import { ArgumentError, described, DTypeError, QError, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  DequantizedTensor,
  EntropyEncodingAnalyzer,
  float,
  foldAllBatchNorms,
  MinMaxEncodingAnalyzer,
  MovingAverageMinMaxEncodingAnalyzer,
  MseEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizationMixin,
  QuantizationSimModel,
  QuantizedLinear,
  QuantizedTensor,
  SqnrEncodingAnalyzer,
  toQuantized,
} from '../src/index.js';
import { checkFloating, checkInstance, checkKnownOptions, sizesOf } from '../src/arguments.js';

/** A value of a wrong type, as JavaScript without types may pass it. */
const wrong = <T>(value: unknown): T => value as T;

const junk = [undefined, null, NaN, 5, 'x', true, {}, [1], () => 1, new Date(0), new Float32Array(2)];
const cases = (except: (value: unknown) => boolean = () => false): [string, unknown][] =>
  junk.filter((value) => !except(value)).map((value) => [described(value), value]);

const quantizer = (): affine.QuantizeDequantize => {
  const made = new affine.QuantizeDequantize({ shape: [2], bitwidth: 8, symmetric: false });
  made.setRange(-1, 1);
  return made;
};

describe('checks', () => {
  it('name the operation and the argument', () => {
    expect(() => checkFloating('mix', 'left', tensor([1], { dtype: 'int8' }))).toThrow(DTypeError);
    expect(() => checkInstance('mix', 'model', {}, Module)).toThrow(/mix: model must be of class Module/);
    expect(() => checkKnownOptions('mix', { bits: 8 }, ['bitwidth'])).toThrow(
      'mix: unknown option bits. Known: bitwidth.',
    );
  });

  it('take a size for a shape of one dim, and give an array of their own', () => {
    const shape = [2, 3];
    expect([sizesOf('op', 4), sizesOf('op', shape), sizesOf('op', [])]).toEqual([[4], [2, 3], []]);
    expect(sizesOf('op', shape)).not.toBe(shape);
    for (const none of [0, [0], [1.5], 'x', undefined, [2 ** 40]])
      expect(() => sizesOf('op', none)).toThrow(ShapeError);
  });
});

describe('one fault has one class of errors, wherever it is noticed:', () => {
  const options = { bitwidth: 8, symmetric: true } as const;
  const blockSize = [0];
  const integers = tensor([1], { dtype: 'int32' });
  const eightBits = new float.FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 });

  it.each<[string, typeof ShapeError, readonly (() => unknown)[]]>([
    [
      'a block size of 0',
      ShapeError,
      [
        () => new affine.Quantize({ shape: [4], ...options, blockSize }),
        () => new affine.AffineEncoding(tensor([1]), tensor([0]), { bitwidth: 8, blockSize }),
        () => affine.quantize(zeros([4]), tensor([1]), tensor([0]), { bitwidth: 8, blockSize }),
      ],
    ],
    [
      'a size of 0',
      ShapeError,
      [() => new affine.Quantize({ shape: [0], ...options }), () => new MinMaxEncodingAnalyzer([0])],
    ],
    [
      'integers',
      DTypeError,
      [
        () => quantizer().forward(integers),
        () => new MinMaxEncodingAnalyzer([]).updateStats(integers),
        () => new PercentileEncodingAnalyzer([]).updateStats(integers),
        () => eightBits.quantize(integers),
        () => new DequantizedTensor(integers, null),
      ],
    ],
    [
      'a shape that does not spread',
      ShapeError,
      [
        () => quantizer().forward(zeros([3])),
        () => new MinMaxEncodingAnalyzer([2]).updateStats(zeros([3])),
        () =>
          quantizer()
            .getEncoding()!
            .quantize(zeros([3])),
        () => new affine.Quantize({ shape: [3], ...options, encodingAnalyzer: new MinMaxEncodingAnalyzer([2]) }),
      ],
    ],
  ])('%s', (_fault, type, runs) => {
    for (const run of runs) expect(run).toThrow(type);
  });
});

describe('an option that nothing reads is refused by', () => {
  const foo = { foo: 1 };
  const grid = { bitwidth: 8, ...foo } as never;
  const x = zeros([2]);
  const layer = new QuantizedLinear(2, 2);
  class Twice extends Module {
    forward(y: Tensor): Tensor {
      return y.mul(2);
    }
  }

  it.each<[string, () => unknown]>([
    ['Quantize', () => new affine.Quantize({ shape: [], bitwidth: 8, symmetric: true, ...foo } as never)],
    ['FloatQuantizeDequantize', () => new float.FloatQuantizeDequantize({ dtype: 'float16', ...foo } as never)],
    ['MinMaxEncodingAnalyzer', () => new MinMaxEncodingAnalyzer([], foo as never)],
    ['MovingAverageMinMaxEncodingAnalyzer', () => new MovingAverageMinMaxEncodingAnalyzer([], foo as never)],
    ['PercentileEncodingAnalyzer', () => new PercentileEncodingAnalyzer([], foo as never)],
    ['SqnrEncodingAnalyzer', () => new SqnrEncodingAnalyzer([], foo as never)],
    ['MseEncodingAnalyzer', () => new MseEncodingAnalyzer([], { gamma: 2 } as never)],
    ['EntropyEncodingAnalyzer', () => new EntropyEncodingAnalyzer([], foo as never)],
    ['AffineEncoding', () => new affine.AffineEncoding(1, 0, grid)],
    ['quantize', () => affine.quantize(x, tensor(1), tensor(0), grid)],
    ['dequantize', () => affine.dequantize(x, tensor(1), tensor(0), foo as never)],
    ['beginCalibration', () => quantizer().beginCalibration({ passthrough: true } as never)],
    ['setLegacyEncodings', () => quantizer().setLegacyEncodings([], foo as never)],
    ['importParamEncodings', () => layer.importParamEncodings({}, { Strict: false } as never)],
    ['QuantizationMixin', () => QuantizationMixin(Twice, { input: 2 } as never)],
    ['QuantizationSimModel', () => new QuantizationSimModel(new Twice(), { dummyInput: x, ...foo } as never)],
    ['foldAllBatchNorms', () => foldAllBatchNorms(new Twice(), { dummyInput: x, ...foo } as never)],
  ])('%s', (_name, run) => expect(run).toThrow(/unknown option|there is no option/));
});

describe('an argument of a wrong type is refused with an error of the library:', () => {
  const notNumber = (value: unknown): boolean => typeof value === 'number';
  const notFunction = (value: unknown): boolean => typeof value === 'function' || value === undefined;
  const x = zeros([2]);

  it.each(cases())('tensors to quantize: %s', (_kind, value) => {
    const given = wrong<Tensor>(value);
    const encoding = quantizer().getEncoding()!;
    const eightBits = new float.FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 });
    for (const run of [
      () => quantizer().forward(given),
      () => quantizer().quantize(given),
      () => eightBits.quantize(given),
      () => encoding.quantize(given),
      () => encoding.dequantize(given),
      () => affine.quantize(given, tensor(1), tensor(0), { bitwidth: 8 }),
      () => affine.quantizeDequantize(x, given, tensor(0), { bitwidth: 8 }),
      () => affine.dequantize(x, tensor(1), given),
      () => new QuantizedTensor(given, null),
      () => new DequantizedTensor(given, null),
    ])
      expect(run).toThrow(QError);
  });

  it.each(cases((value) => value === null))('encodings: %s', (_kind, value) =>
    expect(() => new QuantizedTensor(x, wrong(value))).toThrow(ArgumentError),
  );

  it.each(cases(notNumber))('ranges, and the quantizer keeps its own: %s', (_kind, value) => {
    const made = quantizer();
    expect(() => made.setRange(-3, wrong(value))).toThrow(ArgumentError);
    expect(() => made.setRange(wrong(value), 3)).toThrow(ArgumentError);
    expect([made.min.toArray(), made.max.toArray()]).toEqual([
      [-1, -1],
      [1, 1],
    ]);
  });

  it.each(cases())('ends that were assigned: %s', (_kind, value) => {
    const made = quantizer();
    made.min = wrong(value);
    expect(() => made.forward(x)).toThrow(ArgumentError);
  });

  it.each(cases(notFunction))('what calibrates, and the encoding stays: %s', (_kind, value) => {
    const made = quantizer();
    expect(() => made.computeEncodings(wrong<() => void>(value))).toThrow(ArgumentError);
    expect(made.isCalibrating()).toBe(false);
    expect(made.isInitialized()).toBe(true);
  });

  it.each(cases((value) => value === null))('states: %s', (_kind, value) =>
    expect(() => quantizer().setExtraState(wrong(value))).toThrow(QError),
  );

  it.each(cases())('what analyzers observe, and they remember nothing of it: %s', (_kind, value) => {
    for (const analyzer of [new MinMaxEncodingAnalyzer([]), new PercentileEncodingAnalyzer([], { numBins: 4 })]) {
      expect(() => analyzer.updateStats(wrong(value))).toThrow(ArgumentError);
      expect(() => analyzer.mergeStats(wrong(value))).toThrow(ArgumentError);
      expect(analyzer.getStats()).toBeNull();
    }
  });

  it.each(cases((value) => value === 5 || Array.isArray(value)))('shapes of analyzers: %s', (_kind, value) =>
    expect(() => new MinMaxEncodingAnalyzer(wrong(value))).toThrow(QError),
  );

  it.each(cases((value) => value === true))('symmetry of a range: %s', (_kind, value) => {
    const analyzer = new MinMaxEncodingAnalyzer([]);
    analyzer.updateStats(x);
    expect(() => analyzer.computeEncodings(255, wrong(value))).toThrow(ArgumentError);
  });

  it.each(cases((value) => value === null))('block sizes: %s', (_kind, value) => {
    const options = { bitwidth: 8, blockSize: wrong<number[]>(value) };
    if (value !== undefined) expect(() => affine.quantize(x, tensor(1), tensor(0), options)).toThrow(QError);
    const sizes = wrong<number[]>([value]);
    if (value !== 5)
      expect(() => new affine.AffineEncoding(tensor([1]), tensor([0]), { ...options, blockSize: sizes })).toThrow(
        QError,
      );
  });

  it.each(cases())('models: %s', (_kind, value) => {
    expect(() => toQuantized(wrong<Module>(value))).toThrow(ArgumentError);
    expect(() => QuantizationMixin.fromModule(wrong<Module>(value))).toThrow(ArgumentError);
    expect(() => computeEncodings(wrong<Module>(value), () => 1)).toThrow(ArgumentError);
  });

  it.each(cases((value) => value === null))('quantizers at a place of a module: %s', (_kind, value) => {
    const layer = new QuantizedLinear(2, 2);
    layer.paramQuantizers['weight'] = wrong(value);
    expect(() => layer.forward(x)).toThrow(/quantizer of parameter 'weight' must be a quantizer or null/);
    layer.paramQuantizers['weight'] = null;
    layer.outputQuantizers[0] = wrong(value);
    expect(() => layer.computeEncodings(() => layer.forward(x))).toThrow(QError);
  });

  it.each(cases((value) => typeof value === 'object' && value !== null))('imports and states: %s', (_kind, value) => {
    const layer = new QuantizedLinear(2, 2);
    if (typeof value !== 'string') expect(() => layer.importParamEncodings(wrong(value))).toThrow(QError);
    expect(() => layer.loadStateDict(wrong(value))).toThrow(QError);
  });
});
