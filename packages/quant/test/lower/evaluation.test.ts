import * as nn from '@q/nn';
import { manualSeed, noGrad, randn, type Tensor } from '@q/tensor';
import { lowerToInteger, readInteger, toQuantized, writeInteger } from '../../src/index.js';
import { activation, calibrated, slots, weights } from './layers.js';

beforeEach(() => manualSeed(3));

const run = (model: nn.Module, x: Tensor): Tensor => noGrad(() => model.forward(x) as Tensor);

describe('a lowered model stays in evaluation', () => {
  const x = randn([6, 5, 8]);

  /** Dropouts, statistics and a layer without integers, of which training would change the result. */
  class Net extends nn.Module {
    attention = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, dropout: 0.5, batchFirst: true });
    lstm = new nn.LSTM(8, 8, { numLayers: 2, dropout: 0.5, batchFirst: true });
    norm = new nn.BatchNorm1d(5);
    fc = new nn.Linear(8, 3);
    forward(x: Tensor): Tensor {
      return this.fc.forward(this.norm.forward(this.lstm.forward(this.attention.forward(x))[0]));
    }
  }

  function lowered(): Net {
    const model = toQuantized(new Net().eval());
    slots(model.fc).inputQuantizers = [activation()];
    slots(model.fc).paramQuantizers.weight = weights();
    return lowerToInteger(calibrated(model, x), x).model;
  }

  it.each<[string, (model: Net) => unknown]>([
    ['of the model', (model) => model.train()],
    ['of a layer in it', (model) => model.modules().forEach((module) => module.train())],
    ['set by hand', (model) => model.modules().forEach((module) => (module.training = true))],
    ['of a copy', (model) => model.clone().train()],
  ])('whatever the mode of training %s', (_whose, set) => {
    const model = lowered();
    const before = run(model, x);
    const changed = set(model);
    const statistics = model.norm.runningMean!.toArray();
    const subject = changed instanceof Net ? changed : model;
    expect(run(subject, x).equal(before)).toBe(true);
    expect(subject.modules().some(({ training }) => training)).toBe(false);
    expect(subject.norm.runningMean!.toArray()).toEqual(statistics);
  });

  it('read from a file, too', () => {
    class Small extends nn.Module {
      fc = new nn.Linear(8, 8);
      own = new (class extends nn.Module {
        drop = new nn.RReLU();
        forward(x: Tensor): Tensor {
          return this.training ? x.mul(0) : x;
        }
      })();
      forward(x: Tensor): Tensor {
        return this.own.forward(this.fc.forward(x));
      }
    }
    const model = new Small();
    model.fc = slots(toQuantized(model.fc)) as unknown as nn.Linear;
    slots(model.fc).inputQuantizers = [activation()];
    slots(model.fc).paramQuantizers.weight = weights();
    const { model: integer } = lowerToInteger(calibrated(model, x), x);
    const read = readInteger(new Small(), writeInteger(integer)).train();
    expect(run(read, x).equal(run(integer, x))).toBe(true);
    expect(read.own.training).toBe(false);
  });
});
