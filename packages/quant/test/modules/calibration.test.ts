import { Linear, Sequential } from '@q/nn';
import { noGrad, randn, tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  integerLinear,
  MinMaxEncodingAnalyzer,
  onWarning,
  QuantizationError,
  QuantizationMixin,
  QuantizedAdd,
  QuantizedLinear,
  type QuantizationWarning,
  type QuantizedModule,
} from '../../src/index.js';

const grid = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });

function layer() {
  const made = QuantizationMixin.fromModule(new Linear(4, 4));
  made.paramQuantizers.weight = grid();
  made.outputQuantizers = [grid()];
  return made;
}

const x = randn([3, 4]);
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Whether the quantizers of the weight and of the output have an encoding. */
const set = ({ paramQuantizers, outputQuantizers }: QuantizedModule): boolean[] =>
  [paramQuantizers.weight!, outputQuantizers[0]!].map((quantizer) => quantizer.isInitialized());

describe('calibrations that overlap', () => {
  const failing = (module: ReturnType<typeof layer>): Promise<void> =>
    module.computeEncodings(async () => {
      module.forward(x);
      await later();
      throw new Error('no more data');
    });
  const working = (module: ReturnType<typeof layer>): Promise<void> =>
    module.computeEncodings(async () => {
      module.forward(x);
      await Promise.resolve();
    });

  it('one that fails takes nothing from one that has succeeded meanwhile', async () => {
    const module = layer();
    const first = failing(module);
    await working(module);
    await expect(first).rejects.toThrow('no more data');
    expect(set(module)).toEqual([true, true]);
  });

  it('where all fail, in whatever order, nothing has changed', async () => {
    const module = layer();
    const scopes = [module.computeEncodings(), module.computeEncodings(), module.computeEncodings()];
    module.forward(x);
    for (const i of [0, 2, 1]) scopes[i]!.discard();
    expect(set(module)).toEqual([false, false]);
    await expect(Promise.all([failing(module), failing(module)])).rejects.toThrow('no more data');
    await later();
    await later();
    expect(set(module)).toEqual([false, false]);
  });

  it('one that fails alone gives back what was there before', async () => {
    const module = layer();
    noGrad(() => computeEncodings(module, () => module.forward(x)));
    const before = module.paramQuantizers.weight!.getEncoding();
    noGrad(() => module.weight.mul_(3));
    await expect(failing(module)).rejects.toThrow('no more data');
    const after = module.paramQuantizers.weight!.getEncoding();
    expect((after as affine.AffineEncoding).scale.item()).toBe((before as affine.AffineEncoding).scale.item());
  });
});

describe('a calibration that fails', () => {
  const rangesOf = (module: QuantizedModule): string =>
    JSON.stringify([module.exportOutputEncodings(), module.exportParamEncodings()]);
  const calibrated = () => {
    const module = layer();
    module.computeEncodings(() => module.forward(x));
    noGrad(() => module.weight.mul_(3));
    return module;
  };

  it('leaves all ranges where the callback throws or rejects, those of parameters too', async () => {
    const module = calibrated();
    const before = rangesOf(module);
    const failing = (): void => {
      module.forward(x.mul(100));
      throw new Error('stop');
    };
    expect(() => module.computeEncodings(failing)).toThrow('stop');
    await expect(computeEncodings(new Sequential(module), async () => failing())).rejects.toThrow('stop');
    module.computeEncodings().discard();
    expect(rangesOf(module)).toBe(before);
    module.computeEncodings(() => module.forward(x.mul(100)));
    expect(rangesOf(module)).not.toBe(before);
  });

  it('leaves all ranges where a listener makes an error of a warning', () => {
    const module = calibrated();
    const before = rangesOf(module);
    const stop = onWarning(({ code }) => {
      throw new Error(code);
    });
    expect(() => module.computeEncodings(() => module.forward(x.mul(NaN)))).toThrow('non-finite-values');
    stop();
    expect(rangesOf(module)).toBe(before);
  });

  it('leaves all ranges where an analyzer cannot begin', () => {
    class Stubborn extends MinMaxEncodingAnalyzer {
      override resetStats(): never {
        throw new Error('no');
      }
    }
    const module = calibrated();
    const encodingAnalyzer = new Stubborn([]);
    const options = { shape: [], bitwidth: 8, symmetric: false };
    module.inputQuantizers = [new affine.QuantizeDequantize({ ...options, encodingAnalyzer })];
    const before = rangesOf(module);
    expect(() => module.computeEncodings(() => module.forward(x))).toThrow('no');
    expect(rangesOf(module)).toBe(before);
    expect(module.outputQuantizers[0]!.isCalibrating()).toBe(false);
  });
});

describe('a calibration in which nothing passes through the model', () => {
  const warningsOf = (run: () => unknown): QuantizationWarning[] => {
    const seen: QuantizationWarning[] = [];
    const stop = onWarning((warning) => seen.push(warning));
    run();
    stop();
    return seen;
  };

  it('warns where quantizers wait for an encoding, and sets nothing', () => {
    const [model, other] = [new Sequential(layer()), new Linear(4, 4)];
    const [warning, ...more] = warningsOf(() => computeEncodings(model, () => other.forward(x)));
    expect([warning!.code, warning!.source, more]).toEqual(['nothing-observed', model, []]);
    expect(warning!.message).toMatch(
      /nothing passed through the model that is calibrated \(Sequential\), and 1 of its/,
    );
    expect([...model].map((module) => set(module as unknown as QuantizedModule))).toEqual([[true, false]]);
  });

  it('does not where all have one, where only parameters are quantized, or where part of the model ran', () => {
    const [module, weights] = [layer(), layer()];
    weights.outputQuantizers = [null];
    module.computeEncodings(() => module.forward(x));
    const [first, second] = [layer(), layer()];
    const partly = new Sequential(first, second);
    expect(
      warningsOf(() => {
        module.computeEncodings(() => undefined);
        weights.computeEncodings(() => undefined);
        computeEncodings(partly, () => first.forward(x));
        second.computeEncodings().discard();
      }),
    ).toEqual([]);
  });

  it('does not where what passed were integers, which no quantizer observes', () => {
    const add = new QuantizedAdd();
    add.inputQuantizers = [grid(), grid()];
    const whole = tensor([1, 2], { dtype: 'int32' });
    expect(warningsOf(() => add.computeEncodings(() => add.forward(whole, whole)))).toEqual([]);
  });
});

it('a calibration that cannot begin changes nothing', () => {
  const layer = new QuantizedLinear(2, 2);
  const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });
  quantizer.setRange(-9, 9);
  layer.paramQuantizers.weight = quantizer;
  layer.outputQuantizers = [5 as never];
  expect(() => layer.computeEncodings(() => 0)).toThrow(QuantizationError);
  expect([quantizer.min.item(), quantizer.max.item()]).toEqual([-9, 9]);
});

it('kernels rest while one of their quantizers is calibrated by itself', () => {
  const layer = new QuantizedLinear(2, 2, { bias: false });
  noGrad(() => layer.weight.fill_(1));
  const slot = (symmetric: boolean) => {
    const quantizer = new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric });
    quantizer.setRange(-1, 1);
    return quantizer;
  };
  const output = slot(false);
  layer.inputQuantizers = [slot(false)];
  layer.outputQuantizers = [output];
  layer.paramQuantizers.weight = slot(true);
  layer.setKernel(integerLinear);
  output.computeEncodings(() => layer.forward(tensor([[1, 1]])));
  expect(output.max.item()).toBeCloseTo(2, 1);
});

describe('clone', () => {
  it('keeps the kernel of an instance, wherever it stands, and ties between parameters', () => {
    const module = layer();
    module.setKernel(integerLinear);
    const model = new Sequential(module, new Linear(4, 4));
    (model.children()[1] as Linear).weight = module.weight;
    const [copy, plain] = model.clone().children() as [typeof module, Linear];
    expect(copy.getKernel()).toBe(integerLinear);
    expect(copy.weight).toBe(plain.weight);
    expect(copy.weight).not.toBe(module.weight);
    copy.setKernel(null);
    expect(module.getKernel()).toBe(integerLinear);
  });
});
