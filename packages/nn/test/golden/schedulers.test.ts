import * as optim from '@q/nn/optim';
import { schedulerCase } from './schedulers.js';

const golden = (scheduler: string, options: object, lrs: readonly number[], rest = {}): object => ({
  name: scheduler,
  scheduler,
  options,
  opt: 'SGD',
  base_lrs: [1],
  tol: [1e-12, 0],
  expected: { lr: lrs.map((lr) => [lr]) },
  ...rest,
});

const halving = { name: 'StepLR', options: { step_size: 1, gamma: 0.5 } };
const tenth = { name: 'ExponentialLR', options: { gamma: 0.1 } };

const cases: readonly object[] = [
  golden('LambdaLR', { lr_lambda: 'lambda epoch: 1 / (epoch + 1)' }, [1, 1 / 2, 1 / 3]),
  golden('LambdaLR', { lr_lambda: [{ $expr: 'lambda e: 0.5 ** e' }], verbose: false }, [1, 0.5, 0.25]),
  golden('MultiplicativeLR', { lr_lambda: 'lambda epoch: 0.5' }, [1, 0.5, 0.25]),
  golden('ReduceLROnPlateau', { mode: 'max', factor: 0.5, patience: 0, threshold_mode: 'abs' }, [1, 1, 0.5, 0.5], {
    metrics: [3, 2, 4],
  }),
  golden('SequentialLR', { schedulers: [halving, tenth], milestones: [2] }, [1, 0.5, 1, 0.1]),
  golden('ChainedScheduler', { schedulers: [halving, tenth] }, [1, 0.05, 0.0025]),
];

describe('schedulerCase', () => {
  it.each(cases.map((given) => schedulerCase(given as Record<string, unknown>, optim)))('runs $name', ({ run }) =>
    expect(() => void run()).not.toThrow(),
  );

  it('tells rates that differ', () =>
    expect(
      () =>
        void schedulerCase(golden('ExponentialLR', { gamma: 0.5 }, [1, 0.4]) as Record<string, unknown>, optim).run(),
    ).toThrow(/before step 2/));
});
