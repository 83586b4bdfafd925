import { ArgumentError } from '@q/tensor';
import { Adagrad, type AdagradOptions } from '@q/nn/optim';
import { course, courseOf, expectSame, param } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<AdagradOptions>): number[] {
  const {
    lr = 0.01,
    lrDecay = 0,
    weightDecay = 0,
    initialAccumulatorValue = 0,
    eps = 1e-10,
    maximize = false,
  } = options;
  let sum = initialAccumulatorValue;
  return courseOf((value, gradient, t) => {
    const g = (maximize ? -gradient : gradient) + weightDecay * value;
    sum += g * g;
    return value - ((lr / (1 + (t - 1) * lrDecay)) * g) / (Math.sqrt(sum) + eps);
  });
}

describe('Adagrad', () => {
  it.each<Partial<AdagradOptions>>([
    {},
    { lr: 0.5, lrDecay: 0.1, initialAccumulatorValue: 2, eps: 1e-3 },
    { weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((parameter) => new Adagrad([parameter], options)),
      wanted(options),
    ),
  );

  it.each([{ lrDecay: -1 }, { initialAccumulatorValue: Infinity }, { maximize: 1 }])('refuses %j', (options) =>
    expect(() => new Adagrad([param(1)], options as Partial<AdagradOptions>)).toThrow(ArgumentError),
  );
});
