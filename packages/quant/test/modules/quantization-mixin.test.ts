import { Linear, Module, Parameter, Sequential } from '@q/nn';
import { ones, randn, tensor, type Tensor } from '@q/tensor';
import {
  affine,
  FakeQuantizationMixin,
  QuantizationError,
  QuantizationMixin,
  QuantizedAdd,
  QuantizedLinear,
  QuantizedMultiply,
} from '../../src/index.js';

const eightBit = (shape: number[] = []) => new affine.QuantizeDequantize({ shape, bitwidth: 8, symmetric: false });

describe('the documented examples', () => {
  it('quantize only the weight, per channel', () => {
    const qlinear = new QuantizedLinear(5, 10);
    const perChannel = new affine.QuantizeDequantize({ shape: [10, 1], bitwidth: 8, symmetric: true });
    qlinear.paramQuantizers.weight = perChannel;
    expect(qlinear.forward(ones([2, 5])).shape).toEqual([2, 10]);
    expect(perChannel.isInitialized()).toBe(true);
    expect(qlinear.inputQuantizers).toEqual([null]);
  });

  it('quantize the output and the second input of a multiplication', () => {
    const qmul = new QuantizedMultiply();
    qmul.outputQuantizers[0] = eightBit([1]);
    qmul.inputQuantizers[1] = eightBit([1]);
    const [a, b] = [randn([3, 4]), randn([3, 4])];
    qmul.computeEncodings(() => qmul.forward(a, b));
    const quantizedB = qmul.inputQuantizers[1].forward(b);
    expect(qmul.forward(a, b).toArray()).toEqual(qmul.outputQuantizers[0].forward(a.mul(quantizedB)).toArray());
  });

  it('share one quantizer between the inputs of an addition', () => {
    const qadd = new QuantizedAdd();
    const quantizer = eightBit([1]);
    qadd.inputQuantizers[0] = quantizer;
    qadd.inputQuantizers[1] = quantizer;
    qadd.computeEncodings(() => qadd.forward(tensor([-1, 0]), tensor([0, 3])));
    expect(quantizer.min.toArray()).toEqual([-1]);
    expect(quantizer.max.toArray()).toEqual([3]);
    expect(qadd.parameters()).toHaveLength(2);
  });

  it('calibrate with a callback, an async callback or a scope', async () => {
    const calibrationData = [randn([4, 5]), randn([4, 5])];
    const made = () => {
      const qlinear = new QuantizedLinear(5, 10);
      qlinear.outputQuantizers[0] = eightBit([1]);
      qlinear.paramQuantizers.weight = new affine.QuantizeDequantize({ shape: [10, 1], bitwidth: 8, symmetric: true });
      return qlinear;
    };
    const sync = made();
    sync.computeEncodings(() => {
      for (const x of calibrationData) sync.forward(x);
    });
    const asynchronous = made();
    await asynchronous.computeEncodings(async () => {
      for (const x of calibrationData) {
        await Promise.resolve();
        asynchronous.forward(x);
      }
    });
    const scoped = made();
    {
      using _ = scoped.computeEncodings();
      for (const x of calibrationData) scoped.forward(x);
      expect(scoped.outputQuantizers[0]!.isInitialized()).toBe(false);
    }
    for (const qlinear of [sync, asynchronous, scoped]) {
      expect(qlinear.outputQuantizers[0]!.isInitialized()).toBe(true);
      expect(qlinear.paramQuantizers.weight!.isInitialized()).toBe(true);
    }
  });
});

class MaskedAdd extends Module {
  forward(x: Tensor, mask: Tensor, value: Tensor): Tensor {
    return x.add(mask.mul(value));
  }
}

@QuantizationMixin.implements(MaskedAdd)
class QuantizedMaskedAdd extends QuantizationMixin(MaskedAdd) {
  override quantInit(): void {
    super.quantInit();
    this.inputQuantizers = [null, null, null];
  }
}

describe('a class of one’s own', () => {
  it('is found by fromModule, and is an instance of both its class and the mixins', () => {
    const quantized = QuantizationMixin.fromModule(new MaskedAdd());
    expect(quantized).toBeInstanceOf(QuantizedMaskedAdd);
    expect(quantized.inputQuantizers).toEqual([null, null, null]);
    for (const type of [MaskedAdd, QuantizationMixin, FakeQuantizationMixin])
      expect(quantized instanceof type).toBe(true);
  });

  it('is told from other modules by instanceof, for the type checker too', () => {
    const modules: Module[] = [new MaskedAdd(), new QuantizedMaskedAdd()];
    const kernels = modules.map((module) => (module instanceof QuantizationMixin ? module.getKernel() : 'none'));
    expect(kernels).toEqual(['none', null]);
    expect([null, 3, {}].some((value) => (value as unknown) instanceof QuantizationMixin)).toBe(false);
  });

  it('gives its number of inputs as an option too', () => {
    class Short extends QuantizationMixin(MaskedAdd, { inputs: 3, outputs: 1 }) {}
    expect(new Short().inputQuantizers).toEqual([null, null, null]);
  });

  it('is not taken for a subclass of the class it quantizes', () => {
    class Doubled extends MaskedAdd {}
    expect(() => QuantizationMixin.fromModule(new Doubled())).toThrow(
      '@QuantizationMixin.implements(Doubled)\n  class QuantizedDoubled extends QuantizationMixin(Doubled, { inputs: 3 }) {}',
    );
  });

  it('must extend the mixin of the class it is registered for', () => {
    expect(() => QuantizationMixin.implements(Linear)(QuantizedMaskedAdd)).toThrow(QuantizationError);
    expect(() => QuantizationMixin(QuantizedMaskedAdd)).toThrow('quantized already');
  });

  it('has no kernels where it comes from FakeQuantizationMixin', () => {
    class Fake extends FakeQuantizationMixin(MaskedAdd, { inputs: 3 }) {}
    expect(new Fake() instanceof QuantizationMixin).toBe(false);
    expect(new Fake() instanceof FakeQuantizationMixin).toBe(true);
    expect('setKernel' in new Fake()).toBe(false);
  });
});

describe('FakeQuantizationMixin.fromModule', () => {
  class Halved extends Module {
    forward(x: Tensor): Tensor {
      return x.div(2);
    }
  }

  it('takes the class registered with it before the one that has kernels', () => {
    class QuantizedHalved extends QuantizationMixin(Halved) {}
    QuantizationMixin.implements(Halved)(QuantizedHalved);
    expect(FakeQuantizationMixin.fromModule(new Halved())).toBeInstanceOf(QuantizedHalved);
    class FakeQuantizedHalved extends FakeQuantizationMixin(Halved) {}
    FakeQuantizationMixin.implements(Halved)(FakeQuantizedHalved);
    expect(FakeQuantizationMixin.fromModule(new Halved())).toBeInstanceOf(FakeQuantizedHalved);
    expect(QuantizationMixin.fromModule(new Halved())).toBeInstanceOf(QuantizedHalved);
  });
});

describe('fromModule', () => {
  it('shares parameters and own properties, and computes the same', () => {
    const linear = Object.assign(new Linear(4, 3), { note: { by: 'me' } }).eval();
    const quantized = QuantizationMixin.fromModule(linear);
    expect(quantized).toBeInstanceOf(QuantizedLinear);
    expect(quantized.weight).toBe(linear.weight);
    expect(quantized.note).toBe(linear.note);
    expect(quantized.training).toBe(false);
    const x = randn([2, 4]);
    expect(quantized.forward(x).toArray()).toEqual(linear.forward(x).toArray());
    quantized.weight = new Parameter(randn([3, 4]));
    expect(linear.weight).not.toBe(quantized.weight);
  });

  it('has no quantized class for containers', () => {
    expect(() => QuantizationMixin.fromModule(new Sequential())).toThrow('no quantized definition for Sequential');
  });

  it('refuses what is quantized already', () => {
    expect(() => QuantizationMixin.fromModule(new QuantizedLinear(2, 2))).toThrow('QuantizedLinear');
  });
});

describe('getOriginalModule', () => {
  it('is the module without quantizers, and leaves the quantized one as it is', () => {
    const quantized = Object.assign(new QuantizedLinear(4, 3), { note: 'kept' });
    quantized.outputQuantizers[0] = eightBit();
    const original = quantized.getOriginalModule();
    expect(original.constructor).toBe(Linear);
    expect(Object.keys(original.stateDict()).sort()).toEqual(['bias', 'weight']);
    expect(original).toMatchObject({ note: 'kept', weight: quantized.weight });
    expect(Object.keys(quantized.stateDict()).sort()).toEqual([
      'bias',
      'output_quantizers.0._extra_state',
      'output_quantizers.0.max',
      'output_quantizers.0.min',
      'weight',
    ]);
  });
});
