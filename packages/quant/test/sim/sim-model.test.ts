import type * as nn from '@q/nn';
import { noGrad, randn, ShapeError } from '@q/tensor';
import {
  float,
  isQuantized,
  lowerToInteger,
  onWarning,
  QuantizationError,
  QuantizationSimModel,
  type affine,
  type PercentileEncodingAnalyzer,
} from '../../src/index.js';
import { bits, calibrated, layer, Net, simulated, x } from './net.js';

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

  it('warns where the callback runs another model than it is given', () => {
    const { model, sim } = simulated();
    const codes: string[] = [];
    const stop = onWarning(({ code }) => codes.push(code));
    sim.computeEncodings(() => model.forward(x));
    stop();
    expect(codes).toEqual(['nothing-observed']);
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

it('a model that fails on its input stays a float model', () => {
  const model = new Net();
  expect(() => new QuantizationSimModel(model, { dummyInput: randn([2, 3]), inPlace: true })).toThrow(ShapeError);
  expect(model.modules().some(isQuantized)).toBe(false);
});
