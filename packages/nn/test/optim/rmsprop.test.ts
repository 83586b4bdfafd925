import { ArgumentError } from '@q/tensor';
import { RMSprop, type RMSpropOptions } from '@q/nn/optim';
import { course, courseOf, expectOwnStateLoads, expectSame, param } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(options: Partial<RMSpropOptions>): number[] {
  const { lr = 0.01, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0 } = options;
  const { centered = false, maximize = false } = options;
  let [v, mean, b] = [0, 0, 0];
  return courseOf((value, gradient) => {
    const g = (maximize ? -gradient : gradient) + weightDecay * value;
    v = alpha * v + (1 - alpha) * g * g;
    mean = alpha * mean + (1 - alpha) * g;
    const scaled = g / (Math.sqrt(centered ? v - mean * mean : v) + eps);
    b = momentum * b + scaled;
    return value - lr * b;
  });
}

describe('RMSprop', () => {
  it.each<Partial<RMSpropOptions>>([
    {},
    { lr: 0.1, alpha: 0.5, eps: 1e-3, momentum: 0.9 },
    { centered: true, weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((parameter) => new RMSprop([parameter], options)),
      wanted(options),
    ),
  );

  it.each([
    ['momentum', { momentum: 0 }, { momentum: 0.9 }, {}],
    ['centered', { centered: false }, { centered: true }, {}],
    ['momentum and centered, later', {}, {}, { centered: true, momentum: 0.9 }],
  ])('loads its own state where a group has another %s than the defaults', (_what, own, defaults, later) =>
    expectOwnStateLoads((p) => new RMSprop([{ params: [p], ...own }], defaults), later),
  );

  it.each([{ alpha: -1 }, { eps: NaN }, { momentum: 'x' }, { centered: 'false' }])('refuses %j', (options) =>
    expect(() => new RMSprop([param(1)], options as Partial<RMSpropOptions>)).toThrow(ArgumentError),
  );
});
