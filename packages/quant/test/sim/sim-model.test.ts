import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, ShapeError, tensor, type Tensor } from '@q/tensor';
import {
  type affine,
  defaultConfig,
  float,
  isQuantized,
  lowerToInteger,
  QuantizationError,
  QuantizationSimModel,
  QuantizedLinear,
  type ModelEncodings,
  type PercentileEncodingAnalyzer,
  type QuantizedModule,
  type QuantSimConfig,
} from '../../src/index.js';

/** A residual network with every kind of place. */
class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 4, 3, { padding: 1 });
  bn = new nn.BatchNorm2d(4);
  relu1 = new nn.ReLU();
  conv2 = new nn.Conv2d(4, 4, 3, { padding: 1 });
  add = new nn.Add();
  relu2 = new nn.ReLU();
  pool = new nn.MaxPool2d(2);
  flatten = new nn.Flatten();
  drop = new nn.Dropout(0.5);
  fc = new nn.Linear(64, 5);
  forward(x: Tensor): Tensor {
    const a = this.relu1.forward(this.bn.forward(this.conv1.forward(x)));
    const b = this.relu2.forward(this.add.forward(this.conv2.forward(a), a));
    return this.fc.forward(this.drop.forward(this.flatten.forward(this.pool.forward(b))));
  }
}

const x = randn([6, 1, 8, 8]);
const batches = [x, randn([6, 1, 8, 8])];
const layer = (model: nn.Module, name: string): QuantizedModule =>
  Reflect.get(model, name) as nn.Module & QuantizedModule;
const bits = (slots: readonly unknown[]): (number | null)[] =>
  slots.map((slot) => (slot === null ? null : Math.ceil(Math.log2((slot as affine.QuantizeDequantize).numSteps + 1))));

function simulated(options: Partial<ConstructorParameters<typeof QuantizationSimModel>[1]> = {}) {
  manualSeed(3);
  const model = new Net().train();
  return { model, sim: new QuantizationSimModel(model, { dummyInput: x, ...options }) };
}

function calibrated(options: Parameters<typeof simulated>[0] = {}) {
  const { model, sim } = simulated(options);
  sim.model.eval();
  noGrad(() => sim.computeEncodings((net) => batches.forEach((batch) => net.forward(batch))));
  return { model, sim };
}

describe('a simulation', () => {
  it('has quantizers where the default configuration wants them', () => {
    const { sim } = simulated();
    const outputs = Object.fromEntries(
      sim.model
        .namedModules()
        .flatMap(([name, module]) => (isQuantized(module) ? [[name, bits(module.outputQuantizers)[0]]] : [])),
    );
    // Taken up by what is behind them: conv1 and bn by relu1, add by relu2. conv2 is no chain with add. Moves need none.
    expect(outputs).toEqual({
      conv1: null,
      bn: null,
      relu1: 8,
      conv2: 8,
      add: null,
      relu2: 8,
      pool: null,
      flatten: null,
      drop: null,
      fc: 8,
    });
    expect(bits(layer(sim.model, 'conv1').inputQuantizers)).toEqual([8]);
    expect(bits(layer(sim.model, 'conv2').inputQuantizers)).toEqual([null]);
    const { weight, bias } = layer(sim.model, 'conv1').paramQuantizers as Record<
      string,
      affine.QuantizeDequantize | null
    >;
    expect([weight!.shape, weight!.symmetric, weight!.qmin, bias]).toEqual([[4, 1, 1, 1], true, -128, null]);
    expect((layer(sim.model, 'bn').paramQuantizers.weight as affine.QuantizeDequantize).shape).toEqual([]);
  });

  it('leaves the model as it is, its running statistics and modes included, unless told otherwise', () => {
    const { model, sim } = simulated();
    expect(model.modules().some(isQuantized)).toBe(false);
    expect((Reflect.get(sim.model, 'bn') as nn.BatchNorm2d).numBatchesTracked!.item()).toBe(0);
    expect(sim.model.modules().every(({ training }) => training)).toBe(true);
    const own = new Net();
    expect(new QuantizationSimModel(own, { dummyInput: x, inPlace: true }).model).toBe(own);
  });

  it('simulates what it calibrated, and runs on integers', () => {
    const { model, sim } = calibrated();
    const wanted = noGrad(() => model.eval().forward(x));
    const got = noGrad(() => sim.model.forward(x));
    expect(got.equal(wanted)).toBe(false);
    expect(got.sub(wanted).abs().max().item()).toBeLessThan(0.1 * wanted.abs().max().item());
    const { model: integer, report } = lowerToInteger(sim.model, x);
    // Batch norms are folded before: this one gives floats, which the ReLU behind it reads.
    expect(report.floats.map(({ path }) => path)).toEqual(['bn', 'relu1']);
    const step = wanted.max().sub(wanted.min()).item() / 255;
    expect(
      noGrad(() => integer.forward(x))
        .sub(got)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(2 * step);
  });

  it('awaits what passes data, and changes nothing where that fails', async () => {
    const { sim } = simulated();
    await expect(
      sim.computeEncodings(async (net) => {
        net.forward(x);
        await Promise.reject(new Error('no more data'));
      }),
    ).rejects.toThrow('no more data');
    expect(layer(sim.model, 'fc').outputQuantizers[0]!.isInitialized()).toBe(false);
    expect(await sim.computeEncodings(async (net) => Promise.resolve(net.forward(x).shape))).toEqual([6, 5]);
    expect(layer(sim.model, 'fc').outputQuantizers[0]!.isInitialized()).toBe(true);
  });

  it('takes bits, schemes and float16', () => {
    const { sim } = simulated({ defaultOutputBw: 16, defaultParamBw: 4, quantScheme: 'percentile' });
    expect(bits(layer(sim.model, 'relu1').outputQuantizers)).toEqual([16]);
    expect(bits([layer(sim.model, 'fc').paramQuantizers.weight])).toEqual([4]);
    sim.setPercentileValue(99);
    const { encodingAnalyzer } = layer(sim.model, 'fc').outputQuantizers[0]!;
    expect((encodingAnalyzer as PercentileEncodingAnalyzer).percentile).toBe(99);
    const { sim: half } = simulated({ defaultDataType: 'float' });
    expect(layer(half.model, 'fc').outputQuantizers[0]).toBeInstanceOf(float.FloatQuantizeDequantize);
    expect(() => simulated().sim.setPercentileValue(99)).toThrow(QuantizationError);
  });

  it('tells its places as a table', () => {
    const lines = String(simulated().sim).split('\n');
    expect(lines[0]).toMatch(/^layer +class +inputs +parameters +outputs$/);
    expect(lines.find((line) => line.startsWith('conv1'))).toMatch(/QuantizedConv2d +8 +weight 8, bias - +-$/);
  });
});

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
    [{ defaults: {}, supergroups: [['Conv', 'Relu']] }, /supergroups wants a list of/],
    [null, /config wants an object/],
  ])('%j', (given, message) => {
    const make = () => new QuantizationSimModel(new nn.ReLU(), { dummyInput: x, config: given as never });
    if (message === null) expect(make).not.toThrow();
    else expect(make).toThrow(message);
  });

  it.each([
    [{}, /wants { dummyInput }/],
    [{ dummyInput: x, quantScheme: 'tf' }, /quantScheme/],
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

it('a model that fails on its input stays a float model', () => {
  const model = new Net();
  expect(() => new QuantizationSimModel(model, { dummyInput: randn([2, 3]), inPlace: true })).toThrow(ShapeError);
  expect(model.modules().some(isQuantized)).toBe(false);
});

describe('layers', () => {
  it('that the input does not reach, that take integers, and that are called twice', () => {
    class Odd extends nn.Module {
      table = new nn.Embedding(10, 4);
      twice = new nn.Linear(4, 4);
      never = new nn.Linear(4, 4);
      forward(index: Tensor): Tensor {
        return this.twice.forward(this.twice.forward(this.table.forward(index)));
      }
    }
    const index = tensor([1, 2, 3], { dtype: 'int32' });
    const sim = new QuantizationSimModel(new Odd(), { dummyInput: index });
    expect(bits(layer(sim.model, 'table').outputQuantizers)).toEqual([8]);
    expect(bits(layer(sim.model, 'never').outputQuantizers)).toEqual([8]);
    noGrad(() => sim.computeEncodings((net) => net.forward(index)));
    expect(noGrad(() => sim.model.forward(index)).shape).toEqual([3, 4]);
  });

  it('of attention, whose projections get their weights as inputs', () => {
    const model = new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 24, batchFirst: true }).eval();
    const sequence = randn([3, 7, 16]);
    const sim = new QuantizationSimModel(model, { dummyInput: sequence });
    const [values, weight, bias] = (sim.model.selfAttn.queryProjection as nn.DynamicLinear & QuantizedModule)
      .inputQuantizers;
    expect([bits([values]), (weight as affine.QuantizeDequantize).symmetric, bias]).toEqual([[8], true, null]);
    noGrad(() => sim.computeEncodings((net) => net.forward(sequence)));
    const wanted = noGrad(() => sim.model.forward(sequence));
    const { model: integer, report } = lowerToInteger(sim.model, sequence);
    expect(report.floats).toEqual([]);
    const step = wanted.max().sub(wanted.min()).item() / 255;
    expect(
      noGrad(() => integer.forward(sequence))
        .sub(wanted)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(4 * step);
  });

  it('that are excluded are float layers again', () => {
    const { sim } = calibrated();
    const { fc } = sim.model;
    expect(() => sim.excludeLayersFromQuantization([fc, new nn.ReLU()])).toThrow(
      /no quantized layer of the simulation/,
    );
    expect(sim.model.fc).toBeInstanceOf(QuantizedLinear);
    sim.excludeLayersFromQuantization([fc]);
    expect(sim.model.fc).not.toBeInstanceOf(QuantizedLinear);
    expect(sim.model.fc.weight).toBe(fc.weight);
    expect(Object.keys(sim.exportEncodings().activation_encodings)).not.toContain('fc');
  });

  it('a model that is one layer', () => {
    const sim = new QuantizationSimModel<nn.Module>(new nn.Linear(8, 2), { dummyInput: x });
    expect(sim.model).toBeInstanceOf(QuantizedLinear);
    sim.excludeLayersFromQuantization([sim.model]);
    expect(sim.model).not.toBeInstanceOf(QuantizedLinear);
  });
});

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

it('the default configuration can be extended', () => {
  const config = { ...defaultConfig, op_type: { ...defaultConfig.op_type, Gemm: { is_output_quantized: false } } };
  expect(bits(layer(simulated({ config }).sim.model, 'fc').outputQuantizers)).toEqual([null]);
});
