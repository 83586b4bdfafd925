import { Adam, AdamW, type AdamOptions } from '@q/nn/optim';
import { course, courseOf, expectOwnStateLoads, expectSame, param, run } from './steps.js';

/** The update as PyTorch's documentation states it. */
function wanted(decoupled: boolean, options: Partial<AdamOptions>): number[] {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = options;
  const { amsgrad = false, maximize = false } = options;
  let [m, v, most] = [0, 0, 0];
  return courseOf((start, gradient, t) => {
    const value = decoupled ? start * (1 - lr * weightDecay) : start;
    const g = (maximize ? -gradient : gradient) + (decoupled ? 0 : weightDecay * start);
    m = betas[0] * m + (1 - betas[0]) * g;
    v = betas[1] * v + (1 - betas[1]) * g * g;
    most = Math.max(most, v);
    const root = Math.sqrt((amsgrad ? most : v) / (1 - betas[1] ** t));
    return value - (lr * m) / (1 - betas[0] ** t) / (root + eps);
  });
}

describe.each([
  ['Adam', Adam, false],
  ['AdamW', AdamW, true],
] as const)('%s', (_, Class, decoupled) => {
  it.each<Partial<AdamOptions>>([
    {},
    { lr: 0.1, betas: [0.8, 0.6], eps: 1e-3 },
    { lr: 0.1, betas: [0.8, 0.6], amsgrad: true },
    { lr: 0.1, weightDecay: 0.2, maximize: true },
  ])('takes the steps of the formula with %j', (options) =>
    expectSame(
      course((parameter) => new Class([parameter], options)),
      wanted(decoupled, options),
    ),
  );

  it.each([
    ['from the start', { amsgrad: false }, { amsgrad: true }, {}],
    ['later', {}, {}, { amsgrad: true }],
  ])('loads its own state where a group has another amsgrad than the defaults, %s', (_when, own, defaults, later) =>
    expectOwnStateLoads((p) => new Class([{ params: [p], ...own }], defaults), later),
  );

  it('counts the steps it makes', () => {
    const p = param(1, 2);
    const optimizer = new Class([p]);
    run(optimizer, p, 0, 3);
    expect(optimizer.state.get(p)!.step).toBe(3);
  });
});
