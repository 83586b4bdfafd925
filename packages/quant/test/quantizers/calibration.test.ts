import { ArgumentError, tensor, zeros, type Tensor } from '@q/tensor';
import { PercentileEncodingAnalyzer } from '../../src/analyzers/percentile.js';
import { QuantizationError } from '../../src/errors.js';
import { Quantize, QuantizeDequantize } from '../../src/quantizers/affine.js';
import { onWarning, type QuantizationWarning } from '../../src/warnings.js';

const make = (): QuantizeDequantize => new QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
const range = ({ min, max }: QuantizeDequantize): [number, number] => [min.item(), max.item()];
const batch = (...values: number[]): Tensor => tensor(values);

describe('computeEncodings', () => {
  it('takes the range of everything that passes, once it is over', () => {
    const quantizer = make();
    const result = quantizer.computeEncodings(() => {
      quantizer.forward(batch(-1, 2));
      quantizer.forward(batch(-3, 1));
      expect(quantizer.isInitialized()).toBe(false);
      return 'done';
    });
    expect([result, ...range(quantizer)]).toEqual(['done', -3, 2]);
  });

  it('quantizes each batch with its own range meanwhile', () => {
    const quantizer = new Quantize({ shape: [], bitwidth: 8, symmetric: false });
    quantizer.computeEncodings(() => {
      expect(quantizer.forward(batch(0, 1)).toArray()).toEqual([0, 255]);
      expect(quantizer.forward(batch(0, 100)).toArray()).toEqual([0, 255]);
    });
  });

  it('waits for promises', async () => {
    const quantizer = make();
    await quantizer.computeEncodings(async () => {
      await Promise.resolve();
      quantizer.forward(batch(-1, 4));
    });
    expect(range(quantizer)).toEqual([-1, 4]);
    const failing = quantizer.computeEncodings(async () => {
      quantizer.forward(batch(-100, 100));
      await Promise.reject(new Error('no more data'));
    });
    await expect(failing).rejects.toThrow('no more data');
    expect([...range(quantizer), quantizer.isCalibrating()]).toEqual([-1, 4, false]);
  });

  it('commits at the end of a using scope, unless it was discarded', () => {
    const quantizer = make();
    {
      using _ = quantizer.computeEncodings();
      quantizer.forward(batch(-1, 4));
      expect([quantizer.isCalibrating(), quantizer.isInitialized()]).toEqual([true, false]);
    }
    expect([...range(quantizer), quantizer.isCalibrating()]).toEqual([-1, 4, false]);
    {
      using calibration = quantizer.computeEncodings();
      quantizer.forward(batch(-9, 9));
      calibration.discard();
    }
    expect(range(quantizer)).toEqual([-1, 4]);
  });

  it('changes nothing where it fails or sees nothing', () => {
    const quantizer = make();
    quantizer.setRange(-1, 1);
    expect(() =>
      quantizer.computeEncodings(() => {
        quantizer.forward(batch(-9, 9));
        throw new Error('stop');
      }),
    ).toThrow('stop');
    quantizer.computeEncodings(() => undefined);
    expect([...range(quantizer), quantizer.isCalibrating()]).toEqual([-1, 1, false]);
  });

  it('ends where its result is a promise that throws when it is asked for', () => {
    const quantizer = make();
    const hostile = {
      get then(): unknown {
        throw new Error('ask no more');
      },
    };
    expect(() =>
      quantizer.computeEncodings(() => {
        quantizer.forward(batch(-1, 1));
        return hostile;
      }),
    ).toThrow('ask no more');
    expect([quantizer.isCalibrating(), quantizer.isInitialized()]).toEqual([false, false]);
  });

  it('refuses a passThrough that is neither true nor false', () => {
    const quantizer = make();
    expect(() => quantizer.beginCalibration({ passThrough: 'no' as never })).toThrow(ArgumentError);
    expect(() => quantizer.beginCalibration({ passthrough: true } as never)).toThrow(/no option 'passthrough'/);
    expect(quantizer.isCalibrating()).toBe(false);
  });

  it('is ignored by a quantizer that must not be overwritten', () => {
    const quantizer = make();
    quantizer.allowOverwrite(false);
    expect(() => quantizer.computeEncodings(() => quantizer.forward(batch(1)))).toThrow(QuantizationError);
    quantizer.setRange(-1, 1);
    quantizer.computeEncodings(() => quantizer.forward(batch(-50, 50)));
    expect(range(quantizer)).toEqual([-1, 1]);
  });

  it('forgets what an earlier calibration saw', () => {
    const quantizer = make();
    quantizer.computeEncodings(() => quantizer.forward(batch(-50, 50)));
    quantizer.computeEncodings(() => quantizer.forward(batch(-1, 1)));
    expect(range(quantizer)).toEqual([-1, 1]);
  });
});

describe('calibrations that overlap', () => {
  it('each see what passes while they are open', () => {
    const quantizer = make();
    quantizer.computeEncodings(() => {
      quantizer.forward(batch(-1, 1));
      quantizer.computeEncodings(() => quantizer.forward(batch(-5, 5)));
      expect(range(quantizer)).toEqual([-5, 5]);
      quantizer.forward(batch(0, 2));
    });
    expect(range(quantizer)).toEqual([-5, 5]);
    const [outer, inner] = [quantizer.beginCalibration(), quantizer.beginCalibration()];
    quantizer.forward(batch(-1, 1));
    outer.commit();
    quantizer.forward(batch(-2, 2));
    inner.commit();
    inner.discard();
    expect([...range(quantizer), quantizer.isCalibrating()]).toEqual([-2, 2, false]);
  });

  it('behave as the innermost one says', () => {
    const quantizer = new Quantize({ shape: [], bitwidth: 8, symmetric: false });
    const observing = quantizer.beginCalibration({ passThrough: true });
    const x = batch(0.2, 1);
    expect(quantizer.forward(x)).toBe(x);
    const own = quantizer.beginCalibration();
    expect(quantizer.forward(x).toArray()).toEqual([51, 255]);
    own.discard();
    expect(quantizer.forward(x)).toBe(x);
    observing.discard();
  });
});

describe('calibration data', () => {
  const warningsOf = (run: () => void): QuantizationWarning[] => {
    const seen: QuantizationWarning[] = [];
    const stop = onWarning((warning) => seen.push(warning));
    run();
    stop();
    return seen;
  };

  it.each([
    [NaN, 'non-finite-values'],
    [Infinity, 'extreme-values'],
    [3.3e38, 'extreme-values'],
  ])('with %p raises the warning %s', (value, code) => {
    const quantizer = make();
    const warnings = warningsOf(() => quantizer.computeEncodings(() => quantizer.forward(batch(0, value))));
    expect(warnings.map((warning) => [warning.code, warning.source])).toEqual([[code, quantizer]]);
  });

  it('that a listener of warnings makes an error sets nothing', () => {
    const stop = onWarning(({ code }) => {
      throw new Error(code);
    });
    const quantizer = make();
    quantizer.setRange(-1, 1);
    expect(() => quantizer.computeEncodings(() => quantizer.forward(batch(NaN)))).toThrow('non-finite-values');
    stop();
    expect([...range(quantizer), quantizer.isCalibrating()]).toEqual([-1, 1, false]);
  });

  it('that is NaN gives a range of NaN, which setRange() would refuse', () => {
    const quantizer = make();
    warningsOf(() => quantizer.computeEncodings(() => quantizer.forward(batch(0, NaN))));
    expect([quantizer.isInitialized(), quantizer.max.item()]).toEqual([true, NaN]);
  });

  it('that a symmetric unsigned grid would clip raises a warning, other data does not', () => {
    const quantizer = new Quantize({ shape: [], qmin: 0, qmax: 255, symmetric: true });
    const warnings = warningsOf(() => quantizer.computeEncodings(() => quantizer.forward(batch(-1, 1))));
    expect(warnings.map(({ code }) => code)).toEqual(['clipped-negatives']);
    expect(warningsOf(() => quantizer.computeEncodings(() => quantizer.forward(batch(0, 2))))).toEqual([]);
    const fitting = new Quantize({ shape: [], bitwidth: 8, symmetric: true });
    expect(warningsOf(() => fitting.computeEncodings(() => fitting.forward(batch(-1, 1))))).toEqual([]);
  });

  it('that is refused leaves the calibration as it was', () => {
    const encodingAnalyzer = new PercentileEncodingAnalyzer([]);
    const quantizer = new QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false, encodingAnalyzer });
    quantizer.computeEncodings(() => {
      quantizer.forward(batch(0, 1));
      expect(() => quantizer.forward(batch(NaN, Infinity))).toThrow(/only infinities and NaN/);
    });
    expect(range(quantizer)).toEqual([0, 1]);
  });

  it('does not have to be kept: the range is that of the tensors as they passed', () => {
    const quantizer = make();
    const x = zeros([4]);
    quantizer.computeEncodings(() => {
      quantizer.forward(x.add(3));
      quantizer.forward(x.sub(1));
    });
    expect(range(quantizer)).toEqual([-1, 3]);
  });
});
