import { ArgumentError } from '@q/tensor';
import * as optim from '@q/nn/optim';
import { param, sgdOf } from './steps.js';

describe('rates that rise and fall', () => {
  it('CyclicLR goes up and down, and momentum the other way', () => {
    const sgd = sgdOf(1);
    const cyclic = new optim.CyclicLR(sgd, 0.1, 0.5, { stepSizeUp: 2, stepSizeDown: 4 });
    const seen = [[sgd.paramGroups[0]!.lr, sgd.paramGroups[0]!.momentum]];
    for (let i = 0; i < 6; i++) {
      cyclic.step();
      seen.push([sgd.paramGroups[0]!.lr, sgd.paramGroups[0]!.momentum]);
    }
    [0.1, 0.3, 0.5, 0.4, 0.3, 0.2, 0.1].forEach((lr, i) => expect(seen[i]![0]).toBeCloseTo(lr, 12));
    [0.9, 0.85, 0.8, 0.825, 0.85, 0.875, 0.9].forEach((m, i) => expect(seen[i]![1]).toBeCloseTo(m, 12));
  });

  it('OneCycleLR cycles the first of the betas of Adam, and ends', () => {
    const adam = new optim.Adam([param(0)]);
    const cycle = new optim.OneCycleLR(adam, 1, { totalSteps: 4 });
    expect(adam.paramGroups[0]!.betas).toEqual([0.95, 0.999]);
    for (let i = 0; i < 4; i++) cycle.step();
    expect(() => cycle.step()).toThrow(/step 5 of a cycle of 4/);
    expect(() => new optim.OneCycleLR(sgdOf(1), 1, {})).toThrow(/give totalSteps/);
  });

  it.each([
    ['a rise of one step', { pctStart: 0.25 }, [1, 2 / 3, 1 / 3, 0, -1 / 3]],
    ['a rise of all steps', { pctStart: 1 }, [0.04, 0.36, 0.68, 1, 0]],
    ['three phases, a rise of one step', { pctStart: 0.25, threePhase: true }, [1, 0.08 / 3, 0.04 / 3, 0, -0.04 / 3]],
  ])('OneCycleLR is finite with %s', (_, options, wanted) => {
    const sgd = sgdOf(1);
    const cycle = new optim.OneCycleLR(sgd, 1, {
      totalSteps: 4,
      annealStrategy: 'linear',
      finalDivFactor: 1e9,
      ...options,
    });
    wanted.forEach((lr, i) => {
      if (i > 0) cycle.step();
      expect(sgd.paramGroups[0]!.lr).toBeCloseTo(lr, 6);
      expect(Number.isFinite(sgd.paramGroups[0]!.momentum)).toBe(true);
    });
  });

  it.each([
    ['OneCycleLR', (o: optim.Scheduled) => new optim.OneCycleLR(o, 1, { totalSteps: 9 })],
    ['CyclicLR', (o: optim.Scheduled) => new optim.CyclicLR(o, 0.1, 1, { stepSizeUp: 3 })],
  ])('%s brings its momentum back with its rates, from JSON too', (_, make) => {
    for (const fresh of [() => sgdOf(1), () => new optim.Adam([param(0)])]) {
      const [a, b, c] = [fresh(), fresh(), fresh()] as [optim.Scheduled & object, optim.Scheduled, optim.Scheduled];
      const whole = make(a);
      for (let i = 0; i < 4; i++) whole.step();
      const state = JSON.parse(JSON.stringify(whole.stateDict())) as optim.SchedulerStateDict;
      const second = make(b);
      second.loadStateDict(state);
      const momentum = ({ paramGroups: [only] }: optim.Scheduled) => only!.betas ?? only!.momentum;
      expect([momentum(b), second.getLastLr()]).toEqual([momentum(a), whole.getLastLr()]);
      // A state without momenta leaves them alone.
      const { momenta, ...rates } = state;
      const third = make(c);
      const first = momentum(c);
      third.loadStateDict(rates);
      expect([momentum(c), third.getLastLr()]).toEqual([first, whole.getLastLr()]);
      for (const bad of [[], [NaN], [-1], [Infinity], [...momenta!, 0.5], 'x'])
        expect(() => second.loadStateDict({ ...state, lrs: [5], momenta: bad as number[] })).toThrow(ArgumentError);
      expect(second.getLastLr()).toEqual(whole.getLastLr());
    }
  });

  it('refuse a momentum that the betas of Adam cannot be', () => {
    const adam = new optim.Adam([param(0)]);
    const cycle = new optim.OneCycleLR(adam, 1, { totalSteps: 9 });
    const before = JSON.stringify([cycle.stateDict(), adam.stateDict()]);
    expect(() => cycle.loadStateDict({ ...cycle.stateDict(), lrs: [5], momenta: [1] })).toThrow(/below 1 as betas/);
    expect(JSON.stringify([cycle.stateDict(), adam.stateDict()])).toBe(before);
  });

  it.each([{ cycleMomentum: 'false' }, { threePhase: 'false' }])('OneCycleLR refuses %j', (options) =>
    expect(() => new optim.OneCycleLR(sgdOf(1), 1, { totalSteps: 9, ...(options as object) })).toThrow(
      /must be true or false, got "false"/,
    ),
  );

  it('CyclicLR refuses a cycleMomentum that is no boolean', () =>
    expect(() => new optim.CyclicLR(sgdOf(1), 0.1, 1, { cycleMomentum: 0 as unknown as boolean })).toThrow(
      /cycleMomentum must be true or false, got 0/,
    ));

  it.each([
    () => new optim.CosineAnnealingWarmRestarts(sgdOf(1), 1.5),
    () => new optim.CyclicLR(sgdOf(1), [1, 2], 3),
    () => new optim.CosineAnnealingLR(sgdOf(1), 2, { etaMin: NaN }),
    () => new optim.CosineAnnealingWarmRestarts(sgdOf(1), 2, { etaMin: NaN }),
    () => new optim.CyclicLR(sgdOf(1), 1, 3, { gamma: NaN }),
    () => new optim.OneCycleLR(sgdOf(1), 1, { totalSteps: 3, divFactor: NaN }),
  ])('refuse what makes no schedule (%#)', (make) => expect(make).toThrow(ArgumentError));
});
