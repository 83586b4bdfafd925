import { ArgumentError } from '@q/tensor';
import * as optim from '@q/nn/optim';
import { sgdOf } from './steps.js';

describe('decaying rates', () => {
  it('LambdaLR starts from the first rate, MultiplicativeLR from the current one', () => {
    const [a, b] = [sgdOf(2, 4), sgdOf(2)];
    const lambda = new optim.LambdaLR(a, [(epoch) => 1 / (epoch + 1), () => 3]);
    const multiplicative = new optim.MultiplicativeLR(b, () => 0.5);
    for (let i = 0; i < 3; i++) {
      lambda.step();
      multiplicative.step();
    }
    expect(lambda.getLastLr()).toEqual([0.5, 12]);
    expect(multiplicative.getLastLr()).toEqual([0.25]);
  });

  it('LinearLR to 0 ends at 0, not below it', () => {
    for (let totalIters = 1; totalIters < 30; totalIters++) {
      const sgd = sgdOf(0.1);
      const linear = new optim.LinearLR(sgd, { endFactor: 0, totalIters });
      for (let epoch = 0; epoch < totalIters; epoch++) linear.step();
      expect(sgd.paramGroups[0]!.lr).toBeGreaterThanOrEqual(0);
      expect(sgd.paramGroups[0]!.lr).toBeCloseTo(0, 12);
      sgd.step();
    }
  });

  it('ConstantLR refuses a factor of 0, from which there is no way back', () => {
    expect(() => new optim.ConstantLR(sgdOf(1), { factor: 0 })).toThrow(/factor must be above 0/);
  });

  it.each([
    () => new optim.StepLR(sgdOf(1), 0),
    () => new optim.LinearLR(sgdOf(1), { startFactor: 0 }),
    () => new optim.ConstantLR(sgdOf(1), { factor: 2 }),
    () => new optim.LambdaLR(sgdOf(1, 1), [() => 1]),
    () => new optim.LambdaLR(sgdOf(1), [() => 1, () => 1]),
    () => new optim.MultiplicativeLR(sgdOf(1), [() => 1, () => 1]),
    () => new optim.LambdaLR(sgdOf(1), () => NaN),
    () => new optim.StepLR(sgdOf(1), 1, { gamma: NaN }),
    () => new optim.MultiStepLR(sgdOf(1), [1], { gamma: NaN }),
    () => new optim.ExponentialLR(sgdOf(1), NaN),
    () => new optim.ConstantLR(sgdOf(1), { totalIters: NaN }),
    () => new optim.LinearLR(sgdOf(1), { totalIters: NaN }),
    () => new optim.PolynomialLR(sgdOf(1), { power: NaN }),
  ])('refuse what makes no schedule (%#)', (make) => expect(make).toThrow(ArgumentError));
});
