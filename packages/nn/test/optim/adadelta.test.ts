import { ArgumentError } from '@q/tensor';
import { Adadelta, type AdadeltaOptions } from '@q/nn/optim';
import { course, courseOf, expectSame } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<AdadeltaOptions>): number[] {
  const { lr = 1, rho = 0.9, eps = 1e-6, weightDecay = 0, maximize = false } = options;
  let [v, u] = [0, 0];
  return courseOf((value, gradient) => {
    const g = (maximize ? -gradient : gradient) + weightDecay * value;
    v = rho * v + (1 - rho) * g * g;
    const delta = (Math.sqrt(u + eps) / Math.sqrt(v + eps)) * g;
    u = rho * u + (1 - rho) * delta * delta;
    return value - lr * delta;
  });
}

describe('Adadelta', () => {
  it.each<Partial<AdadeltaOptions>>([{}, { lr: 2, rho: 0.5, eps: 1e-3 }, { weightDecay: 0.2, maximize: true }])(
    'takes the steps of the formula with %j',
    (options) =>
      expectSame(
        course((param) => new Adadelta([param], options)),
        wanted(options),
      ),
  );

  it('refuses a decay of 1', () =>
    expect(() => course((param) => new Adadelta([param], { rho: 1 }))).toThrow(ArgumentError));
});
