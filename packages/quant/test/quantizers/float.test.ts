import { tensor } from '@q/tensor';
import { MinMaxEncodingAnalyzer } from '../../src/analyzers/min-max.js';
import { FloatQuantizeDequantize } from '../../src/quantizers/float.js';
import type { QuantizerBase } from '../../src/quantizers/quantizer.js';
import { EncodedTensor } from '../../src/tensor.js';

describe('FloatQuantizeDequantize', () => {
  it('needs no calibration', () => {
    const quantizer = new FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 });
    expect([quantizer.isInitialized(), quantizer.bitwidth, String(quantizer)]).toEqual([
      true,
      8,
      'FloatQuantizeDequantize(exponent_bits=4, mantissa_bits=3)',
    ]);
    expect(quantizer.forward(tensor([1.07, 1000])).toArray()).toEqual([1.125, 240]);
    quantizer.computeEncodings(() => quantizer.forward(tensor([1])));
    expect(quantizer.maxval).toBeNull();
  });

  it('is a cast where the format is float16 or bfloat16, and gives plain tensors', () => {
    const half = new FloatQuantizeDequantize({ dtype: 'float16' });
    expect([half.isFloat16(), half.isBfloat16(), half.forward(tensor(1e6)).item()]).toEqual([true, false, Infinity]);
    const brain = new FloatQuantizeDequantize({ exponentBits: 8, mantissaBits: 7 }).forward(tensor([1.001]));
    expect(brain.toArray()).toEqual([1]);
    expect(brain).not.toBeInstanceOf(EncodedTensor);
  });

  it('stretches the format to what it observes', () => {
    const quantizer = new FloatQuantizeDequantize({
      exponentBits: 4,
      mantissaBits: 3,
      encodingAnalyzer: new MinMaxEncodingAnalyzer([2, 1]),
    });
    expect(quantizer.maxval?.toArray()).toEqual([[240], [240]]);
    quantizer.computeEncodings(() =>
      quantizer.forward(
        tensor([
          [1, -3],
          [10, 5],
        ]),
      ),
    );
    expect(quantizer.maxval?.toArray()).toEqual([[3], [10]]);
    expect(Object.keys(quantizer.stateDict())).toEqual(['maxval']);
    expect(quantizer.clone().maxval?.toArray()).toEqual([[3], [10]]);
  });

  it('takes legacy encodings of 16 bits', () => {
    const quantizer = new FloatQuantizeDequantize({ dtype: 'bfloat16' });
    quantizer.setLegacyEncodings([{ bitwidth: 16, dtype: 'float' }]);
    expect([quantizer.isFloat16(), quantizer.getLegacyEncodings()]).toEqual([true, [{ bitwidth: 16, dtype: 'float' }]]);
    expect(() => quantizer.setLegacyEncodings([{ bitwidth: 8, dtype: 'float' }])).toThrow(/16 bits only/);
    const float16 = { bitwidth: 16, dtype: 'float' };
    expect(() => quantizer.setLegacyEncodings([float16, { bitwidth: 16, dtype: 'int' }])).toThrow(/16 bits only/);
    expect(() => quantizer.setLegacyEncodings([])).toThrow(/wants an encoding, got none/);
    expect(() => quantizer.setLegacyEncodings([float16], { exakt: true } as never)).toThrow(/no option 'exakt'/);
  });

  it('has the ends that every quantizer has, and no steps of one size', () => {
    const half: QuantizerBase = new FloatQuantizeDequantize({ dtype: 'float16' });
    expect([half.bitwidth, half.getMin()?.item(), half.getMax()?.item()]).toEqual([16, -65504, 65504]);
    expect([half.getScale(), half.getOffset()]).toEqual([null, null]);
    const encodingAnalyzer = new MinMaxEncodingAnalyzer([2]);
    const stretched = new FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3, encodingAnalyzer });
    stretched.computeEncodings(() => stretched.forward(tensor([[1, -3]])));
    expect([stretched.getMin()!.toArray(), stretched.getMax()!.toArray()]).toEqual([
      [-1, -3],
      [1, 3],
    ]);
  });

  it.each([
    [{}, /needs exponentBits and mantissaBits, or dtype/],
    [{ exponentBits: 5 }, /needs exponentBits and mantissaBits/],
    [{ dtype: 'float32' }, /'float16' or 'bfloat16', got "float32"/],
    [{ dtype: 'float16', exponentBits: 5 }, /exclude each other/],
    [{ exponentBits: 5, mantissaBits: 2, encodingAnalyzer: {} }, /must be an EncodingAnalyzer/],
  ])('refuses %j', (options, message) => expect(() => new FloatQuantizeDequantize(options as never)).toThrow(message));
});
