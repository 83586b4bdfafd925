import { ArgumentError, tensor } from '@q/tensor';
import { Parameter } from '@q/nn';
import * as optim from '@q/nn/optim';
import { sgdOf } from './steps.js';

const group = (lr?: number) => ({ params: [new Parameter(tensor([0]))], ...(lr !== undefined && { lr }) });
const sgd = (): optim.SGD => new optim.SGD([group()], { lr: 1, momentum: 0.9 });

type Scheduler = optim.LRScheduler | optim.ReduceLROnPlateau;

/** A step of a scheduler, in which a metric does not improve. */
const go = (scheduler: Scheduler): void => (scheduler as { step(metric: number): void }).step(1);

/** Everything a scheduler may change. */
const seen = (optimizer: optim.SGD, scheduler: Scheduler): unknown => ({
  groups: optimizer.paramGroups.map((each) => ({ ...each })),
  lastEpoch: scheduler.lastEpoch,
});

describe('schedulers', () => {
  it('act together on one optimizer', () => {
    const sgd = sgdOf(1);
    const [step, decay] = [new optim.StepLR(sgd, 2, { gamma: 0.1 }), new optim.ExponentialLR(sgd, 0.5)];
    for (let i = 0; i < 2; i++) {
      step.step();
      decay.step();
    }
    expect(sgd.paramGroups[0]!.lr).toBeCloseTo(0.025, 12);
  });

  it('go on where a saved state was taken', () => {
    const [a, b] = [sgdOf(1, 0.5), sgdOf(1, 0.5)];
    const whole = new optim.CosineAnnealingLR(a, 7);
    for (let i = 0; i < 10; i++) whole.step();
    const first = new optim.CosineAnnealingLR(b, 7);
    for (let i = 0; i < 4; i++) first.step();
    const second = new optim.CosineAnnealingLR(sgdOf(1, 0.5), 7);
    second.loadStateDict(first.stateDict());
    for (let i = 0; i < 6; i++) second.step();
    expect(second.getLastLr()).toEqual(whole.getLastLr());
    expect(() => second.loadStateDict({ lastEpoch: 0, baseLrs: [1], lrs: [1] })).toThrow(ArgumentError);
  });

  it('refuse rates that the optimizer would refuse, and no number of steps', () => {
    const sgd = sgdOf(1);
    const step = new optim.StepLR(sgd, 2);
    const good = step.stateDict();
    for (const bad of [
      { lastEpoch: NaN },
      { lastEpoch: 0.5 },
      { lastEpoch: -1 },
      ...[[NaN], [-1], [Infinity], ['1'], [], [1, 1], null].flatMap((rates) => [{ lrs: rates }, { baseLrs: rates }]),
    ])
      expect(() => step.loadStateDict({ ...good, ...(bad as object) })).toThrow(ArgumentError);
    for (const bad of [null, {}, 5])
      expect(() => step.loadStateDict(bad as unknown as optim.SchedulerStateDict)).toThrow(ArgumentError);
    expect([step.stateDict(), step.getLastLr()]).toEqual([good, [1]]);
  });
});

describe('a group that is added while a scheduler runs', () => {
  it.each<[string, (o: optim.SGD) => Scheduler, number[]]>([
    ['CyclicLR', (o) => new optim.CyclicLR(o, 0.1, 0.5, { stepSizeUp: 2 }), [0.5, 0.3, 0.1]],
    [
      'OneCycleLR',
      (o) => new optim.OneCycleLR(o, 1, { totalSteps: 4, annealStrategy: 'linear' }),
      [0.3571454286, 0.000004],
    ],
    ['LambdaLR', (o) => new optim.LambdaLR(o, (epoch) => 1 / (epoch + 1)), [2 / 3, 2 / 4, 2 / 5]],
    ['CosineAnnealingWarmRestarts', (o) => new optim.CosineAnnealingWarmRestarts(o, 4), [1, 1 - Math.SQRT1_2, 2]],
    ['StepLR', (o) => new optim.StepLR(o, 2, { gamma: 0.5 }), [1, 1, 0.5]],
    ['ReduceLROnPlateau', (o) => new optim.ReduceLROnPlateau(o, { patience: 1, minLr: 0.02 }), [2, 0.2, 0.2]],
  ])('is scheduled by %s from its own rate', (_, make, rates) => {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    go(scheduler);
    optimizer.addParamGroup(group(2));
    const found = rates.map(() => {
      go(scheduler);
      return scheduler.getLastLr()[1]!;
    });
    found.forEach((rate, i) => expect(rate).toBeCloseTo(rates[i]!, 6));
  });

  it.each<[string, (o: optim.SGD) => Scheduler]>([
    ['LambdaLR', (o) => new optim.LambdaLR(o, [() => 1])],
    ['MultiplicativeLR', (o) => new optim.MultiplicativeLR(o, [() => 1])],
    ['CyclicLR', (o) => new optim.CyclicLR(o, 0.1, [0.5])],
    ['OneCycleLR', (o) => new optim.OneCycleLR(o, 1, { totalSteps: 4, maxMomentum: [0.9] })],
    ['ReduceLROnPlateau', (o) => new optim.ReduceLROnPlateau(o, { patience: 0, minLr: [0] })],
  ])('is refused by %s with settings per group, and nothing changes', (_, make) => {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    go(scheduler);
    optimizer.addParamGroup(group(2));
    const before = seen(optimizer, scheduler);
    for (let i = 0; i < 2; i++) expect(() => go(scheduler)).toThrow(ArgumentError);
    expect(() => go(scheduler)).toThrow(/(2 groups)/);
    expect(seen(optimizer, scheduler)).toEqual(before);
  });

  it.each<[string, (o: optim.SGD) => optim.LRScheduler]>([
    ['StepLR', (o) => new optim.StepLR(o, 2)],
    ['OneCycleLR', (o) => new optim.OneCycleLR(o, 1, { totalSteps: 9 })],
    ['ChainedScheduler', (o) => new optim.ChainedScheduler([new optim.StepLR(o, 2), new optim.LambdaLR(o, () => 1)])],
  ])('is in the state of %s before the next step', (_, make) => {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    optimizer.addParamGroup(group(2));
    const state = scheduler.stateDict();
    expect([state.baseLrs.length, state.lrs.length]).toEqual([2, 2]);
    scheduler.loadStateDict(state);
    scheduler.step();
    expect(scheduler.getLastLr().every(Number.isFinite)).toBe(true);
  });
});

describe('a call of a scheduler that fails', () => {
  it('leaves the optimizer as it was: constructors', () => {
    const adagrad = new optim.Adagrad([new Parameter(tensor([0]))]);
    const one = sgd();
    const twoGroups = new optim.SGD([group(), group()], { lr: 1, momentum: 0.9 });
    const late = (epoch: number): number => {
      if (epoch === 0) throw new Error('no factor');
      return 1;
    };
    const attempts: [optim.Scheduled, (o: optim.Scheduled) => unknown][] = [
      [adagrad, (o) => new optim.OneCycleLR(o, 1, { totalSteps: 4 })],
      [adagrad, (o) => new optim.CyclicLR(o, 0.1, 1)],
      [one, (o) => new optim.CosineAnnealingLR(o, 0)],
      [one, (o) => new optim.StepLR(o, 1, { gamma: NaN })],
      [one, (o) => new optim.CyclicLR(o, [1, 2], 3)],
      [twoGroups, (o) => new optim.LambdaLR(o, [() => 0.5, late])],
      [one, (o) => new optim.SequentialLR(o, [], [])],
    ];
    for (const [optimizer, make] of attempts) {
      const before = optimizer.paramGroups.map((each) => ({ ...each }));
      expect(() => make(optimizer)).toThrow(/LR: |no factor/);
      expect(optimizer.paramGroups).toEqual(before);
      expect(optimizer.paramGroups.some((each) => 'initialLr' in each)).toBe(false);
    }
  });

  it('leaves schedule and optimizer as they were: steps, of combined ones too', () => {
    const failing = (epoch: number): number => (epoch < 2 ? 0.5 : NaN);
    const makers: ((o: optim.SGD) => optim.LRScheduler)[] = [
      (o) => new optim.LambdaLR(o, failing),
      (o) => new optim.OneCycleLR(o, 1, { totalSteps: 1 }),
      (o) => new optim.ChainedScheduler([new optim.StepLR(o, 1), new optim.LambdaLR(o, failing)]),
    ];
    for (const make of makers) {
      const optimizer = sgd();
      const scheduler = make(optimizer);
      scheduler.step();
      const before = [seen(optimizer, scheduler), scheduler.stateDict()];
      for (let i = 0; i < 2; i++) expect(() => scheduler.step()).toThrow(ArgumentError);
      expect([seen(optimizer, scheduler), scheduler.stateDict()]).toEqual(before);
    }
  });
});
