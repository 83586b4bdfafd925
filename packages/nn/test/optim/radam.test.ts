import { RAdam, type RAdamOptions } from '@q/nn/optim';
import { course, courseOf, expectSame } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<RAdamOptions>): number[] {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, maximize = false } = options;
  let [m, v] = [0, 0];
  const longest = 2 / (1 - betas[1]) - 1;
  return courseOf((start, gradient, t) => {
    const decoupled = options.decoupledWeightDecay === true;
    const value = decoupled ? start - lr * weightDecay * start : start;
    const g = (maximize ? -gradient : gradient) + (decoupled ? 0 : weightDecay * start);
    m = betas[0] * m + (1 - betas[0]) * g;
    v = betas[1] * v + (1 - betas[1]) * g * g;
    const mean = m / (1 - betas[0] ** t);
    const length = longest - (2 * t * betas[1] ** t) / (1 - betas[1] ** t);
    if (length <= 5) return value - lr * mean;
    const adaptive = Math.sqrt(1 - betas[1] ** t) / (Math.sqrt(v) + eps);
    const above = (length - 4) * (length - 2) * longest;
    return value - lr * mean * adaptive * Math.sqrt(above / ((longest - 4) * (longest - 2) * length));
  });
}

describe('RAdam', () => {
  it.each<Partial<RAdamOptions>>([
    {},
    { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3 },
    // With so short a mean the rate is never adaptive.
    { lr: 0.1, betas: [0.8, 0.5] },
    { lr: 0.1, weightDecay: 0.2 },
    { lr: 0.1, weightDecay: 0.2, decoupledWeightDecay: true },
    { lr: 0.1, weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((param) => new RAdam([param], options)),
      wanted(options),
    ),
  );
});
