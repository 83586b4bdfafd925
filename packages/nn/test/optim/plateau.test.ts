import { ArgumentError } from '@q/tensor';
import * as optim from '@q/nn/optim';
import { sgdOf } from './steps.js';

describe('ReduceLROnPlateau', () => {
  it('takes options that are undefined as absent', () => {
    const options = { mode: undefined, factor: undefined, patience: undefined, minLr: undefined } as object;
    expect(new optim.ReduceLROnPlateau(sgdOf(1), options).options).toEqual(
      new optim.ReduceLROnPlateau(sgdOf(1)).options,
    );
  });

  it('waits, reduces and cools down', () => {
    const sgd = sgdOf(1);
    const plateau = new optim.ReduceLROnPlateau(sgd, { patience: 1, factor: 0.5, cooldown: 1, minLr: 0.3 });
    const rates = [3, 2, 2, 2, 2, 2, 2, 2].map((metric) => {
      plateau.step(metric);
      return sgd.paramGroups[0]!.lr;
    });
    expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3]);
  });

  it('goes on where a saved state was taken, from JSON too', () => {
    const plateau = (of: optim.SGD) => new optim.ReduceLROnPlateau(of, { mode: 'max', patience: 1, factor: 0.5 });
    const metrics = [1, 2, 2, 2, 2, 3, 1, 1, 1];
    const whole = plateau(sgdOf(1));
    for (const metric of metrics) whole.step(metric);
    for (let at = 0; at <= metrics.length; at++) {
      const [first, second] = [plateau(sgdOf(1)), plateau(sgdOf(1))];
      for (const metric of metrics.slice(0, at)) first.step(metric);
      second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())) as optim.PlateauStateDict);
      for (const metric of metrics.slice(at)) second.step(metric);
      expect(second.stateDict()).toEqual(whole.stateDict());
    }
    const before = whole.stateDict();
    const spoiled = [
      { best: NaN },
      { best: undefined },
      { lastEpoch: NaN },
      { lastEpoch: -1 },
      { numBadEpochs: NaN },
      { numBadEpochs: 1.5 },
      { numBadEpochs: Infinity },
      { cooldownCounter: -1 },
      { cooldownCounter: 0.5 },
      { lrs: [NaN] },
      { lrs: [-1] },
      { lrs: [Infinity] },
    ].map((bad) => ({ ...before, ...bad }));
    for (const bad of [{}, null, { ...before, lrs: [1, 2] }, { ...before, best: 'x' }, ...spoiled])
      expect(() => whole.loadStateDict(bad as unknown as optim.PlateauStateDict)).toThrow(ArgumentError);
    expect(whole.stateDict()).toEqual(before);
  });

  it('takes an infinite loss as not better than none', () => {
    const optimizer = sgdOf(1);
    const plateau = new optim.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    plateau.step(Infinity);
    expect(optimizer.paramGroups[0]!.lr).toBe(0.5);
    plateau.step(3);
    expect([plateau.best, optimizer.paramGroups[0]!.lr]).toEqual([3, 0.5]);
  });

  it.each([
    () => new optim.ReduceLROnPlateau(sgdOf(1), { factor: 1 }),
    () => new optim.ReduceLROnPlateau(sgdOf(1), { thresholdMode: 'relative' as 'rel' }),
    () => new optim.ReduceLROnPlateau(sgdOf(1), { patience: NaN }),
    () => new optim.ReduceLROnPlateau(sgdOf(1), { cooldown: 0.5 }),
  ])('refuses what makes no schedule (%#)', (make) => expect(make).toThrow(ArgumentError));
});
