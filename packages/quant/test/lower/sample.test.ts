import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, tensor, type Tensor } from '@q/tensor';
import {
  affine,
  computeEncodings,
  lowerToInteger,
  QuantizationMixin,
  readInteger,
  toQuantized,
  writeInteger,
  type QuantizedModule,
} from '../../src/index.js';

const grid = (bitwidth = 8) => new affine.QuantizeDequantize({ shape: [], bitwidth, symmetric: false });
const slots = (module: nn.Module): QuantizedModule => module as unknown as QuantizedModule;

function calibrated<M extends nn.Module>(model: M, x: Tensor): M {
  noGrad(() => computeEncodings(model, () => model.forward(x)));
  return model;
}

/** The largest difference of the results of two models. */
function apart(a: nn.Module, b: nn.Module, x: Tensor): number[] {
  const run = (model: nn.Module): Tensor[] => [noGrad(() => model.forward(x) as Tensor | Tensor[])].flat();
  const others = run(b);
  return run(a).map((y, i) => y.sub(others[i]!).abs().max().item());
}

const weight = () => new affine.QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: true });

beforeEach(() => manualSeed(5));

describe('what the sample shows of a model', () => {
  it('a result in its accumulators that is a result of the model stays readable', () => {
    class Two extends nn.Module {
      fc = new nn.Linear(8, 8);
      relu = new nn.ReLU();
      forward(x: Tensor): Tensor[] {
        const hidden = this.fc.forward(x);
        return [this.relu.forward(hidden), hidden.reshape([-1])];
      }
    }
    const model = new Two();
    toQuantized(model);
    slots(model.fc).inputQuantizers = [grid()];
    slots(model.fc).paramQuantizers.weight = weight();
    slots(model.relu).outputQuantizers = [grid()];
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x).model;
    const [clamped, sums] = apart(lowered, model, x);
    expect(clamped).toBeLessThan(0.05);
    expect(sums).toBeLessThan(1e-4);
  });

  it('a layer that is called twice, for layers with grids of their own', () => {
    class Twice extends nn.Module {
      fc = new nn.Linear(8, 8);
      a = new nn.ReLU();
      b = new nn.ReLU6();
      forward(x: Tensor): Tensor {
        return this.b.forward(this.fc.forward(this.a.forward(this.fc.forward(x))));
      }
    }
    const model = new Twice();
    toQuantized(model);
    slots(model.fc).inputQuantizers = [grid()];
    slots(model.fc).paramQuantizers.weight = weight();
    for (const layer of [model.a, model.b]) slots(layer).outputQuantizers = [grid()];
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x);
    expect(lowered.report.floats).toEqual([]);
    expect(apart(lowered.model, model, x)[0]).toBeLessThan(0.05);
  });

  it('outputs with grids of their own leave a layer as it is, and say so', () => {
    class Halves extends nn.Module {
      split = new nn.Split();
      forward(x: Tensor): Tensor[] {
        return this.split.forward(x, 4, 1) as Tensor[];
      }
    }
    const model = new Halves();
    toQuantized(model);
    slots(model.split).inputQuantizers = [grid()];
    slots(model.split).outputQuantizers = [grid(), grid(4)];
    const x = randn([5, 8]).mul(tensor([1, 1, 1, 1, 10, 10, 10, 10]));
    const lowered = lowerToInteger(calibrated(model, x), x);
    expect(lowered.report.floats.map(({ why }) => why)).toEqual(['its outputs have grids of their own']);
    expect(apart(lowered.model, model, x)).toEqual([0, 0]);
  });

  it('embeddings that renormalize, and pools that give indices, stay as they are', () => {
    const index = tensor([0, 1, 2, 3, 4], { dtype: 'int32' });
    const embedding = QuantizationMixin.fromModule(new nn.Embedding(5, 3, { maxNorm: 0.5 }));
    embedding.outputQuantizers = [grid()];
    const lowered = lowerToInteger(calibrated(embedding, index), index);
    expect(lowered.report.floats[0]!.why).toMatch(/maxNorm/);
    expect(apart(lowered.model, embedding, index)).toEqual([0]);

    const pool = QuantizationMixin.fromModule(new nn.MaxPool2d(2, { returnIndices: true }));
    pool.inputQuantizers = [grid()];
    const image = randn([1, 2, 6, 6]);
    expect(lowerToInteger(calibrated(pool, image), image).report.floats[0]!.why).toMatch(/more than the integers/);
  });

  /** A linear layer, its ReLU and another linear layer, and what happens to the results between them. */
  class Written extends nn.Module {
    fc1 = new nn.Linear(8, 8);
    relu = new nn.ReLU();
    fc2 = new nn.Linear(8, 4);

    constructor(
      private readonly sums: (x: Tensor) => unknown,
      private readonly clamped: (x: Tensor) => unknown,
    ) {
      super();
    }

    forward(x: Tensor): Tensor {
      const sums = this.fc1.forward(x);
      this.sums(sums);
      const clamped = this.relu.forward(sums);
      this.clamped(clamped);
      return this.fc2.forward(clamped);
    }
  }

  const untouched = (): void => undefined;

  it.each<[string, (x: Tensor) => unknown, (x: Tensor) => unknown]>([
    ['sums', (x) => x.add_(1), untouched],
    ['sums through a view', (x) => x.reshape([-1]).add_(1), untouched],
    ['a result on a grid', untouched, (x) => x.mul_(3)],
    ['a result on a grid through a view', untouched, (x) => x.reshape([-1]).mul_(3)],
  ])('what is written to %s in place counts, on integers or not', (_what, sums, clamped) => {
    const model = new Written(sums, clamped);
    toQuantized(model);
    slots(model.fc1).inputQuantizers = [grid()];
    slots(model.relu).outputQuantizers = [grid()];
    slots(model.fc2).outputQuantizers = [grid()];
    for (const layer of [model.fc1, model.fc2]) slots(layer).paramQuantizers.weight = weight();
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x).model;
    const step = slots(model.fc2).outputQuantizers[0]!.getEncoding() as unknown as { scale: Tensor };
    for (let call = 0; call < 2; call++)
      expect(apart(lowered, model, x)[0]).toBeLessThanOrEqual(1.01 * step.scale.item());
  });

  it('the mode of training does not reach integer layers', () => {
    const model = new nn.Sequential(new nn.Tanh(), new nn.Dropout(0.5), new nn.BatchNorm1d(8));
    toQuantized(model).eval();
    for (const [i, layer] of [...model].entries()) {
      if (i === 0) slots(layer).inputQuantizers = [grid()];
      if (i !== 1) slots(layer).outputQuantizers = [grid()];
    }
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x).model;
    const before = noGrad(() => lowered.forward(x)) as Tensor;
    expect((noGrad(() => lowered.train().forward(x)) as Tensor).toArray()).toEqual(before.toArray());
  });

  it.each(['float16', 'bfloat16'] as const)('a model of %s gives what its simulation does, to a step', (dtype) => {
    const model = new nn.Sequential(new nn.Linear(8, 8), new nn.LayerNorm([8]), new nn.Linear(8, 8));
    for (const [i, parameter] of model.parameters().entries()) if (parameter.ndim === 1) nn.init.normal(parameter, i);
    model.to(dtype);
    toQuantized(model);
    slots(model.at(0)).inputQuantizers = [grid()];
    for (const layer of model) {
      slots(layer).outputQuantizers = [grid()];
      if (layer instanceof nn.Linear) slots(layer).paramQuantizers.weight = weight();
    }
    const x = randn([6, 8]).to(dtype);
    const lowered = lowerToInteger(calibrated(model, x), x);
    expect(lowered.report.floats).toEqual([]);
    const { scale } = slots(model.at(2)).outputQuantizers[0]!.getEncoding() as unknown as { scale: Tensor };
    expect(apart(lowered.model, model, x)[0]! / scale.item()).toBeLessThanOrEqual(3);
  });

  it('an input whose quantizer was set after calibration is refused, one that no tensor reaches is not', () => {
    const model = new nn.Sequential(new nn.Linear(8, 8), new nn.Tanh());
    toQuantized(model);
    slots(model.at(0)).inputQuantizers = [grid()];
    slots(model.at(0)).paramQuantizers.weight = weight();
    for (const layer of model) slots(layer).outputQuantizers = [grid()];
    const x = randn([6, 8]);
    calibrated(model, x);
    slots(model.at(1)).inputQuantizers = [grid()];
    expect(() => lowerToInteger(model, x)).toThrow(/QuantizedTanh: input quantizer 0 has no encoding yet/);
    class Plus extends nn.Module {
      add = new nn.Add();
      forward(x: Tensor): Tensor {
        return this.add.forward(x, 2);
      }
    }
    const plus = new Plus();
    toQuantized(plus);
    Object.assign(slots(plus.add), { inputQuantizers: [grid(), grid()], outputQuantizers: [grid()] });
    expect(lowerToInteger(calibrated(plus, x), x).report.floats).toEqual([]);
  });

  it('embeddings want whole indices, as before', () => {
    const index = tensor([0, 1], { dtype: 'int32' });
    const embedding = QuantizationMixin.fromModule(new nn.Embedding(5, 3));
    embedding.outputQuantizers = [grid()];
    const { model } = lowerToInteger(calibrated(embedding, index), index);
    expect(() => model.forward(tensor([1.5]))).toThrow(/indices must be integers, got float32/);
  });
});

describe('the state of a lowered model', () => {
  /** A layer under two names, a norm and an activation. */
  class Shared extends nn.Module {
    fc1 = new nn.Linear(8, 8);
    fc2 = this.fc1;
    norm1 = new nn.LayerNorm(8);
    norm2 = this.norm1;
    gelu = new nn.GELU();
    forward(x: Tensor): Tensor {
      return this.gelu.forward(this.norm2.forward(this.fc2.forward(this.norm1.forward(this.fc1.forward(x)))));
    }
  }

  function shared(x: Tensor): Shared {
    const model = new Shared();
    toQuantized(model);
    slots(model.fc1).inputQuantizers = [grid()];
    slots(model.fc1).paramQuantizers.weight = weight();
    for (const layer of [model.fc1, model.norm1, model.gelu]) slots(layer).outputQuantizers = [grid()];
    return calibrated(model, x);
  }

  it('does not change when it runs, and has every parameter once', () => {
    const x = randn([4, 8]);
    const { model } = lowerToInteger(shared(x), x);
    const before = Object.keys(model.stateDict());
    model.forward(x);
    expect(Object.keys(model.stateDict())).toEqual(before);
    expect(before.filter((name) => name.startsWith('norm1.'))).toEqual(['norm1.inside.weight', 'norm1.inside.bias']);
  });

  it('is saved and loaded where a layer has two names', () => {
    const x = randn([4, 8]);
    const { model } = lowerToInteger(shared(x), x);
    const loaded = readInteger(new Shared(), writeInteger(model));
    expect(apart(loaded, model, x)).toEqual([0]);
  });
});
