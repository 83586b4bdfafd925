import { Linear, Module, ReLU, Sequential } from '@q/nn';
import { noGrad, randn, tensor, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  computeParamEncodings,
  QuantizationMixin,
  QuantizedLinear,
  type QuantizedReLU,
  toQuantized,
} from '../src/index.js';

const eightBit = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });

const network = () => {
  const model = toQuantized(new Sequential(new Linear(4, 5), new ReLU(), new Linear(5, 2)));
  const [first, relu, last] = [...model] as [QuantizedLinear, QuantizedReLU, QuantizedLinear];
  first.inputQuantizers[0] = eightBit();
  for (const layer of [first, relu, last]) layer.outputQuantizers[0] = eightBit();
  for (const layer of [first, last])
    layer.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });
  return { model, first, relu, last };
};

const quantizersOf = (model: Module) => model.modules().filter((module) => module instanceof affine.QuantizeDequantize);
const ranges = (model: Module) => quantizersOf(model).map(({ min, max }) => [min.toArray(), max.toArray()]);

describe('computeEncodings', () => {
  it('calibrates all quantizers of a model from all batches', () => {
    const { model, relu, first } = network();
    const batches = [randn([8, 4]), randn([8, 4]).mul(3)];
    const seen = batches.map((x) => x.max().item());
    computeEncodings(model, () => {
      for (const x of batches) model.forward(x);
    });
    expect(quantizersOf(model).every((quantizer) => quantizer.isInitialized())).toBe(true);
    expect((first.inputQuantizers[0] as affine.QuantizeDequantize).max.item()).toBe(Math.max(...seen));
    expect((relu.outputQuantizers[0] as affine.QuantizeDequantize).min.item()).toBe(0);
  });

  it('passes activations on as they are while observing, with parameters quantized', () => {
    const { model, first, last } = network();
    const x = randn([3, 4]);
    const inside = computeEncodings(model, () => model.forward(x));
    const weights = [first, last].map((layer) => layer.paramQuantizers.weight!.forward(layer.weight));
    const expected = x.matmul(weights[0]!.T).add(first.bias!).relu().matmul(weights[1]!.T).add(last.bias!);
    const [got, wanted] = [inside.data, expected.data];
    wanted.forEach((value, i) => expect(got[i]).toBeCloseTo(Number(value), 5));
  });

  it('gives what the function gives, or its promise, and takes a scope', async () => {
    const { model } = network();
    const x = randn([3, 4]);
    expect(
      await computeEncodings(model, async () => {
        await Promise.resolve();
        model.forward(x);
        return 'done';
      }),
    ).toBe('done');
    const again = network().model;
    {
      using _ = computeEncodings(again);
      again.forward(x);
    }
    expect(quantizersOf(again).every((quantizer) => quantizer.isInitialized())).toBe(true);
  });

  it('changes no quantizer where the function throws or rejects', async () => {
    const { model, first } = network();
    const x = randn([3, 4]);
    computeEncodings(model, () => model.forward(x));
    const before = ranges(model);
    const weight = first.weight.detach().clone();
    noGrad(() => first.weight.mul_(3));
    const failing = () => {
      model.forward(x.mul(100));
      throw new Error('out of data');
    };
    expect(() => computeEncodings(model, failing)).toThrow('out of data');
    await expect(computeEncodings(model, async () => failing())).rejects.toThrow('out of data');
    expect(ranges(model)).toEqual(before);
    noGrad(() => first.weight.copy_(weight));
    expect(model.forward(x).toArray()).toEqual(model.forward(x).toArray());
  });

  it('leaves quantizers without an encoding as they were where the function throws', () => {
    const { model, first } = network();
    expect(() => computeEncodings(model, () => model.forward(randn([3, 5])))).toThrow('linear: the last dim');
    expect(quantizersOf(model).some((quantizer) => quantizer.isInitialized())).toBe(false);
    expect(first.paramQuantizers.weight!.isCalibrating()).toBe(false);
  });

  it('observes a shared quantizer at all its places, and commits it once', () => {
    const shared = eightBit();
    const model = new Sequential(QuantizationMixin.fromModule(new ReLU()), QuantizationMixin.fromModule(new ReLU()));
    const [a, b] = [...model] as [QuantizedReLU, QuantizedReLU];
    a.inputQuantizers[0] = shared;
    b.outputQuantizers[0] = shared;
    computeEncodings(model, () => model.forward(tensor([-4, 2])));
    expect([shared.min.item(), shared.max.item()]).toEqual([-4, 2]);
  });

  it('nests: each calibration has statistics of its own', () => {
    const { model, first } = network();
    const quantizer = first.inputQuantizers[0] as affine.QuantizeDequantize;
    const one = tensor([[1, 1, 1, 1]]);
    computeEncodings(model, () => {
      model.forward(one);
      first.computeEncodings(() => first.forward(one.mul(5)));
      expect(quantizer.max.item()).toBe(5);
      model.forward(one.mul(2));
    });
    expect(quantizer.max.item()).toBe(5);
  });

  it('calibrates quantizers that stand in a model by themselves, and a bare quantizer', () => {
    class Net extends Module {
      input = eightBit();
      forward(x: Tensor): Tensor {
        return this.input.forward(x);
      }
    }
    const net = new Net();
    computeEncodings(net, () => net.forward(tensor([-1, 3])));
    expect(net.input.max.item()).toBe(3);
    computeEncodings(net.input, () => net.input.forward(tensor([-1, 7])));
    expect(net.input.max.item()).toBe(7);
  });

  it('leaves quantizers alone that saw nothing, or must not be overwritten', () => {
    const { model, first, last } = network();
    first.inputQuantizers[0]!.allowOverwrite(false);
    (first.inputQuantizers[0] as affine.QuantizeDequantize).setRange(-9, 9);
    computeEncodings(model, () => first.forward(randn([2, 4])));
    expect((first.inputQuantizers[0] as affine.QuantizeDequantize).max.item()).toBe(9);
    expect(last.outputQuantizers[0]!.isInitialized()).toBe(false);
  });

  it('tells errors where in the model a module stands', () => {
    const { model } = network();
    expect(() => model.forward(randn([1, 4]))).toThrow("QuantizedLinear '0': input quantizer 0 has no encoding yet");
  });
});

describe('the state dict of a calibrated model', () => {
  it('holds its ranges: another one that loads it computes the same', () => {
    const [from, to] = [network().model, network().model];
    const x = randn([3, 4]);
    computeEncodings(from, () => from.forward(x));
    to.loadStateDict(from.stateDict());
    expect(to.forward(x).toArray()).toEqual(from.forward(x).toArray());
  });

  it('is copied with the model, which then calibrates on its own', () => {
    const { model, first } = network();
    const x = randn([3, 4]);
    computeEncodings(model, () => model.forward(x));
    const copy = model.clone();
    expect(copy.forward(x).toArray()).toEqual(model.forward(x).toArray());
    const before = first.exportInputEncodings();
    computeEncodings(copy, () => copy.forward(x.mul(9)));
    expect(first.exportInputEncodings()).toEqual(before);
  });
});

describe('computeParamEncodings', () => {
  it('observes all parameters of a shared quantizer', () => {
    const { model, first, last } = network();
    const shared = (first.paramQuantizers.weight = last.paramQuantizers.weight = eightBit());
    noGrad(() => {
      first.weight.copy_(first.weight.zerosLike().add(-3));
      last.weight.copy_(last.weight.zerosLike().add(2));
    });
    computeParamEncodings(model);
    expect([shared.min.item(), shared.max.item()]).toEqual([-3, 2]);
  });

  it('refuses a quantizer under a name that is no parameter’s', () => {
    const linear = new QuantizedLinear(2, 2);
    linear.paramQuantizers[0] = eightBit();
    const message = "paramQuantizers has '0', which is no parameter of it. Its parameters are weight, bias.";
    expect(() => linear.computeParamEncodings()).toThrow(message);
    expect(() => linear.forward(randn([1, 2]))).toThrow(message);
  });

  it('follows the parameters when told so, and only then', () => {
    const { model, first } = network();
    const quantizer = first.paramQuantizers.weight as affine.QuantizeDequantize;
    computeParamEncodings(model);
    const before = quantizer.max.item();
    noGrad(() => first.weight.copy_(first.weight.mul(2)));
    first.exportParamEncodings();
    expect(quantizer.max.item()).toBe(before);
    first.computeParamEncodings();
    expect(quantizer.max.item()).toBe(2 * before);
  });
});
