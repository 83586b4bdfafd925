import { Module, Parameter } from '@q/nn';
import { DTypeError, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import { MinMaxEncodingAnalyzer } from '../../src/analyzers/min-max.js';
import { QuantizationError } from '../../src/errors.js';
import { Quantize, QuantizeDequantize } from '../../src/quantizers/affine.js';

const quantize = (shape: number[] = [], symmetric = false): Quantize => new Quantize({ shape, bitwidth: 8, symmetric });

describe('an affine quantizer', () => {
  it('has no encoding before it has a range, and says how to get one', () => {
    const quantizer = quantize();
    expect([
      quantizer.isInitialized(),
      quantizer.getScale(),
      quantizer.getMin(),
      quantizer.getEncoding(),
      quantizer.getLegacyEncodings(),
    ]).toEqual([false, null, null, null, null]);
    expect(() => quantizer.forward(zeros([2]))).toThrow(
      /Quantize: there is no encoding yet. Run it inside computeEncodings\(\), or set its range with setRange\(\)/,
    );
  });

  it.each([[[2 ** 40]], [[2 ** 20, 2 ** 20]]])('of shape %j is refused before it takes memory', (shape) =>
    expect(() => quantize(shape)).toThrow(ShapeError),
  );

  it('computes scale and offset from its range', () => {
    const quantizer = quantize();
    quantizer.setRange(-1, 1.55);
    expect([quantizer.getScale()?.item(), quantizer.getOffset()?.item()]).toEqual([
      Math.fround(Math.fround(Math.fround(1.55) + 1) / 255),
      -100,
    ]);
    quantizer.symmetric = true;
    expect(quantizer.getOffset()?.item()).toBe(0);
  });

  it('prints as AIMET prints it', () => {
    expect(String(quantize([], true))).toBe('Quantize(shape=(), qmin=-128, qmax=127, symmetric=True)');
    expect(String(new QuantizeDequantize({ shape: 5, qmin: 0, qmax: 15, symmetric: false }))).toBe(
      'QuantizeDequantize(shape=(5,), qmin=0, qmax=15, symmetric=False)',
    );
  });

  it('spreads a range over its channels, in the parameters there are', () => {
    const quantizer = quantize([2, 1], true);
    const { min, max } = quantizer;
    quantizer.setRange(tensor([[-1], [-2]]), 3);
    expect([quantizer.min, quantizer.max]).toEqual([min, max]);
    expect([min.toArray(), max.toArray()]).toEqual([
      [[-1], [-2]],
      [[3], [3]],
    ]);
    expect(() => quantizer.setRange(zeros([3, 1]), 1)).toThrow(ShapeError);
    expect(max.toArray()).toEqual([[3], [3]]);
  });

  it('counts assigned parameters as a range', () => {
    const quantizer = quantize();
    quantizer.min = new Parameter(tensor(-1));
    expect(quantizer.isInitialized()).toBe(false);
    quantizer.max = new Parameter(tensor(1));
    expect(quantizer.isInitialized()).toBe(true);
    quantizer.max = new Parameter(tensor([1, 2]));
    expect(() => quantizer.forward(zeros([2]))).toThrow(/max must have the quantizer's shape \[\], got \[2\]/);
  });

  it('does not take a cast of the whole model for a range', () => {
    const quantizer = quantize();
    quantizer.to('float64');
    expect(quantizer.isInitialized()).toBe(false);
    quantizer.setRange(-1, 1);
    quantizer.to('float32');
    expect(quantizer.isInitialized()).toBe(true);
  });

  it('trains its range: the ends move where values are clipped', () => {
    const quantizer = new QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    quantizer.setRange(-1, 1);
    quantizer
      .forward(tensor([5, -5, 0]))
      .sum()
      .backward();
    expect(quantizer.max.grad?.item()).toBeCloseTo(1, 1);
    expect(quantizer.min.grad?.item()).toBeCloseTo(1, 1);
  });

  it('changes its grid by bits, sign and ends, and refuses what is no grid', () => {
    const quantizer = quantize();
    quantizer.bitwidth = 4;
    expect([quantizer.qmin, quantizer.qmax]).toEqual([0, 15]);
    quantizer.signed = true;
    expect([quantizer.qmin, quantizer.qmax]).toEqual([-8, 7]);
    expect(() => (quantizer.bitwidth = 4.5)).toThrow(QuantizationError);
    expect(() => (quantizer.qmax = -8)).toThrow(QuantizationError);
    quantizer.qmin = -7;
    expect(() => quantizer.bitwidth).toThrow(/undefined in the grid \[-7, 7\]/);
    expect([quantizer.qmin, quantizer.qmax]).toEqual([-7, 7]);
  });

  it.each([
    [{ bitwidth: 8, symmetric: true }, /shape must be an array/],
    [{ shape: [], bitwidth: 8 }, /symmetric must be true or false/],
    [{ shape: [], symmetric: true }, /no grid given/],
    [{ shape: [], symmetric: true, qmin: 0 }, /qmin without qmax/],
    [{ shape: [0], symmetric: true, bitwidth: 8 }, /positive integers/],
    [{ shape: [4, 2], symmetric: true, bitwidth: 8, blockSize: [4] }, /one entry per dim/],
    [{ shape: [4], symmetric: true, bitwidth: 8, blockSize: [0] }, /block sizes must be positive/],
    [
      { shape: [3, 1], symmetric: true, bitwidth: 8, encodingAnalyzer: new MinMaxEncodingAnalyzer([2, 1]) },
      /an encoding analyzer of shape \[2, 1\] does not spread over ranges of shape \[3, 1\]/,
    ],
    [{ shape: [], symmetric: true, bitwidth: 8, foo: 1 }, /unknown option foo/],
  ])('refuses the options %#', (options, message) => expect(() => new Quantize(options as never)).toThrow(message));

  it('quantizes floating tensors only', () => {
    const quantizer = quantize();
    quantizer.setRange(-1, 1);
    expect(() => quantizer.forward(tensor([1], { dtype: 'int32' }))).toThrow(DTypeError);
    expect(quantizer.forward(tensor([0.5], { dtype: 'float64' })).dtype).toBe('float64');
    expect(quantizer.forward(tensor([0.5], { dtype: 'float16' })).dtype).toBe('float16');
  });

  it('quantizes in blocks', () => {
    const quantizer = new QuantizeDequantize({ shape: [1, 2], bitwidth: 8, symmetric: true, blockSize: [-1, 2] });
    quantizer.computeEncodings(() =>
      quantizer.forward(
        tensor([
          [1, 2, 30, 40],
          [3, 4, 50, 60],
        ]),
      ),
    );
    expect(quantizer.max.toArray()).toEqual([[4, 60]]);
    expect(quantizer.getEncoding()?.granularity).toBe('blockwise');
    expect(() => quantizer.forward(zeros([2, 5]))).toThrow(ShapeError);
  });
});

describe('the state of a quantizer', () => {
  it('has the names of AIMET', () =>
    expect(Object.keys(quantize().stateDict()).sort()).toEqual(['_extra_state', 'max', 'min']));

  it('says whether there is a range', () => {
    const [source, target] = [quantize(), quantize()];
    target.setRange(-5, 5);
    target.loadStateDict(source.stateDict());
    expect([target.isInitialized(), target.max.item()]).toEqual([false, 1]);
    source.setRange(-2, 2);
    target.loadStateDict(source.stateDict());
    expect([target.isInitialized(), target.max.item()]).toEqual([true, 2]);
  });

  it('counts bare parameters as a range', () => {
    const target = quantize();
    target.loadStateDict({ min: tensor(-3), max: tensor(3) }, { strict: false });
    expect(target.isInitialized()).toBe(true);
    const other = quantize();
    other.loadStateDict({}, { strict: false });
    expect(other.isInitialized()).toBe(false);
  });

  it('is all there in a clone, which is independent', () => {
    const quantizer = new QuantizeDequantize({ shape: [2, 1], qmin: -7, qmax: 7, symmetric: true });
    quantizer.setRange(-1, tensor([[1], [2]]));
    quantizer.allowOverwrite(false);
    const copy = quantizer.clone();
    expect([String(copy), copy.max.toArray(), copy.overwritable]).toEqual([String(quantizer), [[1], [2]], false]);
    copy.setRange(-9, 9);
    expect(quantizer.max.toArray()).toEqual([[1], [2]]);
    expect(quantize().clone().isInitialized()).toBe(false);
  });
});

describe('encodings in the legacy format', () => {
  it('come out as AIMET writes them and go in again', () => {
    const quantizer = quantize([2, 1]);
    quantizer.setRange(tensor([[-1], [0]]), tensor([[1.55], [2.55]]));
    const written = quantizer.getLegacyEncodings()!;
    expect(written[0]).toMatchObject({ bitwidth: 8, dtype: 'int', is_symmetric: 'False', offset: -100 });
    const other = new Quantize({ shape: [2, 1], bitwidth: 4, symmetric: true });
    other.setLegacyEncodings(written);
    expect([other.bitwidth, other.symmetric, other.signed]).toEqual([8, false, false]);
    expect(other.getLegacyEncodings()).toEqual(written);
  });

  it.each([
    [[], /takes 2 encodings, got 0/],
    [[{ min: 0, max: 1, bitwidth: 8, dtype: 'int', is_symmetric: 'maybe' }, {}], /is_symmetric must be/],
    [
      [
        { min: 0, max: 1, bitwidth: 0, dtype: 'int', is_symmetric: 'True' },
        { min: 0, max: 1 },
      ],
      /bitwidth must be from 1/,
    ],
    [
      [
        { min: 0, max: 1, bitwidth: 8, dtype: 'int', is_symmetric: true },
        { min: '0', max: 1 },
      ],
      /min of encoding 1 must be a number/,
    ],
    [
      [
        { min: 0, max: 1, bitwidth: 8, dtype: 'float', is_symmetric: true },
        { min: 0, max: 1 },
      ],
      /dtype 'int'/,
    ],
    [null, /wants an array/],
  ])('are refused where they do not fit, and nothing changes: %#', (encodings, message) => {
    const quantizer = quantize([2, 1]);
    const before = String(quantizer);
    expect(() => quantizer.setLegacyEncodings(encodings as never)).toThrow(message);
    expect([String(quantizer), quantizer.isInitialized()]).toEqual([before, false]);
  });

  it('need a finite offset', () => {
    const quantizer = quantize();
    quantizer.setRange(1, 1);
    expect(() => quantizer.getLegacyEncodings()).toThrow(/gives no finite offset/);
  });
});

describe('a model that holds quantizers', () => {
  it('is copied with quantizers that work on their own', () => {
    class Pair extends Module {
      first = quantize();
      second = this.first;
      forward(x: Tensor): Tensor {
        return this.second.forward(this.first.forward(x));
      }
    }
    const model = new Pair();
    model.first.setRange(-1, 1);
    const copy = model.clone();
    expect(copy.second).toBe(copy.first);
    expect([copy.first.isInitialized(), copy.first.max.item()]).toEqual([true, 1]);
    copy.first.setRange(-2, 2);
    expect(model.first.max.item()).toBe(1);
  });
});
