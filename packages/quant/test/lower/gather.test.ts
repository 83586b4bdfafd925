import * as nn from '@q/nn';
import { manualSeed, noGrad, ones, randn, tensor, type Tensor } from '@q/tensor';
import {
  integerLinear,
  lowerToInteger,
  QuantizedLinear,
  QuantizedTensor,
  toQuantized,
  type Kernel,
} from '../../src/index.js';
import { activation, apart, calibrated, slots, weights } from './layers.js';

function placed<L extends QuantizedLinear>(layer: L): L {
  layer.inputQuantizers = [activation()];
  layer.outputQuantizers = [activation()];
  layer.paramQuantizers.weight = weights();
  return layer;
}

beforeEach(() => manualSeed(11));

describe('a layer that does not compute what its class does', () => {
  const x = randn([5, 4]);
  const zeros: Kernel = (_inputs, _params, { outputEncoding }) =>
    new QuantizedTensor(ones([5, 3]).mul(outputEncoding.qmin), outputEncoding);

  it('a subclass with a forward of its own stays as it is, and the report says so', () => {
    class Doubled extends QuantizedLinear {
      override forward(input: Tensor) {
        return super.forward(input).mul(2);
      }
    }
    const layer = calibrated(placed(new Doubled(4, 3)), x);
    const { model, report } = lowerToInteger(layer, x);
    expect(report.floats.map(({ why }) => why)).toEqual([
      'it has a forward of its own, which may compute something else',
    ]);
    expect(noGrad(() => model.forward(x)).equal(noGrad(() => layer.forward(x)))).toBe(true);
  });

  it('a subclass that runs as its class does is lowered', () => {
    const layer = calibrated(placed(new (class extends QuantizedLinear {})(4, 3)), x);
    expect(lowerToInteger(layer, x).report.floats).toEqual([]);
  });

  it('a kernel of its own, too; kernels of this library compute the same', () => {
    const layer = calibrated(placed(new QuantizedLinear(4, 3)), x);
    layer.setKernel(zeros);
    const { model, report } = lowerToInteger(layer, x);
    expect(report.floats.map(({ why }) => why)).toEqual(['it has a kernel, which may compute something else']);
    expect(noGrad(() => model.forward(x)).equal(noGrad(() => layer.forward(x)))).toBe(true);
    layer.setKernel(integerLinear);
    expect(lowerToInteger(layer, x).report.floats).toEqual([]);
  });
});

describe('a quantizer without an encoding', () => {
  const x = randn([5, 4]);

  it('keeps a layer that does not run as it is; in one that runs it is an error', () => {
    class Net extends nn.Module {
      used = placed(new QuantizedLinear(4, 3));
      unused = placed(new QuantizedLinear(4, 3));
      forward(x: Tensor, both = false): Tensor {
        const y = this.used.forward(x);
        return both ? y.add(this.unused.forward(x)) : y;
      }
    }
    const model = calibrated(new Net(), x);
    const { report } = lowerToInteger(model, x);
    expect(report.floats.map(({ path, why }) => [path, why])).toEqual([
      ['unused', 'output quantizer 0 has no encoding yet'],
    ]);
    expect(() => lowerToInteger(model, [x, true])).toThrow(/has no encoding yet/);
  });

  it('at an input is an error where a tensor arrives', () => {
    const model = toQuantized(new nn.Sequential(new nn.Linear(4, 3), new nn.Tanh()));
    slots(model.at(0)).inputQuantizers = [activation()];
    slots(model.at(0)).paramQuantizers.weight = weights();
    for (const layer of model) slots(layer).outputQuantizers = [activation()];
    calibrated(model, x);
    slots(model.at(1)).inputQuantizers = [activation()];
    expect(() => lowerToInteger(model, x)).toThrow(/QuantizedTanh: input quantizer 0 has no encoding yet/);
  });

  it('is none where no tensor arrives', () => {
    class Plus extends nn.Module {
      add = new nn.Add();
      forward(x: Tensor): Tensor {
        return this.add.forward(x, 2);
      }
    }
    const model = toQuantized(new Plus());
    Object.assign(slots(model.add), {
      inputQuantizers: [activation(), activation()],
      outputQuantizers: [activation()],
    });
    expect(lowerToInteger(calibrated(model, x), x).report.floats).toEqual([]);
  });
});

it.each<[string, number, (layer: QuantizedLinear) => Tensor]>([
  ['weight', NaN, ({ weight }) => weight],
  ['bias', Infinity, ({ bias }) => bias!],
])('a layer whose %s is %f somewhere stays as it is, and the report says so', (name, value, of) => {
  const x = randn([5, 4]);
  const layer = calibrated(placed(new QuantizedLinear(4, 3)), x);
  noGrad(() => of(layer).fill_(value));
  expect(lowerToInteger(layer, x).report.floats.map(({ why }) => why)).toEqual([
    `its parameter '${name}' has values that are not finite`,
  ]);
});

it('a convolution that pads with something else than zeros stays as it is', () => {
  const conv = slots(toQuantized(new nn.Conv1d(2, 3, 3, { padding: 1, paddingMode: 'circular' })));
  conv.inputQuantizers = [activation()];
  conv.paramQuantizers.weight = weights();
  const x = randn([1, 2, 8]);
  expect(lowerToInteger(calibrated(conv, x), x).report.floats[0]!.why).toBe(
    "it pads by 'circular', integer convolutions pad with zeros",
  );
});

it('outputs with grids of their own leave a layer as it is, and the report says so', () => {
  class Halves extends nn.Module {
    split = new nn.Split();
    forward(x: Tensor): Tensor[] {
      return this.split.forward(x, 4, 1) as Tensor[];
    }
  }
  const model = toQuantized(new Halves());
  slots(model.split).inputQuantizers = [activation()];
  slots(model.split).outputQuantizers = [activation(), activation(4)];
  const x = randn([5, 8]).mul(tensor([1, 1, 1, 1, 10, 10, 10, 10]));
  const lowered = lowerToInteger(calibrated(model, x), x);
  expect(lowered.report.floats.map(({ why }) => why)).toEqual(['its outputs have grids of their own']);
  expect(apart(lowered.model, model, x)).toEqual([0, 0]);
});
