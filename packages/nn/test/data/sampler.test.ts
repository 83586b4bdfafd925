import { ArgumentError, Generator, ShapeError, tensor, zeros } from '@q/tensor';
import { WeightedRandomSampler } from '@q/nn';

describe('WeightedRandomSampler', () => {
  it('draws in proportion to the weights, anew for every pass', () => {
    const sampler = new WeightedRandomSampler([1, 0, 3], 20_000, { seed: 0 });
    const [first, second] = [[...sampler], [...sampler]];
    expect(sampler.length).toBe(20_000);
    expect(first).not.toEqual(second);
    expect(first).not.toContain(1);
    expect(first.filter((index) => index === 2).length / 20_000).toBeCloseTo(0.75, 1);
  });

  it('without replacement takes no sample twice', () => {
    const indices = [...new WeightedRandomSampler(tensor([1, 2, 3, 4]), 4, { replacement: false })];
    expect(indices.sort()).toEqual([0, 1, 2, 3]);
  });

  it('is the same from the same seed, and making it draws nothing', () => {
    const generator = new Generator(5);
    const made = new WeightedRandomSampler([1, 1, 1], 10, { generator });
    expect([...made]).toEqual([...new WeightedRandomSampler([1, 1, 1], 10, { seed: 5 })]);
  });

  it('refuses what cannot be drawn from', () => {
    expect(() => new WeightedRandomSampler([1, -1], 2)).toThrow(ArgumentError);
    expect(() => new WeightedRandomSampler([1, NaN], 2)).toThrow(ArgumentError);
    expect(() => new WeightedRandomSampler([1, 0], 2, { replacement: false })).toThrow(/too few for 2 samples/);
    expect(() => new WeightedRandomSampler([1], 0)).toThrow(/numSamples must be an integer/);
    expect(() => new WeightedRandomSampler(zeros([2, 2]), 1)).toThrow(ShapeError);
  });
});
