import { Adamax, type MomentOptions } from '@q/nn/optim';
import { course, courseOf, expectSame } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<MomentOptions>): number[] {
  const { lr = 2e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, maximize = false } = options;
  let [m, u] = [0, 0];
  return courseOf((value, gradient, t) => {
    const g = (maximize ? -gradient : gradient) + weightDecay * value;
    m = betas[0] * m + (1 - betas[0]) * g;
    u = Math.max(betas[1] * u, Math.abs(g) + eps);
    return value - (lr * m) / ((1 - betas[0] ** t) * u);
  });
}

describe('Adamax', () => {
  it.each<Partial<MomentOptions>>([
    {},
    { lr: 0.1, betas: [0.8, 0.6], eps: 1e-3 },
    { lr: 0.1, weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((param) => new Adamax([param], options)),
      wanted(options),
    ),
  );
});
