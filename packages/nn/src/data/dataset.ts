import { ArgumentError, described, IndexError, randperm, ShapeError, shown, type Tensor } from '@q/tensor';
import { checkInteger, checkTensor } from '@q/tensor/internal';
import { seededGenerator, type SeedOptions } from './seed.js';

/** Samples by index, now or later. */
export interface Dataset<T> {
  /** Number of samples. */
  readonly length: number;
  /** The sample of an index from 0 to `length - 1`, or a promise of it. */
  get(index: number): T | Promise<T>;
}

/** Samples that have indices: a data set, or an array of them. */
export type IndexedSource<T> = ArrayLike<T> | Dataset<T>;

/** A sample of a `TensorDataset`: one tensor for each of its tensors. */
export type TensorSample<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

/** Whether an object has a property. */
export const has = (value: unknown, key: PropertyKey): boolean =>
  typeof value === 'object' && value !== null && key in value;

const hasGet = <T>(source: IndexedSource<T>): source is Dataset<T> => has(source, 'get');

/** How samples that have indices are got by them. */
export function datasetOf<T>(source: IndexedSource<T>): Dataset<T> {
  if (hasGet(source)) return source;
  return {
    get length() {
      return source.length;
    },
    get: (index) => source[index]!,
  };
}

/** Throws ArgumentError unless what has a length can have so many samples. */
export function checkLength(operation: string, { length }: { readonly length: unknown }): void {
  checkInteger(operation, 'the number of samples', length, 0);
}

/** The data set that an argument is. Throws ArgumentError for anything else. */
function checkedSource<T>(operation: string, source: IndexedSource<T>): Dataset<T> {
  if (!has(source, 'length'))
    throw new ArgumentError(`${operation}: wants an array or a Dataset ({ length, get }), got ${described(source)}.`);
  checkLength(operation, source);
  return datasetOf(source);
}

/** Throws IndexError unless a data set of `length` samples has one at `index`. */
export function checkIndex(operation: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length)
    throw new IndexError(`${operation}: the ${length} samples have indices from 0 on, got ${described(index)}.`);
}

/** Tensors of one length, sample by sample: `get(i)` is what each has at position i of its first dim. */
export class TensorDataset<T extends readonly Tensor[]> implements Dataset<TensorSample<T>> {
  /** The tensors, all of one size in dim 0. */
  readonly tensors: T;

  /** @throws ShapeError unless all have the same size in dim 0 */
  constructor(...tensors: T) {
    tensors.forEach((tensor, i) => checkTensor('TensorDataset', `argument ${i}`, tensor));
    if (tensors.length === 0 || tensors.some(({ ndim, shape }) => ndim === 0 || shape[0] !== tensors[0]!.shape[0]))
      throw new ShapeError(
        `TensorDataset: wants tensors with one size in dim 0, got ${tensors.map(({ shape }) => shown(shape)).join(', ') || 'none'}.`,
      );
    this.tensors = tensors;
  }

  /** Number of samples. */
  get length(): number {
    return this.tensors[0]!.shape[0]!;
  }

  /** What each tensor has at a position of dim 0. */
  get(index: number): TensorSample<T> {
    return this.tensors.map((tensor) => tensor.select(0, index)) as TensorSample<T>;
  }
}

/** Some samples of a data set, after `torch.utils.data.Subset`: sample i is the one at `indices[i]`. */
export class Subset<T> implements Dataset<T> {
  /** What the samples are taken from. */
  readonly dataset: Dataset<T>;
  /** Which of them, in this order; one may come several times. */
  readonly indices: readonly number[];

  /** @throws IndexError for an index that the data set does not have; ArgumentError for a source without indices */
  constructor(source: IndexedSource<T>, indices: Iterable<number>) {
    this.dataset = checkedSource('Subset', source);
    if (!has(indices, Symbol.iterator))
      throw new ArgumentError(`Subset: wants a list of indices, got ${described(indices)}.`);
    this.indices = [...indices];
    for (const index of this.indices) checkIndex('Subset', index, this.dataset.length);
  }

  /** Number of samples. */
  get length(): number {
    return this.indices.length;
  }

  /** The sample at `indices[index]`. */
  get(index: number): T | Promise<T> {
    checkIndex('Subset', index, this.length);
    return this.dataset.get(this.indices[index]!);
  }
}

/** Data sets one after the other, after `torch.utils.data.ConcatDataset`. */
export class ConcatDataset<T> implements Dataset<T> {
  /** The data sets, in order. */
  readonly datasets: readonly Dataset<T>[];

  /** @throws ArgumentError for a source without indices, or none at all */
  constructor(sources: readonly IndexedSource<T>[]) {
    if (!Array.isArray(sources) || sources.length === 0)
      throw new ArgumentError(`ConcatDataset: wants a list of data sets, got ${described(sources)}.`);
    this.datasets = sources.map((source: IndexedSource<T>) => checkedSource('ConcatDataset', source));
  }

  /** Number of samples of all data sets. */
  get length(): number {
    return this.datasets.reduce((sum, { length }) => sum + length, 0);
  }

  /** The sample that an index finds counting through the data sets. */
  get(index: number): T | Promise<T> {
    checkIndex('ConcatDataset', index, this.length);
    let [set, at] = [0, index];
    while (at >= this.datasets[set]!.length) at -= this.datasets[set++]!.length;
    return this.datasets[set]!.get(at);
  }
}

/** Numbers of samples from numbers or from fractions that sum to 1: what rounding down leaves goes to the first parts. */
function sizesOf(lengths: readonly number[], count: number): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total === count && lengths.every(Number.isInteger)) return [...lengths];
  if (Math.abs(total - 1) > 1e-6)
    throw new ArgumentError(
      `randomSplit: parts must sum to the ${count} samples, or to 1 as fractions, got ${described(lengths)}.`,
    );
  const sizes = lengths.map((fraction) => Math.floor(count * fraction));
  const left = count - sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size, i) => size + Math.floor((left + lengths.length - 1 - i) / lengths.length));
}

/**
 * Parts of a data set that share no sample, drawn at random, after `torch.utils.data.random_split`.
 *
 * @param lengths samples of each part, or fractions that sum to 1
 * @throws ArgumentError for lengths that do not sum to the number of samples or to 1, or a source without indices
 * @example
 * const [training, validation] = randomSplit(dataset, [0.8, 0.2], { seed: 0 });
 */
export function randomSplit<T, const L extends readonly number[]>(
  source: IndexedSource<T>,
  lengths: L,
  options: SeedOptions = {},
): { -readonly [K in keyof L]: Subset<T> } {
  const dataset = checkedSource('randomSplit', source);
  if (!Array.isArray(lengths) || !lengths.every((length) => typeof length === 'number' && length >= 0))
    throw new ArgumentError(`randomSplit: wants a list of lengths of at least 0, got ${described(lengths)}.`);
  const sizes = sizesOf(lengths, dataset.length);
  const order = randperm(dataset.length, { generator: seededGenerator('randomSplit', options) }).data;
  let from = 0;
  const parts = sizes.map((size) => new Subset(dataset, order.subarray(from, (from += size))));
  return parts as { -readonly [K in keyof L]: Subset<T> };
}
