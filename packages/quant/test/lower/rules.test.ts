import * as nn from '@q/nn';
import { manualSeed, noGrad, ones, randn, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  integerLinear,
  isQuantized,
  lowerToInteger,
  QuantizedAdd,
  QuantizedLinear,
  QuantizedMultiply,
  QuantizedReLU,
  QuantizedTensor,
  readInteger,
  toQuantized,
  writeInteger,
  type Kernel,
} from '../../src/index.js';

const grid = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
const weights = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });

function placed<L extends QuantizedLinear>(layer: L): L {
  layer.inputQuantizers = [grid()];
  layer.outputQuantizers = [grid()];
  layer.paramQuantizers.weight = weights();
  return layer;
}

beforeEach(() => manualSeed(11));

describe('a layer that does not compute what its class does', () => {
  const x = randn([5, 4]);
  const zeros: Kernel = (_inputs, _params, { outputEncoding }) =>
    new QuantizedTensor(ones([5, 3]).mul(outputEncoding.qmin), outputEncoding);

  it.each([
    [
      'a subclass',
      class extends QuantizedLinear {
        override forward(input: Tensor) {
          return super.forward(input).mul(2);
        }
      },
    ],
  ])('%s with a forward of its own stays as it is, and the report says so', (_name, type) => {
    const layer = placed(new type(4, 3));
    computeEncodings(layer, () => layer.forward(x));
    const { model, report } = lowerToInteger(layer, x);
    expect(report.floats.map(({ why }) => why)).toEqual([
      'it has a forward of its own, which may compute something else',
    ]);
    expect(noGrad(() => model.forward(x)).equal(noGrad(() => layer.forward(x)))).toBe(true);
  });

  it('a subclass that runs as its class does is lowered', () => {
    const layer = placed(new (class extends QuantizedLinear {})(4, 3));
    computeEncodings(layer, () => layer.forward(x));
    expect(lowerToInteger(layer, x).report.floats).toEqual([]);
  });

  it('a kernel of its own, too; kernels of this library compute the same', () => {
    const layer = placed(new QuantizedLinear(4, 3));
    computeEncodings(layer, () => layer.forward(x));
    layer.setKernel(zeros);
    const { model, report } = lowerToInteger(layer, x);
    expect(report.floats.map(({ why }) => why)).toEqual(['it has a kernel, which may compute something else']);
    expect(noGrad(() => model.forward(x)).equal(noGrad(() => layer.forward(x)))).toBe(true);
    layer.setKernel(integerLinear);
    expect(lowerToInteger(layer, x).report.floats).toEqual([]);
  });
});

describe('quantizers that nothing has reached', () => {
  it('beside a number do not keep a product from integers', () => {
    const layer = new QuantizedMultiply();
    layer.inputQuantizers = [grid(), grid()];
    layer.outputQuantizers = [grid()];
    const x = randn([8]);
    const run = (model: { forward(a: Tensor, b: number): unknown }) => noGrad(() => model.forward(x, 0.5)) as Tensor;
    computeEncodings(layer, () => run(layer));
    const { model, report } = lowerToInteger(layer, [x, 0.5]);
    expect(report.floats).toEqual([]);
    expect(run(model).equal(run(layer))).toBe(true);
  });

  it('of a layer that does not run are told; of one that runs they are an error', () => {
    class Net extends nn.Module {
      used = placed(new QuantizedLinear(4, 3));
      unused = placed(new QuantizedLinear(4, 3));
      forward(x: Tensor, both = false): Tensor {
        const y = this.used.forward(x);
        return both ? y.add(this.unused.forward(x)) : y;
      }
    }
    const [model, x] = [new Net(), randn([5, 4])];
    computeEncodings(model.used, () => model.forward(x));
    const { report } = lowerToInteger(model, x);
    expect(report.floats.map(({ path, why }) => [path, why])).toEqual([
      ['unused', 'output quantizer 0 has no encoding yet'],
    ]);
    expect(() => lowerToInteger(model, [x, true])).toThrow(/has no encoding yet/);
  });
});

describe('attention', () => {
  const make = (): nn.TransformerEncoderLayer =>
    new nn.TransformerEncoderLayer(16, 2, { dimFeedforward: 24, dropout: 0, batchFirst: true }).eval();
  const float = make();
  const x = randn([3, 7, 16]);

  /** The layer with quantizers at every place but biases. */
  function calibrated(): nn.TransformerEncoderLayer {
    const model = toQuantized(float.clone());
    for (const module of model.modules()) {
      if (!isQuantized(module)) continue;
      module.inputQuantizers = module.inputQuantizers.map((_slot, i) => (i < 2 ? grid() : null));
      module.outputQuantizers = module.outputQuantizers.map(grid);
      if ('weight' in module.paramQuantizers && module instanceof QuantizedLinear)
        module.paramQuantizers.weight = weights();
    }
    noGrad(() => computeEncodings(model, () => model.forward(x)));
    return model;
  }

  it('runs on integers, its projections included, and comes back from a file as the same bits', () => {
    const model = calibrated();
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

  it('with 16 bits, where products are of two bytes each', () => {
    const layer = new nn.DynamicLinear();
    const [input, weight, bias] = [randn([4, 9]), randn([6, 9]), randn([6])];
    const model = toQuantized(layer) as nn.DynamicLinear & QuantizedReLU;
    const wide = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 12, symmetric: true });
    model.inputQuantizers = [wide(), wide(), null];
    const run = (module: nn.Module) => noGrad(() => module.forward(input, weight, bias)) as Tensor;
    computeEncodings(model, () => run(model));
    const lowered = lowerToInteger(model, [input, weight, bias]);
    expect(String(lowered.report)).toMatch(/integer/);
    expect(run(lowered.model).allclose(run(model), { atol: 1e-4 })).toBe(true);
  });
});

describe('a sum of two activations without a quantizer of its own', () => {
  class Residual extends nn.Module {
    fc = placed(new QuantizedLinear(6, 6));
    add = new QuantizedAdd();
    relu = new QuantizedReLU();
    constructor(private readonly after: (sum: Tensor, relu: QuantizedReLU) => Tensor) {
      super();
      this.relu.outputQuantizers = [grid()];
      this.add.inputQuantizers = [null, grid()];
    }
    forward(x: Tensor): Tensor {
      return this.after(this.add.forward(this.fc.forward(x), x), this.relu);
    }
  }
  const x = randn([9, 6]);
  const lowered = (after: (sum: Tensor, relu: QuantizedReLU) => Tensor) => {
    const model = new Residual(after);
    noGrad(() => computeEncodings(model, () => model.forward(x)));
    const { model: integer, report } = lowerToInteger(model, x);
    const step = model.relu.outputQuantizers[0]!.getEncoding() as unknown as { scale: Tensor };
    const apart = noGrad(() => integer.forward(x).sub(model.forward(x)).abs());
    return { model, integer, report, apart: apart.max().item() / step.scale.item() };
  };

  it('is computed on the grid of the layer that reads it, also from a file', () => {
    const { integer, report, apart } = lowered((sum, relu) => relu.forward(sum));
    expect(report.floats).toEqual([]);
    expect(apart).toBeLessThan(1.01);
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
    const { report, apart } = lowered(after);
    expect(report.floats.find(({ path }) => path === 'add')!.why).toMatch(
      /no output quantizer, and its result is read as floats/,
    );
    expect(apart).toBeLessThan(1.01);
  });
});
