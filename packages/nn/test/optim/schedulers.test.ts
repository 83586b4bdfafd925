import { ArgumentError, ones, tensor } from '@q/tensor';
import { Parameter } from '@q/nn';
import * as optim from '@q/nn/optim';

const optimizer = (...lrs: number[]): optim.SGD =>
  new optim.SGD(
    lrs.map((lr) => ({ params: [new Parameter(tensor([0]))], lr })),
    { lr: 1, momentum: 0.9 },
  );

describe('schedulers', () => {
  it('act together on one optimizer', () => {
    const sgd = optimizer(1);
    const [step, decay] = [new optim.StepLR(sgd, 2, { gamma: 0.1 }), new optim.ExponentialLR(sgd, 0.5)];
    for (let i = 0; i < 2; i++) {
      step.step();
      decay.step();
    }
    expect(sgd.paramGroups[0]!.lr).toBeCloseTo(0.025, 12);
  });

  it('go on where a saved state was taken', () => {
    const [a, b] = [optimizer(1, 0.5), optimizer(1, 0.5)];
    const whole = new optim.CosineAnnealingLR(a, 7);
    for (let i = 0; i < 10; i++) whole.step();
    const first = new optim.CosineAnnealingLR(b, 7);
    for (let i = 0; i < 4; i++) first.step();
    const second = new optim.CosineAnnealingLR(optimizer(1, 0.5), 7);
    second.loadStateDict(first.stateDict());
    for (let i = 0; i < 6; i++) second.step();
    expect(second.getLastLr()).toEqual(whole.getLastLr());
    expect(() => second.loadStateDict({ lastEpoch: 0, baseLrs: [1], lrs: [1] })).toThrow(ArgumentError);
  });

  it('LambdaLR starts from the first rate, MultiplicativeLR from the current one', () => {
    const [a, b] = [optimizer(2, 4), optimizer(2)];
    const lambda = new optim.LambdaLR(a, [(epoch) => 1 / (epoch + 1), () => 3]);
    const multiplicative = new optim.MultiplicativeLR(b, () => 0.5);
    for (let i = 0; i < 3; i++) {
      lambda.step();
      multiplicative.step();
    }
    expect(lambda.getLastLr()).toEqual([0.5, 12]);
    expect(multiplicative.getLastLr()).toEqual([0.25]);
  });

  it('CyclicLR goes up and down, and momentum the other way', () => {
    const sgd = optimizer(1);
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
    const adam = new optim.Adam([new Parameter(tensor([0]))]);
    const cycle = new optim.OneCycleLR(adam, 1, { totalSteps: 4 });
    expect(adam.paramGroups[0]!.betas).toEqual([0.95, 0.999]);
    for (let i = 0; i < 4; i++) cycle.step();
    expect(() => cycle.step()).toThrow(/step 5 of a cycle of 4/);
    expect(() => new optim.OneCycleLR(optimizer(1), 1, {})).toThrow(/give totalSteps/);
  });

  it.each([
    ['a rise of one step', { pctStart: 0.25 }, [1, 2 / 3, 1 / 3, 0, -1 / 3]],
    ['a rise of all steps', { pctStart: 1 }, [0.04, 0.36, 0.68, 1, 0]],
    ['three phases, a rise of one step', { pctStart: 0.25, threePhase: true }, [1, 0.08 / 3, 0.04 / 3, 0, -0.04 / 3]],
  ])('OneCycleLR is finite with %s', (_, options, wanted) => {
    const sgd = optimizer(1);
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
    for (const fresh of [() => optimizer(1), () => new optim.Adam([new Parameter(tensor([0]))])]) {
      const [a, b, c] = [fresh(), fresh(), fresh()] as [optim.Scheduled & object, optim.Scheduled, optim.Scheduled];
      const whole = make(a);
      for (let i = 0; i < 4; i++) whole.step();
      const state = JSON.parse(JSON.stringify(whole.stateDict())) as optim.SchedulerStateDict;
      const second = make(b);
      second.loadStateDict(state);
      const momentum = ({ paramGroups: [only] }: optim.Scheduled) => only!.betas ?? only!.momentum;
      expect([momentum(b), second.getLastLr()]).toEqual([momentum(a), whole.getLastLr()]);
      // States from before they had momenta are loaded as they were.
      const { momenta, ...old } = state;
      const third = make(c);
      const first = momentum(c);
      third.loadStateDict(old);
      expect([momentum(c), third.getLastLr()]).toEqual([first, whole.getLastLr()]);
      for (const bad of [[], [NaN], [...momenta!, 1], 'x'])
        expect(() => second.loadStateDict({ ...state, lrs: [5], momenta: bad as number[] })).toThrow(ArgumentError);
      expect(second.getLastLr()).toEqual(whole.getLastLr());
    }
  });

  it('refuse states with NaN, or with no number of steps', () => {
    const step = new optim.StepLR(optimizer(1), 2);
    const plateau = new optim.ReduceLROnPlateau(optimizer(1));
    const good = step.stateDict();
    for (const bad of [{ lastEpoch: NaN }, { lastEpoch: 0.5 }, { lastEpoch: -1 }, { lrs: [NaN] }, { baseLrs: [NaN] }])
      expect(() => step.loadStateDict({ ...good, ...bad })).toThrow(ArgumentError);
    expect(step.stateDict()).toEqual(good);
    for (const bad of [{ best: NaN }, { lastEpoch: NaN }, { numBadEpochs: NaN }, { lrs: [NaN] }])
      expect(() => plateau.loadStateDict({ ...plateau.stateDict(), ...bad })).toThrow(ArgumentError);
  });

  it('ReduceLROnPlateau takes options that are undefined as absent', () => {
    const options = { mode: undefined, factor: undefined, patience: undefined, minLr: undefined } as object;
    expect(new optim.ReduceLROnPlateau(optimizer(1), options).options).toEqual(
      new optim.ReduceLROnPlateau(optimizer(1)).options,
    );
  });

  it('ReduceLROnPlateau waits, reduces and cools down', () => {
    const sgd = optimizer(1);
    const plateau = new optim.ReduceLROnPlateau(sgd, { patience: 1, factor: 0.5, cooldown: 1, minLr: 0.3 });
    const rates = [3, 2, 2, 2, 2, 2, 2, 2].map((metric) => {
      plateau.step(metric);
      return sgd.paramGroups[0]!.lr;
    });
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3]);
  });

  it('ReduceLROnPlateau goes on where a saved state was taken, from JSON too', () => {
    const plateau = (of: optim.SGD) => new optim.ReduceLROnPlateau(of, { mode: 'max', patience: 1, factor: 0.5 });
    const metrics = [1, 2, 2, 2, 2, 3, 1, 1, 1];
    const whole = plateau(optimizer(1));
    for (const metric of metrics) whole.step(metric);
    for (let at = 0; at <= metrics.length; at++) {
      const [first, second] = [plateau(optimizer(1)), plateau(optimizer(1))];
      for (const metric of metrics.slice(0, at)) first.step(metric);
      second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as optim.PlateauStateDict);
      for (const metric of metrics.slice(at)) second.step(metric);
      expect(second.stateDict()).toEqual(whole.stateDict());
    }
    const before = whole.stateDict();
    for (const bad of [{}, null, { ...before, lrs: [1, 2] }, { ...before, best: 'x' }])
      expect(() => whole.loadStateDict(bad as unknown as optim.PlateauStateDict)).toThrow(ArgumentError);
    expect(whole.stateDict()).toEqual(before);
  });

  it.each([
    () => new optim.StepLR(optimizer(1), 0),
    () => new optim.LinearLR(optimizer(1), { startFactor: 0 }),
    () => new optim.ConstantLR(optimizer(1), { factor: 2 }),
    () => new optim.CosineAnnealingWarmRestarts(optimizer(1), 1.5),
    () => new optim.LambdaLR(optimizer(1, 1), [() => 1]),
    () => new optim.CyclicLR(optimizer(1), [1, 2], 3),
    () => new optim.ReduceLROnPlateau(optimizer(1), { factor: 1 }),
    () => new optim.ReduceLROnPlateau(optimizer(1), { thresholdMode: 'relative' as 'rel' }),
    () => new optim.LambdaLR(optimizer(1), [() => 1, () => 1]),
    () => new optim.MultiplicativeLR(optimizer(1), [() => 1, () => 1]),
    () => new optim.LambdaLR(optimizer(1), () => NaN),
    () => new optim.StepLR(optimizer(1), 1, { gamma: NaN }),
    () => new optim.MultiStepLR(optimizer(1), [1], { gamma: NaN }),
    () => new optim.ExponentialLR(optimizer(1), NaN),
    () => new optim.ConstantLR(optimizer(1), { totalIters: NaN }),
    () => new optim.LinearLR(optimizer(1), { totalIters: NaN }),
    () => new optim.PolynomialLR(optimizer(1), { power: NaN }),
    () => new optim.CosineAnnealingLR(optimizer(1), 2, { etaMin: NaN }),
    () => new optim.CosineAnnealingWarmRestarts(optimizer(1), 2, { etaMin: NaN }),
    () => new optim.CyclicLR(optimizer(1), 1, 3, { gamma: NaN }),
    () => new optim.OneCycleLR(optimizer(1), 1, { totalSteps: 3, divFactor: NaN }),
    () => new optim.ReduceLROnPlateau(optimizer(1), { patience: NaN }),
  ])('refuse what makes no schedule (%#)', (make) => expect(make).toThrow(ArgumentError));
});

it('refuses a constant factor of 0, from which there is no way back', () => {
  const optimizer = new optim.SGD([new Parameter(ones([1]))], { lr: 1 });
  expect(() => new optim.ConstantLR(optimizer, { factor: 0 })).toThrow(/factor must be above 0/);
});

it('an infinite loss is not better than none', () => {
  const optimizer = new optim.SGD([new Parameter(ones([1]))], { lr: 1 });
  const plateau = new optim.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
  plateau.step(Infinity);
  expect(optimizer.paramGroups[0]!.lr).toBe(0.5);
  plateau.step(3);
  expect([plateau.best, optimizer.paramGroups[0]!.lr]).toEqual([3, 0.5]);
});
