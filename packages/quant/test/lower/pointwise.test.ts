import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import {
  lowerToInteger,
  QuantizedAdd,
  QuantizedLinear,
  QuantizedMultiply,
  QuantizedReLU,
  readInteger,
  writeInteger,
} from '../../src/index.js';
import { activation, apart, calibrated, compared, simulated, stepOf, weights } from './layers.js';

beforeEach(() => manualSeed(7));

describe('functions by table', () => {
  const functions = [
    nn.ReLU,
    nn.ReLU6,
    nn.Hardtanh,
    nn.Hardswish,
    nn.Hardsigmoid,
    nn.Sigmoid,
    nn.Tanh,
    nn.GELU,
    nn.SiLU,
    nn.LeakyReLU,
    nn.ELU,
  ];
  it.each(functions.map((type) => [type.name, type] as const))('%s is the simulation bit for bit', (_name, type) => {
    const x = randn([20, 30]).mul(3);
    const { route, most } = compared(simulated(new type(), [x]), x);
    expect([route, most]).toEqual(['integer', 0]);
  });
});

describe('functions of two operands', () => {
  it.each(
    [nn.Add, nn.Subtract, nn.Multiply, nn.Divide, nn.Maximum, nn.Minimum].map((type) => [type.name, type] as const),
  )('%s, of operands that broadcast and of a number, is the simulation bit for bit', (_name, type) => {
    const inputs = [randn([20, 30]), randn([30]).mul(2)];
    const layer = simulated(new type(), inputs);
    expect(compared(layer, ...inputs).most).toBe(0);
    expect(compared(layer, inputs[0], 0.7).most).toBe(0);
  });

  it.each([nn.Add, nn.Subtract, nn.Multiply].map((type) => [type.name, type] as const))(
    '%s of 16-bit operands, too',
    (_name, type) => {
      const inputs = [randn([20, 30]), randn([20, 30])];
      const { route, most } = compared(simulated(new type(), inputs, { bits: 16 }), ...inputs);
      expect([route, most]).toEqual(['integer', 0]);
    },
  );

  it('a quantizer that no tensor reaches, beside a number, does not keep a product from integers', () => {
    const layer = new QuantizedMultiply();
    layer.inputQuantizers = [activation(), activation()];
    layer.outputQuantizers = [activation()];
    const x = randn([8]);
    const { model, report } = lowerToInteger(calibrated(layer, x, 0.5), [x, 0.5]);
    expect(report.floats).toEqual([]);
    expect(apart(model, layer, x, 0.5)).toEqual([0]);
  });
});

describe('a sum of two activations without a quantizer of its own', () => {
  class Residual extends nn.Module {
    fc = new QuantizedLinear(6, 6);
    add = new QuantizedAdd();
    relu = new QuantizedReLU();
    constructor(private readonly after: (sum: Tensor, relu: QuantizedReLU) => Tensor) {
      super();
      this.fc.paramQuantizers.weight = weights();
      for (const layer of [this.fc, this.relu]) layer.outputQuantizers = [activation()];
      this.fc.inputQuantizers = [activation()];
      this.add.inputQuantizers = [null, activation()];
    }
    forward(x: Tensor): Tensor {
      return this.after(this.add.forward(this.fc.forward(x), x), this.relu);
    }
  }
  const x = randn([9, 6]);
  const lowered = (after: (sum: Tensor, relu: QuantizedReLU) => Tensor) => {
    const model = calibrated(new Residual(after), x);
    const { model: integer, report } = lowerToInteger(model, x);
    return { integer, report, steps: apart(integer, model, x)[0]! / stepOf(model.relu) };
  };

  it('is computed on the grid of the layer that reads it, also from a file', () => {
    const { integer, report, steps } = lowered((sum, relu) => relu.forward(sum));
    expect(report.floats).toEqual([]);
    expect(steps).toBeLessThan(1.01);
    const read = readInteger(new Net(), writeInteger(integer));
    expect(noGrad(() => read.forward(x)).equal(noGrad(() => integer.forward(x)))).toBe(true);
  });

  class Net extends nn.Module {
    fc = new nn.Linear(6, 6);
    add = new nn.Add();
    relu = new nn.ReLU();
    forward(input: Tensor): Tensor {
      return this.relu.forward(this.add.forward(this.fc.forward(input), input));
    }
  }

  it.each([
    ['by a function between', (sum: Tensor, relu: QuantizedReLU) => relu.forward(sum.mul(2))],
    ['as a result of the model', (sum: Tensor, relu: QuantizedReLU) => (relu.forward(sum), sum)],
  ])('stays float where it is read as floats, %s', (_name, after) => {
    const { report, steps } = lowered(after);
    expect(report.floats.find(({ path }) => path === 'add')!.why).toMatch(
      /no output quantizer, and its result is read as floats/,
    );
    expect(steps).toBeLessThan(1.01);
  });
});
