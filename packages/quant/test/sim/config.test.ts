import * as nn from '@q/nn';
import { noGrad, type Tensor } from '@q/tensor';
import { defaultConfig, isQuantized, QuantizationSimModel, type affine, type QuantSimConfig } from '../../src/index.js';
import { bits, layer, Net, simulated, x } from './net.js';

describe('a configuration', () => {
  const config: QuantSimConfig = {
    defaults: {
      ops: { is_output_quantized: 'False', is_input_quantized: 'True' },
      params: { is_quantized: 'False' },
      strict_symmetric: 'True',
      unsigned_symmetric: 'True',
    },
    params: { bias: { is_quantized: 'True', is_symmetric: 'True' } },
    op_type: {
      Conv: {
        is_output_quantized: 'True',
        per_channel_quantization: 'True',
        params: { weight: { is_quantized: 'True', is_symmetric: 'True' } },
      },
      Linear: { encoding_constraints: { min: -2, max: 2 }, is_symmetric: 'True' },
    },
    supergroups: [{ op_list: ['Conv', 'Add'] }],
    model_input: { is_input_quantized: 'False' },
    model_output: { is_output_quantized: 'True' },
  };

  it('as of AIMET says where quantizers stand, and of which kind', () => {
    const { sim } = simulated({ config });
    const at = (name: string) => layer(sim.model, name);
    expect(bits([...at('conv1').outputQuantizers, ...at('conv2').outputQuantizers])).toEqual([8, null]);
    expect((at('conv1').paramQuantizers.weight as affine.QuantizeDequantize).qmin).toBe(-127);
    expect(bits([at('fc').paramQuantizers.weight, at('fc').paramQuantizers.bias])).toEqual([null, 8]);
    // Inputs that no quantized layer made: bn reads conv1, relu1 reads bn, which is not quantized.
    expect(bits([...at('conv1').inputQuantizers, ...at('bn').inputQuantizers, ...at('relu1').inputQuantizers])).toEqual(
      [null, null, 8],
    );
    const result = at('fc').outputQuantizers[0] as affine.QuantizeDequantize;
    expect([result.max.item(), result.symmetric, result.overwritable]).toEqual([2, true, false]);
    noGrad(() => sim.computeEncodings((net) => net.forward(x.mul(100))));
    expect(result.max.item()).toBe(2);
  });

  it.each([
    [{}, null],
    [{ default: {} }, /has 'default', which is none of defaults/],
    [
      { defaults: { ops: { is_output_quantized: 'yes' } } },
      /config.defaults.ops.is_output_quantized wants true, false/,
    ],
    [{ defaults: {}, params: { bias: 3 } }, /config.params.bias wants an object/],
    [
      { defaults: {}, op_type: { Conv: { encoding_constraints: { min: 0 } } } },
      /encoding_constraints.max wants a finite/,
    ],
    [
      { defaults: {}, op_type: { Conv: { encoding_constraints: { min: 1, max: -1 } } } },
      /encoding_constraints.max wants a number that is not below min=1, got -1/,
    ],
    [
      { defaults: {}, op_type: { Conv: { encoding_constraints: { min: 0, max: 1e39 } } } },
      /encoding_constraints.max wants a finite number/,
    ],
    [{ defaults: {}, supergroups: [['Conv', 'Relu']] }, /supergroups wants a list of/],
    [null, /config wants an object/],
  ])('is read, or refused with what is wrong with it: %j', (given, message) => {
    const make = () => new QuantizationSimModel(new nn.ReLU(), { dummyInput: x, config: given as never });
    if (message === null) expect(make).not.toThrow();
    else expect(make).toThrow(message);
  });

  it.each([
    [{}, /wants { dummyInput }/],
    [undefined, /QuantizationSimModel: wants { dummyInput }/],
    [
      { dummyInput: x, quantScheme: 'tf_enhanced' },
      /quantScheme must be one of "min_max", "percentile", "sqnr", got "tf_enhanced". AIMET's tf is "min_max", its tf_enhanced "sqnr"/,
    ],
    [{ dummyInput: x, defaultOutputBw: 0 }, /bitwidth must be from 1 to 32/],
    [{ dummyInput: x, defaultDataType: 'float', defaultParamBw: 8 }, /in 16 bits/],
  ])('options that are none are refused: %#', (options, message) =>
    expect(() => new QuantizationSimModel(new Net(), options as never)).toThrow(message),
  );

  it('names layers that have no quantized class, and changes nothing', () => {
    class Own extends nn.Module {
      forward(y: Tensor): Tensor {
        return y;
      }
    }
    const model = new nn.Sequential(new nn.ReLU(), new Own());
    expect(() => new QuantizationSimModel(model, { dummyInput: x, inPlace: true })).toThrow(
      /no quantized definition for Own/,
    );
    expect(model.modules().some(isQuantized)).toBe(false);
  });
});

it('the default configuration can be extended', () => {
  const config = { ...defaultConfig, op_type: { ...defaultConfig.op_type, Gemm: { is_output_quantized: false } } };
  expect(bits(layer(simulated({ config }).sim.model, 'fc').outputQuantizers)).toEqual([null]);
});
