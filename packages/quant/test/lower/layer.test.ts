import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import { lowerToInteger, readInteger, toQuantized, writeInteger } from '../../src/index.js';
import { activation, apart, calibrated, slots, weights } from './layers.js';

beforeEach(() => manualSeed(5));

it('an integer layer refuses to fall back to floats later on', () => {
  class Gated extends nn.Module {
    inner = new nn.ReLU();
    act = new nn.Sigmoid();
    skip = false;
    forward(x: Tensor): Tensor {
      return this.act.forward(this.skip ? x : this.inner.forward(x));
    }
  }
  const model = toQuantized(new Gated());
  slots(model.inner).inputQuantizers = [activation()];
  for (const layer of [model.inner, model.act]) slots(layer).outputQuantizers = [activation()];
  const input = randn([20, 16]);
  const { model: integer } = lowerToInteger(calibrated(model, input), input);
  integer.skip = true;
  expect(() => integer.forward(input)).toThrow(/Sigmoid 'act': was lowered to compute as 'integer'.*arrives as floats/);
});

it('a layer says of which kind an input is that it cannot compute with', () => {
  class Net extends nn.Module {
    wide = new nn.Tanh();
    fc = new nn.Linear(8, 3);
    given = new nn.Linear(8, 3);
    after = new nn.Linear(8, 3);
    forward(x: Tensor, n: Tensor): Tensor[] {
      const h = this.wide.forward(x);
      return [this.fc.forward(h), this.given.forward(n), this.after.forward(h.relu())];
    }
  }
  const model = toQuantized(new Net());
  slots(model.wide).outputQuantizers = [activation(20)];
  for (const layer of [model.fc, model.given, model.after]) slots(layer).paramQuantizers.weight = weights();
  const inputs = [randn([4, 8]), randn([4, 8])];
  const { report } = lowerToInteger(calibrated(model, ...inputs), inputs);
  expect(report.floats.map(({ path, why }) => [path, why.split('. ')[0]])).toEqual([
    ['wide', 'its output has more than 16 bits'],
    ['fc', 'its input has more than 16 bits'],
    ['given', expect.stringMatching(/as floats: the model was given it/)],
    ['after', expect.stringMatching(/a function of tensors or a layer without an output quantizer made it/)],
  ]);
});

it('the mode of training does not reach integer layers', () => {
  const model = new nn.Sequential(new nn.Tanh(), new nn.Dropout(0.5), new nn.BatchNorm1d(8));
  toQuantized(model).eval();
  for (const [i, layer] of [...model].entries()) {
    if (i === 0) slots(layer).inputQuantizers = [activation()];
    if (i !== 1) slots(layer).outputQuantizers = [activation()];
  }
  const x = randn([6, 8]);
  const lowered = lowerToInteger(calibrated(model, x), x).model;
  const before = noGrad(() => lowered.forward(x));
  expect(noGrad(() => lowered.train().forward(x)).toArray()).toEqual(before.toArray());
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
    const model = toQuantized(new Shared());
    slots(model.fc1).inputQuantizers = [activation()];
    slots(model.fc1).paramQuantizers.weight = weights();
    for (const layer of [model.fc1, model.norm1, model.gelu]) slots(layer).outputQuantizers = [activation()];
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

  it('is copied with all that a file needs', () => {
    const x = randn([4, 8]);
    const { model } = lowerToInteger(shared(x), x);
    const copy = model.clone();
    expect(apart(copy, model, x)).toEqual([0]);
    expect(writeInteger(copy)).toEqual(writeInteger(model));
  });
});
