import * as nn from '@q/nn';
import { ArgumentError, manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import {
  isQuantized,
  lowerToInteger,
  QuantizedLinear,
  readInteger,
  toQuantized,
  writeInteger,
} from '../../src/index.js';
import { activation, apart, calibrated, calibratedMlp, distance, Mlp, slots, stepOf, weights } from './layers.js';

beforeEach(() => manualSeed(7));

describe('a model', () => {
  const x = () => randn([200, 16]).mul(2);

  it('puts accumulators on the grid of the activation behind them', () => {
    const input = x();
    const model = calibratedMlp(input);
    const lowered = lowerToInteger(model, input);
    expect(lowered.report.layers.map(({ path, route }) => `${path} ${route}`)).toEqual([
      'first integer',
      'relu integer',
      'second integer',
    ]);
    expect(distance(model, lowered, [input]).most).toBeLessThanOrEqual(1);
  });

  it('is left as it is; the copy holds no float weight', () => {
    const input = x();
    const model = calibratedMlp(input);
    const before = model.forward(input).data;
    const { model: integer } = lowerToInteger(model, input);
    expect(model.forward(input).data).toEqual(before);
    expect(integer.parameters()).toEqual([]);
    const bytes = integer.buffers().reduce((sum, { numel, dtype }) => sum + numel * (dtype === 'int8' ? 1 : 4), 0);
    expect(bytes).toBe(16 * 32 + 32 * 8);
  });

  it('keeps layers without an integer form fake-quantized, and says why', () => {
    const input = x();
    const model = calibratedMlp(input);
    slots(model.second).paramQuantizers.weight = null;
    slots(model.relu).outputQuantizers = [null];
    const { model: integer, report } = lowerToInteger(model, input);
    expect(report.floats.map(({ path, why }) => `${path}: ${why}`)).toEqual([
      'relu: it has no output quantizer, so its result is floats',
      'second: its weight has no quantizer',
    ]);
    expect(String(report)).toMatch(/^first +Linear +integer/);
    expect(apart(integer, model, input)[0]).toBeLessThan(0.05);
  });

  it('shows where functions between layers and behind the last one compute with floats', () => {
    class Between extends Mlp {
      override forward(y: Tensor): Tensor {
        return this.second.forward(this.relu.forward(this.first.forward(y)).mul(2)).tanh();
      }
    }
    const input = x();
    const model = toQuantized(new Between());
    for (const layer of [model.first, model.second]) {
      slots(layer).inputQuantizers = [activation()];
      slots(layer).paramQuantizers.weight = weights();
    }
    for (const layer of [model.relu, model.second]) slots(layer).outputQuantizers = [activation()];
    const { report } = lowerToInteger(calibrated(model, input), input);
    expect(report.layers.map(({ path, route, why }) => [path, route, why])).toEqual([
      ['first', 'integer', 'result in its accumulators'],
      ['relu', 'integer', 'in the layer before it'],
      ['second', 'integer', 'quantizes floats that a function or a float layer gives it'],
    ]);
    expect([report.result, report.floats]).toEqual(['float', []]);
    expect(String(report)).toMatch(/\n\(result\) +float +a function of tensors/);
  });

  it('whose result is integers says so in no line', () => {
    const input = x();
    const { report } = lowerToInteger(calibratedMlp(input), input);
    expect(report.result).toBe('integer');
    expect(String(report)).not.toContain('(result)');
  });

  it('without a quantizer at its input reports the layer that gets floats', () => {
    const input = x();
    const model = calibratedMlp(input);
    slots(model.first).inputQuantizers = [null];
    const { report } = lowerToInteger(model, input);
    expect(report.floats.map(({ path }) => path)).toEqual(['first', 'relu']);
    expect(report.floats[0]!.why).toMatch(
      /its input arrives as floats: .*Use a layer for the function \(new Add\(\), new ReLU\(\)\), or set an input quantizer/,
    );
  });

  it('has no line for what holds modules and has none', () => {
    class Net extends nn.Module {
      fc = new nn.Linear(16, 4);
      shortcut = new nn.Sequential();
      list = new nn.ModuleList();
      named = new nn.ModuleDict();
      forward(x: Tensor): Tensor {
        return this.fc.forward(this.shortcut.forward(x));
      }
    }
    const input = x();
    const model = toQuantized(new Net());
    slots(model.fc).inputQuantizers = [activation()];
    slots(model.fc).paramQuantizers.weight = weights();
    const { model: integer, report } = lowerToInteger(calibrated(model, input), input);
    expect(report.layers.map(({ path, route }) => [path, route])).toEqual([['fc', 'integer']]);
    expect(apart(readInteger(new Net(), writeInteger(integer)), integer, input)).toEqual([0]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no sample', undefined, /lowerToInteger: wants a sample, .*lowerToInteger\(model, images\)/],
    ['no arguments', [], /wants a sample/],
    ['a sample of no rows', randn([0, 16]), /the sample is empty/],
    ['NaN in the sample', randn([3, 16]).div(0).mul(0), /the sample has NaN in it/],
  ])('is not lowered with %s', (_what, sample, message) => {
    const model = calibratedMlp(x());
    const lower = () => lowerToInteger(model, sample as Tensor);
    expect(lower).toThrow(ArgumentError);
    expect(lower).toThrow(message);
  });

  it('must be quantized and calibrated', () => {
    expect(() => lowerToInteger(new Mlp(), x())).toThrow(/has no quantized modules. Make them with toQuantized/);
    const model = calibratedMlp(x());
    slots(model.relu).outputQuantizers = [activation()];
    expect(() => lowerToInteger(model, x())).toThrow(
      /QuantizedReLU6: output quantizer 0 has no encoding yet. Run it inside computeEncodings/,
    );
  });

  it.each(['float16', 'bfloat16'] as const)('of %s gives what its simulation does, to a step', (dtype) => {
    const model = new nn.Sequential(new nn.Linear(8, 8), new nn.LayerNorm([8]), new nn.Linear(8, 8));
    for (const [i, parameter] of model.parameters().entries()) if (parameter.ndim === 1) nn.init.normal(parameter, i);
    model.to(dtype);
    toQuantized(model);
    slots(model.at(0)).inputQuantizers = [activation()];
    for (const layer of model) {
      slots(layer).outputQuantizers = [activation()];
      if (layer instanceof nn.Linear) slots(layer).paramQuantizers.weight = weights();
    }
    const x = randn([6, 8]).to(dtype);
    const lowered = lowerToInteger(calibrated(model, x), x);
    expect(lowered.report.floats).toEqual([]);
    expect(apart(lowered.model, model, x)[0]).toBeLessThanOrEqual(3 * stepOf(model.at(2)));
  });
});

describe('attention', () => {
  const make = (): nn.TransformerEncoderLayer =>
    new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 24, dropout: 0, batchFirst: true }).eval();
  const float = make();
  const x = randn([3, 7, 16]);

  /** The layer with quantizers at every place but biases. */
  function quantized(): nn.TransformerEncoderLayer {
    const model = toQuantized(float.clone());
    for (const module of model.modules()) {
      if (!isQuantized(module)) continue;
      module.inputQuantizers = module.inputQuantizers.map((_slot, i) => (i < 2 ? activation() : null));
      module.outputQuantizers = module.outputQuantizers.map(() => activation());
      if ('weight' in module.paramQuantizers && module instanceof QuantizedLinear)
        module.paramQuantizers.weight = weights();
    }
    return calibrated(model, x);
  }

  it('runs on integers, its projections included, and comes back from a file as the same bits', () => {
    const model = quantized();
    const { model: integer, report } = lowerToInteger(model, x);
    expect(report.floats).toEqual([]);
    const wanted = noGrad(() => model.forward(x));
    const got = noGrad(() => integer.forward(x));
    const step = wanted.max().sub(wanted.min()).item() / 255;
    expect(got.sub(wanted).abs().max().item()).toBeLessThan(3 * step);
    expect(got.sub(wanted).abs().mean().item()).toBeLessThan(step / 4);
    const read = readInteger(make(), writeInteger(integer));
    expect(noGrad(() => read.forward(x)).equal(got)).toBe(true);
  });
});
