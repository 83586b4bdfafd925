import * as nn from '@q/nn';
import { noGrad, randn, ShapeError, type Tensor } from '@q/tensor';
import {
  defaultConfig,
  QuantizationError,
  QuantizationSimModel,
  type affine,
  type LegacyEncoding,
  type ModelEncodings,
} from '../../src/index.js';
import { calibrated, layer, simulated, x } from './net.js';

const range = { min: 0, max: 1, bitwidth: 8, dtype: 'int', is_symmetric: 'False' };

describe('encodings', () => {
  const json = (encodings: ModelEncodings): ModelEncodings => JSON.parse(JSON.stringify(encodings)) as ModelEncodings;

  it('leave in the format of AIMET and come back as the same bits', () => {
    const { sim } = calibrated();
    const encodings = json(sim.exportEncodings());
    expect(encodings.version).toBe('0.6.1');
    expect(Object.keys(encodings.activation_encodings)).toEqual(['conv1', 'relu1', 'conv2', 'relu2', 'fc']);
    expect(encodings.activation_encodings.conv1).toEqual({
      input: { '0': expect.objectContaining({ bitwidth: 8, dtype: 'int', is_symmetric: 'False' }) as object },
    });
    expect(encodings.param_encodings['conv1.weight']).toHaveLength(4);
    const { sim: other } = simulated();
    other.model.eval();
    other.loadEncodings(encodings);
    expect(noGrad(() => other.model.forward(x)).equal(noGrad(() => sim.model.forward(x)))).toBe(true);
    expect(json(other.exportEncodings())).toEqual(encodings);
  });

  it.each([8, 4])('of strictly symmetric weights of %i bits come back as the same bits', (defaultParamBw) => {
    const config = { ...defaultConfig, defaults: { ...defaultConfig.defaults, strict_symmetric: true } };
    const { sim } = calibrated({ config, defaultParamBw });
    const encodings = json(sim.exportEncodings());
    const [first] = encodings.param_encodings['fc.weight'] as LegacyEncoding[];
    const { bitwidth, offset, min, max, scale } = first!;
    const end = 2 ** (defaultParamBw - 1) - 1;
    expect([bitwidth, offset, min]).toEqual([defaultParamBw, -end, -max!]);
    expect(max).toBe(Math.fround(scale! * end));
    // The file says it, whatever the configuration.
    for (const options of [{ config }, {}]) {
      const { sim: other } = simulated({ ...options, defaultParamBw });
      other.model.eval();
      other.loadEncodings(encodings);
      expect(noGrad(() => other.model.forward(x)).equal(noGrad(() => sim.model.forward(x)))).toBe(true);
      expect(json(other.exportEncodings())).toEqual(encodings);
    }
  });

  it('of a quantizer that stands at all inputs, or all outputs, go to that one', () => {
    class Joined extends nn.Module {
      cat = new nn.Concat(1);
      split = new nn.Split();
      forward(a: Tensor, b: Tensor): Tensor[] {
        return this.split.forward(this.cat.forward(a, b), 2, 1);
      }
    }
    const dummyInput = [randn([2, 3]), randn([2, 3])] as const;
    const config = { defaults: { ops: { is_output_quantized: true } }, model_input: { is_input_quantized: true } };
    const sim = new QuantizationSimModel(new Joined(), { dummyInput, config });
    noGrad(() => sim.computeEncodings((model) => model.forward(...dummyInput)));
    const encodings = json(sim.exportEncodings());
    const { cat, split } = encodings.activation_encodings;
    expect([cat!.input, split!.output].map((places) => Object.keys(places!))).toEqual([
      ['0', '1'],
      ['0', '1', '2'],
    ]);
    const other = new QuantizationSimModel(new Joined(), { dummyInput, config });
    other.loadEncodings(encodings, { partial: false });
    expect(json(other.exportEncodings())).toEqual(encodings);
    const apart = { cat: { input: { ...cat!.input, '1': { ...(cat!.input!['0'] as object), max: 99 } } } };
    expect(() => other.loadEncodings({ ...encodings, activation_encodings: apart as never })).toThrow(
      /an encoding for input 1 of 'cat'/,
    );
  });

  it('may be for some places only: the others stay, or go', () => {
    const { activation_encodings, ...rest } = json(calibrated().sim.exportEncodings());
    const some = { ...rest, activation_encodings: { fc: activation_encodings.fc! } };
    const { sim } = calibrated();
    sim.loadEncodings(some);
    expect(layer(sim.model, 'relu1').outputQuantizers[0]).not.toBeNull();
    sim.loadEncodings(some, { partial: false, requiresGrad: false, allowOverwrite: false });
    expect([...layer(sim.model, 'relu1').outputQuantizers, ...layer(sim.model, 'conv1').inputQuantizers]).toEqual([
      null,
      null,
    ]);
    const [output] = layer(sim.model, 'fc').outputQuantizers as affine.QuantizeDequantize[];
    expect([output!.min.requiresGrad, output!.overwritable]).toEqual([false, false]);
  });

  it('of parameters can be frozen', () => {
    const encodings = json(calibrated().sim.exportEncodings());
    const { sim } = simulated();
    sim.setAndFreezeParamEncodings(encodings);
    const quantizer = layer(sim.model, 'fc').paramQuantizers.weight as affine.QuantizeDequantize;
    const before = quantizer.max.toArray();
    noGrad(() => {
      sim.model.fc.weight.mul_(3);
      sim.computeEncodings((net) => net.forward(x));
    });
    expect(quantizer.max.toArray()).toEqual(before);
    expect(layer(sim.model, 'fc').outputQuantizers[0]!.overwritable).toBe(true);
  });

  it.each([
    [null, QuantizationError],
    [{ activation_encodings: 3 }, QuantizationError],
    [{ param_encodings: { 'fc.weight': new Array(5).fill({ ...range, max: NaN }) } }, QuantizationError],
    [{ activation_encodings: { fc: { output: { '0': { ...range, max: Infinity } } } } }, QuantizationError],
    [{ activation_encodings: { fc: { output: { '0': { ...range, min: 2 } } } } }, QuantizationError],
    [
      { activation_encodings: { fc: { output: { '7': { min: 0, max: 1, bitwidth: 8, dtype: 'int' } } } } },
      QuantizationError,
    ],
    [{ activation_encodings: { gone: { output: { '0': {} } } } }, QuantizationError],
    [
      { param_encodings: { 'fc.weight': [{ min: 0, max: 1, bitwidth: 8, dtype: 'int', is_symmetric: 'True' }] } },
      ShapeError,
    ],
    [{ param_encodings: { 'fc.weight': 'x' } }, QuantizationError],
  ])('that are none change nothing: %#', (bad, error) => {
    const { sim } = calibrated();
    const before = json(sim.exportEncodings());
    const good = before.activation_encodings.relu1!;
    const first = { relu1: { output: { '0': { ...(good.output!['0'] as object), max: 99 } } } };
    const { activation_encodings: activations = {} } = (bad ?? {}) as { activation_encodings?: unknown };
    const mixed =
      typeof activations === 'object' ? { ...bad, activation_encodings: { ...first, ...activations } } : bad;
    expect(() => sim.loadEncodings((bad === null ? null : mixed) as never)).toThrow(error);
    expect(json(sim.exportEncodings())).toEqual(before);
  });

  const files =
    "It reads encodings keyed by names of modules, format 0.6.1: those of exportEncodings() and of AIMET's files";
  const onnx = [{ name: '/fc/Gemm_output_0', dtype: 'INT', enc_type: 'PER_TENSOR', bw: 8, is_sym: false }];

  it.each([
    [{ version: '2.0.0', encodings: [] }, 'got encodings of version "2.0.0"'],
    [{ version: '99', activation_encodings: {}, param_encodings: {} }, 'got encodings of version "99"'],
    [{ version: 0.6, activation_encodings: {}, param_encodings: {} }, 'got encodings of version 0.6'],
    [{}, 'got encodings without a version that have no param_encodings and no activation_encodings'],
    [{ version: '0.6.1' }, 'got encodings of version "0.6.1" that have no param_encodings'],
    [
      { version: '0.6.1', activation_encoding: {}, param_encodings: {} },
      `got encodings of version "0.6.1" with 'activation_encoding', which is none of version, activation_encodings`,
    ],
    [
      { version: '1.0.0', activation_encodings: onnx, param_encodings: [] },
      'got encodings of version "1.0.0" whose activation_encodings are a list, as in the files of ONNX graphs',
    ],
    [
      { version: '0.6.1', activation_encodings: { '/fc/Gemm_output_0': [range] }, param_encodings: {} },
      `got encodings of version "0.6.1" whose activation_encodings of '/fc/Gemm_output_0' are a list, as in the files of ONNX`,
    ],
    [[], 'wants an object of encodings'],
  ])('of another format are refused, whatever strict says, and the message says which is read: %#', (file, message) => {
    const { sim } = calibrated();
    const before = json(sim.exportEncodings());
    for (const options of [{}, { strict: false }, { partial: false }]) {
      expect(() => sim.loadEncodings(file as never, options)).toThrow(`loadEncodings: ${message}`);
      expect(() => sim.loadEncodings(file as never, options)).toThrow(files);
    }
    expect(json(sim.exportEncodings())).toEqual(before);
  });

  it('are read from the files that AIMET writes by module, of whatever version they call themselves', () => {
    const encodings = json(calibrated().sim.exportEncodings());
    const { version: _none, ...bare } = encodings;
    for (const file of [
      { ...encodings, excluded_layers: ['drop'], quantizer_args: { quant_scheme: 'post_training_tf' } },
      { ...encodings, version: '1.0.0' },
      bare,
    ]) {
      const { sim } = simulated();
      sim.loadEncodings(file as ModelEncodings);
      expect(json(sim.exportEncodings())).toEqual(encodings);
    }
  });

  it('of parameters are taken from the file of an ONNX graph too, which calls them the same', () => {
    const { param_encodings } = json(calibrated().sim.exportEncodings());
    const { sim } = simulated();
    const file = { version: '0.6.1', activation_encodings: { '/fc/Gemm_output_0': [range] }, param_encodings };
    sim.setAndFreezeParamEncodings(file);
    expect(json(sim.exportEncodings()).param_encodings).toEqual(param_encodings);
    expect(() => sim.setAndFreezeParamEncodings({ 'fc.weight': [] } as never)).toThrow(
      /with 'fc.weight', which is none of/,
    );
    expect(() => sim.setAndFreezeParamEncodings({ activation_encodings: {} } as never)).toThrow(
      /have no param_encodings/,
    );
  });

  it('that do not fit name the place they are for', () => {
    const { sim } = simulated();
    const bad = { version: '0.6.1', activation_encodings: { fc: { output: { '0': { ...range, min: 3 } } } } };
    expect(() => sim.loadEncodings({ ...bad, param_encodings: {} })).toThrow(
      /^loadEncodings: output 0 of 'fc': QuantizeDequantize.setLegacyEncodings: a range goes from .* got min=3 and max=1/,
    );
  });

  it('leave frozen quantizers where they stand, as imports into a module do', () => {
    const { sim } = calibrated();
    const [output] = layer(sim.model, 'fc').outputQuantizers;
    output!.allowOverwrite(false);
    sim.loadEncodings({ version: '0.6.1', activation_encodings: {}, param_encodings: {} }, { partial: false });
    expect(layer(sim.model, 'fc').outputQuantizers[0]).toBe(output);
    expect(layer(sim.model, 'relu1').outputQuantizers[0]).toBeNull();
  });

  it('for places without quantizers are ignored where asked for', () => {
    const { sim } = calibrated();
    const gone = { gone: { output: { '0': { min: 0, max: 1, bitwidth: 8, dtype: 'int' } } } };
    const before = json(sim.exportEncodings());
    sim.loadEncodings(
      { ...before, activation_encodings: { ...before.activation_encodings, ...gone } },
      { strict: false },
    );
    expect(json(sim.exportEncodings())).toEqual(before);
  });
});
