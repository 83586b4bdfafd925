import { ArgumentError } from '@q/tensor';
import { NAdam, type NAdamOptions } from '@q/nn/optim';
import { course, courseOf, expectSame } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<NAdamOptions>): number[] {
  const {
    lr = 2e-3,
    betas = [0.9, 0.999],
    eps = 1e-8,
    weightDecay = 0,
    momentumDecay = 4e-3,
    maximize = false,
  } = options;
  let [m, v, product] = [0, 0, 1];
  return courseOf((start, gradient, t) => {
    const decoupled = options.decoupledWeightDecay === true;
    const value = decoupled ? start - lr * weightDecay * start : start;
    const g = (maximize ? -gradient : gradient) + (decoupled ? 0 : weightDecay * start);
    const mu = betas[0] * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    const next = betas[0] * (1 - 0.5 * 0.96 ** ((t + 1) * momentumDecay));
    product *= mu;
    m = betas[0] * m + (1 - betas[0]) * g;
    v = betas[1] * v + (1 - betas[1]) * g * g;
    const corrected = (next * m) / (1 - product * next) + ((1 - mu) * g) / (1 - product);
    return value - (lr * corrected) / (Math.sqrt(v / (1 - betas[1] ** t)) + eps);
  });
}

describe('NAdam', () => {
  it.each<Partial<NAdamOptions>>([
    {},
    { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, momentumDecay: 0.1 },
    { lr: 0.1, weightDecay: 0.2 },
    { lr: 0.1, weightDecay: 0.2, decoupledWeightDecay: true },
    { lr: 0.1, weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((param) => new NAdam([param], options)),
      wanted(options),
    ),
  );

  it('refuses a momentum decay below 0', () => {
    expect(() => course((param) => new NAdam([param], { momentumDecay: -1 }))).toThrow(ArgumentError);
    expect(() => course((param) => new NAdam([param], { betas: [1, 0.9] }))).toThrow(ArgumentError);
  });
});
