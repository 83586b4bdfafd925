import fc from 'fast-check';
import { ArgumentError, Generator, IndexError, tensor, type Tensor } from '@q/tensor';
import { DataLoader, TensorDataset, type Dataset } from '@q/nn';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const lists = (loader: Iterable<Tensor>): unknown[] => [...loader].map((batch) => batch.toArray());

async function* later(count: number): AsyncGenerator<number> {
  for (const i of numbers(count)) yield await Promise.resolve(i);
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('DataLoader', () => {
  it('gives the samples in batches, the last one smaller unless dropped', () => {
    expect(lists(new DataLoader(numbers(5), { batchSize: 2 }))).toEqual([[0, 1], [2, 3], [4]]);
    const dropping = new DataLoader(numbers(5), { batchSize: 2, dropLast: true });
    expect(lists(dropping)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(dropping.length).toBe(2);
  });

  it('has as many batches as it says, and every sample once, in any order', () =>
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 1, max: 7 }), fc.boolean(), (count, batchSize, shuffle) => {
        const loader = new DataLoader(numbers(count), { batchSize, shuffle, seed: 1, collate: (samples) => samples });
        const batches = [...loader];
        expect(batches.length).toBe(loader.length);
        expect(batches.flat().sort((a, b) => a - b)).toEqual(numbers(count));
      }),
    ));

  it('passes over an iterator once and says so, over what is iterable anew as often as wanted', async () => {
    function* few(): IterableIterator<number> {
      yield* numbers(3);
    }
    const once = new DataLoader(few(), { batchSize: 2 });
    expect(lists(once)).toEqual([[0, 1], [2]]);
    expect(() => lists(once)).toThrow(/an iterator can be passed over once/);
    await expect(collected(once)).rejects.toThrow(ArgumentError);
    const onceLater = new DataLoader(later(3));
    expect((await collected(onceLater)).length).toBe(3);
    await expect(collected(onceLater)).rejects.toThrow(/passed over once/);
    const anew = new DataLoader({ [Symbol.iterator]: few }, { batchSize: 2 });
    for (let pass = 0; pass < 2; pass++) expect(lists(anew)).toEqual([[0, 1], [2]]);
  });

  it('shuffles anew in every pass, and the same way from the same seed or generator', () => {
    const passes = (options: { seed: number } | { generator: Generator }): unknown[] => {
      const loader = new DataLoader(numbers(30), { batchSize: 30, shuffle: true, ...options });
      return [lists(loader), lists(loader)];
    };
    const [first, second] = passes({ seed: 7 });
    expect(first).not.toEqual(second);
    expect(passes({ seed: 7 })).toEqual([first, second]);
    expect(passes({ generator: new Generator(7) })).toEqual([first, second]);
    expect(passes({ seed: 8 })[0]).not.toEqual(first);
  });

  it('takes the samples that a sampler names, in its order', () => {
    const loader = new DataLoader(['a', 'b', 'c'], { sampler: [2, 0, 2], batchSize: 2, collate: (samples) => samples });
    expect([[...loader], loader.length]).toEqual([[['c', 'a'], ['c']], 2]);
    expect(() => [...new DataLoader([1, 2], { sampler: [0, 2] })]).toThrow(IndexError);
    expect(() => new DataLoader([1, 2], { sampler: [0], shuffle: true })).toThrow(/gives the order. Leave shuffle out/);
    expect(() => new DataLoader(new Set([1]), { sampler: [0] })).toThrow(/a sampler wants samples with indices/);
    expect(() => new DataLoader([1], { sampler: 3 as unknown as number[] })).toThrow(ArgumentError);
  });

  it('takes tensors of one length', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const labels = tensor([7, 8, 9], { dtype: 'int32' });
    const [first] = new DataLoader(new TensorDataset(x, labels), { batchSize: 2 });
    const [firstX, firstLabels] = first!;
    expect(firstX.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([firstLabels.dtype, firstLabels.toArray()]).toEqual(['int32', [7, 8]]);
  });

  it('takes iterables', () => {
    const set = new DataLoader(new Set([1, 2, 3]), { batchSize: 2 });
    expect(lists(set)).toEqual([[1, 2], [3]]);
    expect(lists(set)).toEqual([[1, 2], [3]]);
    expect(() => set.length).toThrow(/not known before the end/);
    expect(() => new DataLoader(new Set([1]), { shuffle: true })).toThrow(ArgumentError);
  });

  it('takes an iterable that knows its length in its own order, another loader among them', () => {
    const counted = { length: 5, [Symbol.iterator]: () => numbers(5).values() };
    const loader = new DataLoader<number>(counted, { batchSize: 2 });
    expect([lists(loader), loader.length]).toEqual([[[0, 1], [2, 3], [4]], 3]);
    expect(() => new DataLoader<number>(counted, { shuffle: true })).toThrow(
      /only samples with indices can be shuffled/,
    );
    const pairs = new DataLoader(loader, { batchSize: 2, dropLast: true });
    expect(lists(pairs)).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
    ]);
    expect(lists(new DataLoader(new DataLoader(new Set([1, 2]))))).toEqual([[[1]], [[2]]]);
  });

  it('takes array-likes by index, iterable or not', () => {
    const words = { length: 2, 0: 'a', 1: 'b' };
    const same = { ...words, [Symbol.iterator]: Array.prototype[Symbol.iterator] };
    const sources: ArrayLike<string | number>[] = [words, same, Uint8Array.of(7, 8), []];
    for (const source of sources) {
      const loader = new DataLoader(source, { shuffle: true, seed: 0, collate: ([sample]) => sample! });
      expect([...loader].sort()).toEqual(Array.from(source));
    }
  });

  it('closes an iterable that is left early', () => {
    let closed = false;
    function* endless(): Iterator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed = true;
      }
    }
    for (const batch of new DataLoader<number>({ [Symbol.iterator]: endless }, { batchSize: 2 })) {
      expect(batch.toArray()).toEqual([0, 1]);
      break;
    }
    expect(closed).toBe(true);
  });

  it('with for await, takes samples that come later, those of a batch at once', async () => {
    let open = 0;
    let most = 0;
    const dataset: Dataset<number> = {
      length: 5,
      get: async (index) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return index;
      },
    };
    const loader = new DataLoader(dataset, { batchSize: 3 });
    expect((await collected(loader)).map((batch) => batch.toArray())).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(most).toBe(3);
    expect(() => [...loader]).toThrow(/for await/);
    expect((await collected(new DataLoader(later(3), { batchSize: 2 }))).map((batch) => batch.toArray())).toEqual([
      [0, 1],
      [2],
    ]);
    expect(() => [...new DataLoader(later(3))]).toThrow(/for await/);
    expect((await collected(new DataLoader(numbers(2)))).map((batch) => batch.toArray())).toEqual([[0], [1]]);
  });

  it('collates as it is told', () => {
    const loader = new DataLoader(['a', 'b', 'c'], { batchSize: 2, collate: (samples) => samples.join('') });
    expect([...loader]).toEqual(['ab', 'c']);
  });

  it.each([NaN, -1, 1.5, Infinity, '2'])('refuses a number of samples of %p', (length) => {
    const wanted = /DataLoader: the number of samples must be an integer of at least 0/;
    const counted = { length: length as number };
    expect(() => new DataLoader({ ...counted, get: (i: number) => i })).toThrow(wanted);
    expect(() => new DataLoader(counted as ArrayLike<number>)).toThrow(wanted);
    expect(() => new DataLoader([1], { sampler: { ...counted, *[Symbol.iterator]() {} } })).toThrow(wanted);
    expect(() => new DataLoader({ ...counted, *[Symbol.iterator]() {} }).length).toThrow(wanted);
  });

  it('refuses sources and options that make no sense', () => {
    expect(() => new DataLoader(tensor([1, 2]) as unknown as number[])).toThrow(/new TensorDataset/);
    expect(() => new DataLoader({} as unknown as number[])).toThrow(ArgumentError);
    expect(() => new DataLoader([1], { batchSize: 0 })).toThrow(/batchSize must be an integer of at least 1, got 0/);
    for (const name of ['shuffle', 'dropLast'])
      expect(() => new DataLoader([1], { [name]: 'false' })).toThrow(`DataLoader: ${name} must be true or false`);
    expect(() => new DataLoader([1], { seed: 1, generator: new Generator(1) })).toThrow(/either a generator or a seed/);
  });
});
