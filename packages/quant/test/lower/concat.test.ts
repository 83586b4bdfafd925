import * as nn from '@q/nn';
import { randn, type Tensor } from '@q/tensor';
import { lowerToInteger, toQuantized } from '../../src/index.js';
import { activation, calibrated, distance, slots } from './layers.js';

class Join extends nn.Module {
  left = new nn.ReLU();
  right = new nn.Tanh();
  concat = new nn.Concat(1);
  forward(x: Tensor): Tensor {
    return this.concat.forward(this.left.forward(x), this.right.forward(x));
  }
}

/** The model with a quantizer at every place but, where told so, the result. */
function join(x: Tensor, output: boolean): Join {
  const model = toQuantized(new Join());
  for (const layer of [model.left, model.right]) {
    slots(layer).inputQuantizers = [activation()];
    slots(layer).outputQuantizers = [activation()];
  }
  if (output) slots(model.concat).outputQuantizers = [activation()];
  return calibrated(model, x);
}

it('inputs with grids of their own are the simulation bit for bit', () => {
  const x = randn([20, 30]);
  const model = join(x, true);
  const lowered = lowerToInteger(model, x);
  expect(lowered.report.layers.map(({ route }) => route)).toEqual(['integer', 'integer', 'integer']);
  expect(distance(model, lowered, [x]).most).toBe(0);
});

it('without a grid for the result there are floats, and the report says so', () => {
  const x = randn([20, 30]);
  expect(lowerToInteger(join(x, false), x).report.floats.map(({ path, why }) => `${path}: ${why}`)).toEqual([
    'concat: it has no output quantizer, so its result is floats',
  ]);
});
