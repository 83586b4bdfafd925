import { ArgumentError, defaultGenerator, Generator, manualSeed, rand } from '@q/tensor';

const draw = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, next);

describe('Generator', () => {
  it('gives the same numbers for the same seed, others for another', () => {
    const [a, b, c] = [new Generator(5), new Generator(5), new Generator(6)];
    const numbers = draw(20, () => a.bits());
    expect(draw(20, () => b.bits())).toEqual(numbers);
    expect(draw(20, () => c.bits())).not.toEqual(numbers);
    expect(new Generator(-1).bits()).not.toBe(new Generator(1).bits());
    expect(new Generator(2 ** 40).bits()).not.toBe(new Generator(0).bits());
  });

  it('is xoshiro128**', () => {
    const generator = new Generator();
    generator.setState({ words: [1, 2, 3, 4], spare: null });
    // The first outputs of the authors' C code from this state.
    expect(draw(4, () => generator.bits())).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('continues from a saved state, also in the middle of a pair of normal numbers', () => {
    const generator = new Generator(1);
    generator.normal();
    const state = generator.getState();
    const expected = draw(5, () => generator.normal());
    generator.setState(state);
    expect(draw(5, () => generator.normal())).toEqual(expected);
  });

  it('draws integers without bias and uniforms inside [0, 1)', () => {
    const generator = new Generator(3);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[generator.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    for (const value of draw(1000, () => generator.uniform53())) expect(value >= 0 && value < 1).toBe(true);
    expect(draw(100, () => generator.integer(2 ** 40)).some((value) => value > 2 ** 32)).toBe(true);
  });

  it('draws standard normal numbers, tails included', () => {
    const generator = new Generator(4);
    const values = draw(100_000, () => generator.normal());
    const moment = (power: number): number => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.015);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(3))).toBeLessThan(0.05);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.12);
    expect(Math.abs(values.filter((x) => Math.abs(x) > 3).length / values.length - 0.0027)).toBeLessThan(0.0008);
  });

  it('rejects seeds and states that are none', () => {
    expect(() => new Generator(0.5)).toThrow(ArgumentError);
    expect(() => new Generator().setState({ words: [0, 0, 0, 0], spare: null })).toThrow(ArgumentError);
  });
});

it('manualSeed makes everything random repeatable', () => {
  expect(manualSeed(9)).toBe(defaultGenerator);
  const first = rand([4]).toArray();
  manualSeed(9);
  expect(rand([4]).toArray()).toEqual(first);
});

it.each([
  [undefined],
  [null],
  [{}],
  [{ words: [1, 2, 3], spare: null }],
  [{ words: [1, 2, 3, -1], spare: null }],
  [{ words: [1, 2, 3, 4], spare: 'x' }],
  [{ words: Array(4), spare: null }],
])('setState refuses %p and goes on as before', (state) => {
  const [generator, same] = [new Generator(3), new Generator(3)];
  expect(() => generator.setState(state as never)).toThrow(ArgumentError);
  expect(generator.bits()).toBe(same.bits());
});

it.each([[0], [-1], [1.5], [NaN], ['2'], [2 ** 53]])('integer refuses the size %p', (size) =>
  expect(() => new Generator().integer(size as number)).toThrow(ArgumentError),
);
