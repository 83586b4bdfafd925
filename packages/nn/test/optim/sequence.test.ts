import { ArgumentError } from '@q/tensor';
import * as optim from '@q/nn/optim';
import { sgdOf } from './steps.js';

/** The rates of the first group at epochs 0 to `count` - 1. */
function rates(scheduler: optim.LRScheduler, count: number): number[] {
  return Array.from({ length: count }, (_, epoch) => {
    if (epoch > 0) scheduler.step();
    return scheduler.getLastLr()[0]!;
  });
}

const expectNear = (got: readonly number[], wanted: readonly number[]): void => {
  expect(got.length).toBe(wanted.length);
  got.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 12));
};

describe('SequentialLR', () => {
  it("gives the rates of PyTorch's example: constant, then falling by a tenth", () => {
    const sgd = sgdOf(0.05);
    const parts = [
      new optim.ConstantLR(sgd, { factor: 0.1, totalIters: 20 }),
      new optim.ExponentialLR(sgd, 0.9),
    ] as const;
    expectNear(
      rates(new optim.SequentialLR(sgd, parts, [20]), 24),
      Array.from({ length: 24 }, (_, epoch) => (epoch < 20 ? 0.005 : 0.05 * 0.9 ** (epoch - 20))),
    );
  });

  it('warms up, then follows a cosine from the first rate, in every group', () => {
    const sgd = sgdOf(0.1, 0.2);
    const warmUp = new optim.LinearLR(sgd, { startFactor: 0.2, totalIters: 4 });
    const scheduler = new optim.SequentialLR(sgd, [warmUp, new optim.CosineAnnealingLR(sgd, 10)], [4]);
    for (let epoch = 0; epoch < 12; epoch++) {
      const share = epoch < 4 ? 0.2 + (0.8 * epoch) / 4 : (1 + Math.cos((Math.PI * (epoch - 4)) / 10)) / 2;
      expectNear(scheduler.getLastLr(), [0.1 * share, 0.2 * share]);
      scheduler.step();
    }
  });

  it('lets MultiplicativeLR go on from the current rate, as PyTorch does', () => {
    const sgd = sgdOf(1);
    const parts = [new optim.ExponentialLR(sgd, 0.5), new optim.MultiplicativeLR(sgd, () => 0.1)];
    expectNear(rates(new optim.SequentialLR(sgd, parts, [2]), 5), [1, 0.5, 0.5, 0.05, 0.005]);
  });

  it('holds others made of several', () => {
    const sgd = sgdOf(1);
    const chained = new optim.ChainedScheduler([new optim.StepLR(sgd, 1, { gamma: 0.5 }), new optim.StepLR(sgd, 2)]);
    const scheduler = new optim.SequentialLR(sgd, [new optim.ConstantLR(sgd, { factor: 0.5 }), chained], [2]);
    expectNear(rates(scheduler, 5), [0.5, 0.5, 1, 0.5, 0.025]);
  });

  it('goes on where a saved state was taken, from JSON too; a state that does not fit changes nothing', () => {
    const make = (): optim.SequentialLR => {
      const sgd = sgdOf(1);
      const parts = [
        new optim.LinearLR(sgd, { totalIters: 3 }),
        new optim.StepLR(sgd, 2),
        new optim.ExponentialLR(sgd, 0.9),
      ];
      return new optim.SequentialLR(sgd, parts, [3, 6]);
    };
    const wanted = rates(make(), 10);
    for (let at = 1; at < 10; at++) {
      const [first, second] = [make(), make()];
      rates(first, at);
      second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as optim.CombinedStateDict);
      expect(rates(second, 10 - at + 1)).toEqual(wanted.slice(at - 1));
    }
    const whole = make();
    rates(whole, 5);
    const state = whole.stateDict();
    const [one] = state.schedulers;
    for (const bad of [{}, { ...state, schedulers: [one!] }, { ...state, schedulers: [one!, one!, { lastEpoch: 1 }] }])
      expect(() => whole.loadStateDict(bad as optim.CombinedStateDict)).toThrow(ArgumentError);
    expect(whole.stateDict()).toEqual(state);
  });
});

describe('ChainedScheduler', () => {
  it("gives the rates of PyTorch's example: both factors at once", () => {
    const sgd = sgdOf(0.05);
    const parts = [new optim.ConstantLR(sgd, { factor: 0.1, totalIters: 20 }), new optim.ExponentialLR(sgd, 0.9)];
    expectNear(
      rates(new optim.ChainedScheduler(parts), 24),
      Array.from({ length: 24 }, (_, epoch) => 0.05 * 0.9 ** epoch * (epoch < 20 ? 0.1 : 1)),
    );
  });
});

it.each([
  () => new optim.SequentialLR(sgdOf(1), [], []),
  () => new optim.ChainedScheduler([]),
  () => new optim.ChainedScheduler(null as unknown as []),
  () => new optim.ChainedScheduler([{} as optim.LRScheduler]),
  () => new optim.ChainedScheduler([new optim.StepLR(sgdOf(1), 1), new optim.StepLR(sgdOf(1), 1)]),
  () => new optim.SequentialLR(sgdOf(1), [new optim.StepLR(sgdOf(1), 1)], []),
  ...[[], [0], [1.5], [2, 3], null].map((milestones) => () => {
    const sgd = sgdOf(1);
    const parts = [new optim.StepLR(sgd, 1), new optim.StepLR(sgd, 1)];
    return new optim.SequentialLR(sgd, parts, milestones as number[]);
  }),
])('schedulers and milestones that do not fit are refused (%#)', (make) => expect(make).toThrow(ArgumentError));
