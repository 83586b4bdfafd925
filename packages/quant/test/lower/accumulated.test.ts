import * as nn from '@q/nn';
import { manualSeed, randn, Tensor } from '@q/tensor';
import { lowerToInteger, toQuantized } from '../../src/index.js';
import { activation, apart, calibrated, calibratedMlp, slots, stepOf, weights } from './layers.js';

beforeEach(() => manualSeed(5));

describe('a result in its accumulators', () => {
  it('stays readable where it is a result of the model', () => {
    class Two extends nn.Module {
      fc = new nn.Linear(8, 8);
      relu = new nn.ReLU();
      forward(x: Tensor): Tensor[] {
        const hidden = this.fc.forward(x);
        return [this.relu.forward(hidden), hidden.reshape([-1])];
      }
    }
    const model = toQuantized(new Two());
    slots(model.fc).inputQuantizers = [activation()];
    slots(model.fc).paramQuantizers.weight = weights();
    slots(model.relu).outputQuantizers = [activation()];
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x).model;
    const [clamped, sums] = apart(lowered, model, x);
    expect(clamped).toBeLessThan(0.05);
    expect(sums).toBeLessThan(1e-4);
  });

  it('goes to several grids, of a layer that is called twice', () => {
    class Twice extends nn.Module {
      fc = new nn.Linear(8, 8);
      a = new nn.ReLU();
      b = new nn.ReLU6();
      forward(x: Tensor): Tensor {
        return this.b.forward(this.fc.forward(this.a.forward(this.fc.forward(x))));
      }
    }
    const model = toQuantized(new Twice());
    slots(model.fc).inputQuantizers = [activation()];
    slots(model.fc).paramQuantizers.weight = weights();
    for (const layer of [model.a, model.b]) slots(layer).outputQuantizers = [activation()];
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x);
    expect(lowered.report.floats).toEqual([]);
    expect(apart(lowered.model, model, x)[0]).toBeLessThan(0.05);
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
    ['it', (x) => x.add_(1), untouched],
    ['it through a view', (x) => x.reshape([-1]).add_(1), untouched],
    ['what a grid made of it', untouched, (x) => x.mul_(3)],
    ['what a grid made of it, through a view', untouched, (x) => x.reshape([-1]).mul_(3)],
  ])('counts what is written in place to %s, as the simulation does', (_what, sums, clamped) => {
    const model = toQuantized(new Written(sums, clamped));
    slots(model.fc1).inputQuantizers = [activation()];
    slots(model.relu).outputQuantizers = [activation()];
    slots(model.fc2).outputQuantizers = [activation()];
    for (const layer of [model.fc1, model.fc2]) slots(layer).paramQuantizers.weight = weights();
    const x = randn([6, 8]);
    const lowered = lowerToInteger(calibrated(model, x), x).model;
    for (let call = 0; call < 2; call++)
      expect(apart(lowered, model, x)[0]).toBeLessThanOrEqual(1.01 * stepOf(model.fc2));
  });

  it('is put on the grid of the one layer that reads it, and says so to any other reader', () => {
    const input = randn([20, 16]).mul(2);
    const { model: integer } = lowerToInteger(calibratedMlp(input), input);
    const lent = integer.first.forward(input);
    expect(integer.relu.forward(lent)).toBeInstanceOf(Tensor);
    const elsewhere = /Linear 'first': its result has no output quantizer and was put on the grid of the one layer/;
    expect(() => lent.data).toThrow(elsewhere);
    expect(() => integer.second.forward(lent)).toThrow(/its input arrives as floats/);
    const other = calibratedMlp(randn([10, 16]));
    const { model: stranger } = lowerToInteger(other, randn([10, 16]));
    expect(() => stranger.relu.forward(lent)).toThrow(elsewhere);
  });
});
