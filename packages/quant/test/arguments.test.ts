import { Module } from '@q/nn';
import { ArgumentError, described, DTypeError, QError, tensor, zeros, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  DequantizedTensor,
  float,
  MinMaxEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizationMixin,
  QuantizedLinear,
  QuantizedTensor,
  toQuantized,
} from '../src/index.js';
import { checkFloating, checkInstance } from '../src/arguments.js';

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
  });
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
