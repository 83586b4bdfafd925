import { Add, Concat, EmbeddingBag, Linear, Module, Sequential, Split } from '@q/nn';
import { ones, randn, ShapeError, tensor, zeros, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  DequantizedTensor,
  MinMaxEncodingAnalyzer,
  PercentileEncodingAnalyzer,
  QuantizationError,
  QuantizationMixin,
  QuantizedAdd,
  QuantizedLinear,
  QuantizedMultiply,
  QuantizedTensor,
} from '../../src/index.js';

const eightBit = (shape: number[] = []) => new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: false });

const ranged = (min: number, max: number) => {
  const quantizer = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false });
  quantizer.setRange(min, max);
  return quantizer;
};

const snapped = (quantizer: affine.Quantize, x: Tensor) => (quantizer.forward(x) as QuantizedTensor).dequantize();

describe('forward', () => {
  it('names a place that the module does not have, or where a quantizer does not fit', () => {
    const linear = new QuantizedLinear(2, 2);
    linear.inputQuantizers[1] = eightBit();
    expect(() => linear.forward(ones([1, 2]))).toThrow(
      'QuantizedLinear: has 1 place for input quantizers, and one set at 1.',
    );
    linear.inputQuantizers = [null];
    linear.outputQuantizers[2] = eightBit();
    expect(() => linear.forward(ones([1, 2]))).toThrow(/1 place for output quantizers, and one set at 2/);
    linear.outputQuantizers = [null];
    linear.paramQuantizers.weight = eightBit([3, 1]);
    expect(() => linear.computeEncodings(() => linear.forward(ones([1, 2])))).toThrow(
      /^QuantizedLinear: quantizer of parameter 'weight': .*\[3, 1\]/,
    );
  });

  it('names the place of a quantizer that cannot observe what passes, and the analyzer by its public name', () => {
    const model = new Sequential(new QuantizedLinear(8, 2));
    const [linear] = [...model] as [QuantizedLinear];
    const observing = (x: Tensor) => () => computeEncodings(model, () => model.forward(x));
    linear.inputQuantizers[0] = eightBit();
    expect(observing(zeros([0, 8]))).toThrow(QuantizationError);
    expect(observing(zeros([0, 8]))).toThrow(
      "QuantizedLinear '0': input quantizer 0: MinMaxEncodingAnalyzer: a tensor of shape [0, 8] has no elements to observe.",
    );
    const encodingAnalyzer = new PercentileEncodingAnalyzer([]);
    const options = { shape: [], bitwidth: 8, symmetric: false, encodingAnalyzer };
    linear.inputQuantizers[0] = new affine.QuantizeDequantize(options);
    expect(observing(zeros([1, 8]).add(NaN))).toThrow(
      /^QuantizedLinear '0': input quantizer 0: PercentileEncodingAnalyzer: an encoding entry saw only infinities and NaN/,
    );
    expect(linear.inputQuantizers[0].isInitialized()).toBe(false);
  });

  it('lets errors of an analyzer of somebody else pass as they are', () => {
    class Own extends QuantizationError {}
    class OwnAnalyzer extends MinMaxEncodingAnalyzer {
      override updateStats(): never {
        throw new Own('mine');
      }
    }
    const linear = new QuantizedLinear(2, 2);
    const options = { shape: [], bitwidth: 8, symmetric: false, encodingAnalyzer: new OwnAnalyzer([]) };
    linear.inputQuantizers[0] = new affine.QuantizeDequantize(options);
    expect(() => linear.computeEncodings(() => linear.forward(ones([1, 2])))).toThrow(new Own('mine'));
  });

  it('names lists of quantizers that are none', () => {
    const linear = new QuantizedLinear(2, 2);
    linear.inputQuantizers = null as never;
    const message = 'QuantizedLinear: inputQuantizers must be an array of quantizers and null, got null.';
    expect(() => linear.forward(ones([1, 2]))).toThrow(message);
    expect(() => linear.computeEncodings(() => linear.forward(ones([1, 2])))).toThrow(message);
    expect(() => computeEncodings(new Sequential(linear), () => undefined)).toThrow(
      /QuantizedLinear '0': inputQuantizers must be an array/,
    );
    linear.inputQuantizers = [null];
    linear.paramQuantizers = 3 as never;
    expect(() => linear.computeParamEncodings()).toThrow(
      /paramQuantizers must be a record of quantizers and null, got 3/,
    );
  });

  it('names the module, the place and the way out where an encoding is missing', () => {
    const quantized = new QuantizedLinear(2, 2);
    quantized.outputQuantizers[0] = eightBit();
    expect(() => quantized.forward(ones([1, 2]))).toThrow(
      'QuantizedLinear: output quantizer 0 has no encoding yet. Run it inside computeEncodings(), or set its range with setRange().',
    );
  });

  it('restores the parameters where the module throws', () => {
    const quantized = new QuantizedLinear(2, 2);
    const { weight } = quantized;
    quantized.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: 4, symmetric: true });
    expect(() => quantized.forward(ones([1, 3]))).toThrow(ShapeError);
    expect(quantized.weight).toBe(weight);
  });

  it('neither quantizes nor observes numbers and integer tensors', () => {
    const quantized = new QuantizedMultiply();
    quantized.inputQuantizers = [eightBit(), eightBit()];
    quantized.computeEncodings(() => quantized.forward(tensor([-1, 1]), tensor([100, 200], { dtype: 'int32' })));
    expect(quantized.inputQuantizers.map((quantizer) => quantizer!.isInitialized())).toEqual([true, false]);
  });

  it('dequantizes inputs that are quantized, and its result', () => {
    const quantize = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false });
    quantize.setRange(-1, 1);
    const x = tensor([-1, 0.5, 0.25]);
    const add = new QuantizedAdd();
    const onGrid = quantize.forward(x);
    expect(add.forward(onGrid, 0).toArray()).toEqual((onGrid as DequantizedTensor).dequantize().toArray());
    add.outputQuantizers[0] = quantize;
    expect(add.forward(x, 0).constructor.name).toBe('DequantizedTensor');
  });

  it('carries gradients to parameters and ranges', () => {
    const quantized = QuantizationMixin.fromModule(new Linear(3, 2));
    const weight = (quantized.paramQuantizers.weight = new affine.QuantizeDequantize({
      shape: [2, 1],
      bitwidth: 4,
      symmetric: true,
    }));
    quantized
      .forward(randn([4, 3]))
      .sum()
      .backward();
    expect(quantized.weight.grad).not.toBeNull();
    expect(weight.max.grad).not.toBeNull();
  });

  it('counts nested tensors as inputs and outputs of their own, in their order', () => {
    class Pair extends Module {
      forward(x: Tensor, [a, b]: readonly [Tensor, Tensor]) {
        return { sum: x.add(a), rest: [b] };
      }
    }
    class QuantizedPair extends QuantizationMixin(Pair, { inputs: 3, outputs: 2 }) {}
    const pair = new QuantizedPair();
    const [b, rest] = [ranged(0, 1), ranged(-1, 0)];
    pair.inputQuantizers[2] = b;
    const x = tensor([0.123, -0.321]);
    expect(pair.forward(x, [x, x]).rest[0]!.toArray()).toEqual(snapped(b, x).toArray());
    pair.outputQuantizers[1] = rest;
    const result = pair.forward(x, [x, x]);
    expect(result.sum.toArray()).toEqual(x.add(x).toArray());
    expect(result.rest[0]).toBeInstanceOf(DequantizedTensor);
  });

  it('passes options through unquantized', () => {
    class Scaled extends Module {
      forward(x: Tensor, { by }: { by: Tensor }) {
        return x.mul(by);
      }
    }
    class QuantizedScaled extends QuantizationMixin(Scaled, { inputs: 2 }) {}
    const scaled = new QuantizedScaled();
    scaled.inputQuantizers = [null, ranged(0, 1)];
    expect(scaled.forward(ones([1]), { by: tensor([0.123]) }).toArray()).toEqual(tensor([0.123]).toArray());
  });

  it('quantizes the weights of an embedding bag’s samples, which enter as an option', () => {
    const bag = QuantizationMixin.fromModule(new EmbeddingBag(4, 3, { mode: 'sum' }));
    const index = tensor([[0, 1]], { dtype: 'int32' });
    const perSampleWeights = tensor([[0.123, 0.321]]);
    const quantizer = (bag.inputQuantizers[0] = ranged(0, 1));
    const expected = bag.getOriginalModule() as EmbeddingBag;
    expect(bag.forward(index, { perSampleWeights }).toArray()).toEqual(
      expected.forward(index, { perSampleWeights: snapped(quantizer, perSampleWeights) }).toArray(),
    );
  });

  it('has one input quantizer for all tensors of a concatenation, one output quantizer for all pieces of a split', () => {
    const concat = QuantizationMixin.fromModule(new Concat(0));
    const shared = (concat.inputQuantizers[0] = eightBit());
    concat.computeEncodings(() => concat.forward(tensor([0]), tensor([-2]), tensor([3])));
    expect([shared.min.item(), shared.max.item()]).toEqual([-2, 3]);
    expect(concat.exportInputEncodings()).toHaveLength(3);
    concat.importInputEncodings(Object.fromEntries(concat.exportInputEncodings().map((encoding, i) => [i, encoding!])));
    const split = QuantizationMixin.fromModule(new Split());
    split.outputQuantizers[0] = ranged(0, 1);
    for (const piece of split.forward(tensor([0.123, 0.321]), 1)) expect(piece).toBeInstanceOf(DequantizedTensor);
  });

  it('lends quantized parameters to the call only, and computes with the ones the quantizer gives', () => {
    const seen: Tensor[] = [];
    class Spy extends Linear {
      override forward(x: Tensor): Tensor {
        seen.push(this.weight);
        return super.forward(x);
      }
    }
    class QuantizedSpy extends QuantizationMixin(Spy) {}
    const spy = new QuantizedSpy(2, 2);
    const { weight } = spy;
    const quantizer = (spy.paramQuantizers.weight = new affine.Quantize({
      shape: [2, 1],
      bitwidth: 4,
      symmetric: true,
    }));
    spy.forward(ones([1, 2]));
    expect(seen[0]!.toArray()).toEqual(snapped(quantizer, weight).toArray());
    expect(spy.weight).toBe(weight);
  });

  it('says which parameter quantizer has no encoding where it may not be calibrated', () => {
    const linear = new QuantizedLinear(2, 2);
    const quantizer = (linear.paramQuantizers.weight = eightBit());
    quantizer.allowOverwrite(false);
    expect(() => linear.forward(ones([1, 2]))).toThrow("quantizer of parameter 'weight' has no encoding yet");
  });
});

describe('kernels', () => {
  it('rest inside computeEncodings, and an instance’s goes before its class’s', () => {
    class Own extends QuantizationMixin(Add, { inputs: 2 }) {}
    const module = new Own();
    module.inputQuantizers = [eightBit(), eightBit()];
    const output = (module.outputQuantizers[0] = new affine.Quantize({ shape: [], bitwidth: 8, symmetric: false }));
    const calls: string[] = [];
    Own.setDefaultKernel((_inputs, _params, { outputEncoding }) => {
      calls.push('default');
      return new QuantizedTensor(outputEncoding.quantize(ones([2])), outputEncoding);
    });
    const x = tensor([-1, 1]);
    module.computeEncodings(() => module.forward(x, x));
    expect(calls).toEqual([]);
    module.forward(x, x);
    module.setKernel((inputs, _params, { outputEncoding }) => {
      calls.push(inputs.map((input) => input.constructor.name).join());
      return new QuantizedTensor(outputEncoding.quantize(ones([2])), outputEncoding);
    });
    module.forward(x, x);
    expect(calls).toEqual(['default', 'QuantizedTensor,QuantizedTensor']);
    module.setKernel(null);
    expect(module.getKernel()).toBe(Own.getDefaultKernel());
    class Sub extends Own {}
    expect(Sub.getDefaultKernel()).toBeNull();
    module.outputQuantizers[0] = null;
    expect(() => module.forward(x, x)).toThrow('its kernel needs the affine encoding of output quantizer 0');
    expect(output.isInitialized()).toBe(true);
  });

  it('must return a quantized tensor', () => {
    const module = QuantizationMixin.fromModule(new Add());
    module.outputQuantizers[0] = ranged(0, 1);
    module.setKernel(() => ones([1]) as never);
    expect(() => module.forward(ones([1]), 1)).toThrow('a kernel must return a QuantizedTensor');
    expect(() => module.setKernel(3 as never)).toThrow(QuantizationError);
  });

  it('get parameters by name and numbers as tensors', () => {
    const module = new QuantizedLinear(2, 2);
    module.outputQuantizers[0] = ranged(0, 1);
    module.paramQuantizers.weight = ranged(-1, 1);
    module.setKernel(([x, ...rest], { weight, bias }, { outputEncoding, args }) => {
      expect(weight).toBeInstanceOf(QuantizedTensor);
      expect(bias).toBe(module.bias);
      expect([rest.length, args.length]).toEqual([0, 1]);
      return new QuantizedTensor(outputEncoding.quantize(x!), outputEncoding);
    });
    expect(module.forward(ones([1])).toArray()).toEqual([1]);
  });
});
