import fc from 'fast-check';
import { ArgumentError, arange, Generator, IndexError, ShapeError, tensor } from '@q/tensor';
import { ConcatDataset, DataLoader, randomSplit, Subset, TensorDataset, type Dataset } from '@q/nn';

const letters = ['a', 'b', 'c', 'd', 'e'];
const all = <T>(dataset: Dataset<T>): unknown[] => Array.from({ length: dataset.length }, (_, i) => dataset.get(i));

describe('TensorDataset', () => {
  it('gives what each tensor has at a position, and wants one length', () => {
    const dataset = new TensorDataset(tensor([[1, 2], [3, 4]]), tensor([5, 6], { dtype: 'int32' })); // prettier-ignore
    expect(dataset.length).toBe(2);
    expect(dataset.get(1).map((x) => x.toArray())).toEqual([[3, 4], 6]);
    expect(() => new TensorDataset(arange(3), arange(2))).toThrow(ShapeError);
    expect(() => new TensorDataset()).toThrow(ShapeError);
  });
});

describe('Subset', () => {
  it('gives the samples at its indices, in their order and as often', () => {
    const subset = new Subset(letters, [4, 0, 4]);
    expect(all(subset)).toEqual(['e', 'a', 'e']);
    expect(all(new Subset(subset, new Set([1])))).toEqual(['a']);
  });

  it('takes the indices when it is made', () => {
    const indices = [0, 1];
    const subset = new Subset(letters, indices);
    indices.push(2);
    expect(subset.length).toBe(2);
  });

  it.each([[[5]], [[-1]], [[0.5]], [[NaN]]])('refuses the indices %j', (indices) =>
    expect(() => new Subset(letters, indices)).toThrow(IndexError),
  );

  it('wants samples with indices', () =>
    expect(() => new Subset(new Set(letters) as unknown as string[], [0])).toThrow(
      /Subset: wants an array or a Dataset/,
    ));
});

it.each([NaN, -1, 1.5])('data sets refuse a source of %p samples', (length) => {
  const source = { length, get: (i: number) => i };
  const wanted = /: the number of samples must be an integer of at least 0/;
  expect(() => new Subset(source, [])).toThrow(wanted);
  expect(() => new ConcatDataset([letters, source])).toThrow(wanted);
  expect(() => randomSplit(source, [1])).toThrow(wanted);
});

describe('ConcatDataset', () => {
  it('counts through its data sets', () => {
    const both = new ConcatDataset([letters, [], { length: 1, get: () => 'z' }]);
    expect(all(both)).toEqual([...letters, 'z']);
    expect(() => both.get(6)).toThrow(IndexError);
    expect(() => both.get(-1)).toThrow(IndexError);
  });

  it('is a data set for a loader, of samples that come later too', async () => {
    const later: Dataset<number> = { length: 2, get: async (index) => await Promise.resolve(index) };
    const batches: unknown[] = [];
    for await (const batch of new DataLoader(new ConcatDataset([later, [7]]), { batchSize: 3 }))
      batches.push(batch.toArray());
    expect(batches).toEqual([[0, 1, 7]]);
  });

  it('wants a list of one data set at least', () => {
    expect(() => new ConcatDataset([])).toThrow(ArgumentError);
    expect(() => new ConcatDataset([3 as unknown as string[]])).toThrow(ArgumentError);
  });
});

describe('randomSplit', () => {
  it('parts hold every sample once, for any lengths', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }), (lengths) => {
        const count = lengths.reduce((sum, length) => sum + length, 0);
        const parts = randomSplit(
          Array.from({ length: count }, (_, i) => i),
          lengths,
        );
        expect(parts.map(({ length }) => length)).toEqual(lengths);
        expect(parts.flatMap(all).sort((a, b) => Number(a) - Number(b))).toEqual([...Array(count).keys()]);
      }),
    ));

  it('takes fractions: what rounding down leaves goes to the first parts', () => {
    const sizes = (count: number, fractions: number[]): number[] =>
      randomSplit(new Array<number>(count).fill(0), fractions).map(({ length }) => length);
    expect(sizes(10, [0.8, 0.2])).toEqual([8, 2]);
    expect(sizes(11, [0.5, 0.5])).toEqual([6, 5]);
    expect(sizes(11, [0.25, 0.25, 0.25, 0.25])).toEqual([3, 3, 3, 2]);
    expect(sizes(3, [1])).toEqual([3]);
  });

  it('is the same from the same seed or generator, and in a random order', () => {
    const split = (options: { seed: number } | { generator: Generator }): unknown[] =>
      randomSplit([...Array(50).keys()], [30, 20], options).map(all);
    expect(split({ seed: 3 })).toEqual(split({ seed: 3 }));
    expect(split({ seed: 3 })).toEqual(split({ generator: new Generator(3) }));
    expect(split({ seed: 3 })).not.toEqual(split({ seed: 4 }));
    expect(split({ seed: 3 })[0]).not.toEqual([...Array(30).keys()]);
  });

  it('refuses lengths that do not sum up, and both kinds of source', () => {
    expect(() => randomSplit(letters, [2, 2])).toThrow(/sum to the 5 samples, or to 1 as fractions/);
    expect(() => randomSplit(letters, [0.5, 0.4])).toThrow(ArgumentError);
    expect(() => randomSplit(letters, [6, -1])).toThrow(ArgumentError);
    expect(() => randomSplit(letters, [5], { seed: 1, generator: new Generator(1) })).toThrow(
      /either a generator or a seed/,
    );
  });
});
