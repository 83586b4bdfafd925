import { Identity, Linear, Module, ModuleList, ReLU, Sequential } from '@q/nn';
import { ones, type Tensor } from '@q/tensor';
import { isQuantized, QuantizedLinear, QuantizedReLU, toQuantized } from '../../src/index.js';

class Rotary extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}

class MaskedAdd extends Module {
  forward(x: Tensor, mask: Tensor, y: Tensor): Tensor {
    return x.add(mask.mul(y));
  }
}

class Net extends Module {
  body = new Sequential(new Linear(2, 2), new ReLU());
  skip = new Identity();
  heads = [new Linear(2, 1), new Linear(2, 1)];
  none = new ModuleList();
  forward(x: Tensor): Tensor {
    return this.heads[0]!.forward(this.body.forward(this.skip.forward(x)));
  }
}

describe('toQuantized', () => {
  it('replaces the layers of a model in place, sharing parameters', () => {
    const net = new Net();
    const parameters = net.parameters();
    const x = ones([1, 2]);
    const before = net.forward(x).toArray();
    expect(toQuantized(net)).toBe(net);
    expect([...net.body].map((layer) => layer.constructor)).toEqual([QuantizedLinear, QuantizedReLU]);
    expect(net.heads.every(isQuantized)).toBe(true);
    expect(net.skip).toBeInstanceOf(Identity);
    expect(net.parameters()).toEqual(parameters);
    expect(net.forward(x).toArray()).toEqual(before);
  });

  it('gives a layer that is a model itself back as its quantized module, and leaves quantized ones as they are', () => {
    const quantized = toQuantized(new Linear(2, 2));
    expect(quantized).toBeInstanceOf(QuantizedLinear);
    expect(toQuantized(quantized)).toBe(quantized);
  });

  it('keeps a layer that stands at several places one layer', () => {
    const relu = new ReLU();
    const model = new Sequential(relu, new Linear(2, 2), relu);
    toQuantized(model);
    const [first, , last] = [...model];
    expect(first).toBe(last);
    expect(first).toBeInstanceOf(QuantizedReLU);
  });

  it('names every class without a quantized one, and then replaces nothing', () => {
    const model = new Sequential(new Linear(2, 2), new Rotary(), new Rotary());
    const wrapped = Object.assign(new Sequential(model), { extra: new MaskedAdd() });
    expect(() => toQuantized(wrapped)).toThrow(
      'no quantized definition for Rotary, MaskedAdd (2 classes). Define them, for instance:\n' +
        '  @QuantizationMixin.implements(Rotary)\n' +
        '  class QuantizedRotary extends QuantizationMixin(Rotary) {}\n' +
        '  @QuantizationMixin.implements(MaskedAdd)\n' +
        '  class QuantizedMaskedAdd extends QuantizationMixin(MaskedAdd, { inputs: 3 }) {}',
    );
    expect([...model][0]!.constructor).toBe(Linear);
  });
});
