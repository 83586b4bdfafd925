import { ArgumentError, described, Generator, randperm, ShapeError, shown, Tensor } from '@q/tensor';
import { checkFunction, checkTensor, generatorOf, optionsOf } from '@q/tensor/internal';
import { collate, type Collated } from './collate.js';

/** Samples by index, now or later. */
export interface Dataset<T> {
  /** Number of samples. */
  readonly length: number;
  /** The sample of an index from 0 to `length - 1`, or a promise of it. */
  get(index: number): T | Promise<T>;
}

/** Where samples come from: by index (an array, a `Dataset`), or one after the other. */
export type SampleSource<T> = ArrayLike<T> | Dataset<T> | Iterable<T> | AsyncIterable<T>;

/** Options of `DataLoader`. */
export interface LoaderOptions {
  /** Samples per batch. Default: 1. */
  readonly batchSize?: number;
  /** Whether every pass takes the samples in a new random order; they must have indices. Default: false. */
  readonly shuffle?: boolean;
  /** Source of the random order; the default one where absent. */
  readonly generator?: Generator;
  /** Seed of a source of the loader's own, instead of `generator`. */
  readonly seed?: number;
  /** Whether a last batch that is not full is left out. Default: false. */
  readonly dropLast?: boolean;
}

/** A sample of a `TensorDataset`: one tensor for each of its tensors. */
export type TensorSample<T extends readonly Tensor[]> = { -readonly [K in keyof T]: Tensor };

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

const has = (value: unknown, key: PropertyKey): boolean => typeof value === 'object' && value !== null && key in value;

const hasLength = <T>(source: SampleSource<T>): source is ArrayLike<T> | Dataset<T> => has(source, 'length');
const hasGet = <T>(source: ArrayLike<T> | Dataset<T>): source is Dataset<T> => has(source, 'get');
const isIterable = (source: unknown): boolean => has(source, Symbol.iterator) || has(source, Symbol.asyncIterator);

/** Whether samples have indices: something iterable may know how many they are and yet give them in order only. */
const hasIndices = <T>(source: SampleSource<T>): source is ArrayLike<T> | Dataset<T> =>
  hasLength(source) &&
  (hasGet(source) || Array.isArray(source) || ArrayBuffer.isView(source) || has(source, 0) || !isIterable(source));

/** How samples are got by index; null for a source without indices. */
function indexed<T>(source: SampleSource<T>): Dataset<T> | null {
  if (!hasIndices(source)) return null;
  if (hasGet(source)) return source;
  return {
    get length() {
      return source.length;
    },
    get: (index) => source[index]!,
  };
}

/** Consecutive items, `size` at a time. */
class Chunks<T> {
  private items: T[] = [];

  constructor(
    private readonly size: number,
    private readonly dropLast: boolean,
  ) {}

  /** Adds an item; the chunk that is full with it, else null. */
  add(item: T): T[] | null {
    this.items.push(item);
    return this.items.length === this.size ? this.take() : null;
  }

  /** The items that fill no chunk, unless they are dropped or there are none; else null. */
  rest(): T[] | null {
    return this.items.length > 0 && !this.dropLast ? this.take() : null;
  }

  private take(): T[] {
    const { items } = this;
    this.items = [];
    return items;
  }
}

function* chunks<T>(items: Iterable<T>, size: number, dropLast: boolean): Iterable<T[]> {
  const waiting = new Chunks<T>(size, dropLast);
  for (const item of items) {
    const chunk = waiting.add(item);
    if (chunk) yield chunk;
  }
  const rest = waiting.rest();
  if (rest) yield rest;
}

async function* asyncChunks<T>(items: AsyncIterable<T>, size: number, dropLast: boolean): AsyncIterable<T[]> {
  const waiting = new Chunks<T>(size, dropLast);
  for await (const item of items) {
    const chunk = waiting.add(item);
    if (chunk) yield chunk;
  }
  const rest = waiting.rest();
  if (rest) yield rest;
}

/** A sample that is there already. */
function present<T>(sample: T | Promise<T>): T {
  if (sample instanceof Promise)
    throw new ArgumentError('DataLoader: the data set gives promises. Iterate with for await.');
  return sample;
}

/**
 * Batches of samples, after `torch.utils.data.DataLoader`: `for (const batch of loader)`, or `for await` where samples come
 * later. Every loop is a new pass, in a new order with `shuffle`; over an iterator, as generator functions give, there is one. The samples of a batch are asked for at once.
 *
 * @example
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 32, shuffle: true, seed: 0 });
 * for (const [x, y] of loader) step(x, y); // x: [32, ...], y: [32]
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B>, AsyncIterable<B> {
  /** Where samples come from. */
  readonly source: SampleSource<T>;
  /** Samples per batch. */
  readonly batchSize: number;
  /** Whether every pass takes the samples in a new random order. */
  readonly shuffle: boolean;
  /** Whether a last batch that is not full is left out. */
  readonly dropLast: boolean;
  /** Source of the random order; the default one where undefined. */
  readonly generator: Generator | undefined;
  /** Makes a batch of samples. */
  readonly collate: (samples: T[]) => B;
  /** Whether the source is an iterator that had its pass. */
  private exhausted = false;

  /**
   * @param source samples by index (an array, a `Dataset`) or one after the other (an iterable, sync or async)
   * @throws ArgumentError for options that do not fit, or a source of another kind
   */
  constructor(source: SampleSource<T>, options?: LoaderOptions & { readonly collate?: undefined });
  constructor(source: SampleSource<T>, options: LoaderOptions & { readonly collate: (samples: T[]) => B });
  constructor(
    source: SampleSource<T>,
    options: LoaderOptions & { readonly collate?: ((samples: T[]) => B) | undefined } = {},
  ) {
    const { batchSize = 1, shuffle = false, dropLast = false, generator, seed } = optionsOf('DataLoader', options);
    generatorOf('DataLoader', options);
    if (options.collate !== undefined) checkFunction('DataLoader', options.collate);
    if (source instanceof Tensor)
      throw new ArgumentError('DataLoader: a tensor has no samples by itself. Wrap it: new TensorDataset(tensor).');
    if (!has(source, 'length') && !isIterable(source))
      throw new ArgumentError(
        'DataLoader: wants an array, a Dataset ({ length, get }) or something iterable; a generator function as { [Symbol.iterator]: it }.',
      );
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new ArgumentError(`DataLoader: batchSize must be a positive integer, got ${described(batchSize)}.`);
    if (shuffle && !hasIndices(source))
      throw new ArgumentError('DataLoader: only samples with indices can be shuffled. Collect them in an array first.');
    if (generator !== undefined && seed !== undefined)
      throw new ArgumentError('DataLoader: a generator has its own seed. Give either a generator or a seed.');
    this.source = source;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.generator = seed === undefined ? generator : new Generator(seed);
    // Without a collate of the caller's, B is what the default one makes: the overloads say so.
    this.collate = options.collate ?? (collate as unknown as (samples: T[]) => B);
  }

  /** Number of batches of a pass. Throws ArgumentError where only a pass can tell. */
  get length(): number {
    if (!hasLength(this.source))
      throw new ArgumentError('DataLoader: the number of samples of an iterable is not known before the end.');
    return (this.dropLast ? Math.floor : Math.ceil)(this.source.length / this.batchSize);
  }

  /** A new pass over what is iterable. Throws ArgumentError for an iterator that had its only one. */
  private started<I extends object>(iterator: I): I {
    if (iterator === (this.source as object)) {
      if (this.exhausted)
        throw new ArgumentError(
          'DataLoader: an iterator can be passed over once. Give something iterable anew, as { [Symbol.iterator]: generatorFunction }.',
        );
      this.exhausted = true;
    }
    return iterator;
  }

  /** Indices of all samples in the order of a new pass. */
  private order(count: number): Iterable<number> {
    return this.shuffle
      ? randperm(count, this.generator ? { generator: this.generator } : {}).data
      : Array.from({ length: count }, (_, i) => i);
  }

  /** The batches of a new pass. Throws ArgumentError where samples come later. */
  *[Symbol.iterator](): Iterator<B> {
    const { source, batchSize, dropLast } = this;
    const dataset = indexed(source);
    if (dataset !== null)
      for (const indices of chunks(this.order(dataset.length), batchSize, dropLast))
        yield this.collate(indices.map((index) => present(dataset.get(index))));
    else if (has(source, Symbol.iterator)) {
      const iterator = this.started((source as Iterable<T>)[Symbol.iterator]());
      for (const samples of chunks({ [Symbol.iterator]: () => iterator }, batchSize, dropLast))
        yield this.collate(samples.map(present));
    } else throw new ArgumentError('DataLoader: the samples come later. Iterate with for await.');
  }

  /** The batches of a new pass, of samples that may come later. */
  async *[Symbol.asyncIterator](): AsyncIterator<B> {
    const { source, batchSize, dropLast } = this;
    const dataset = indexed(source);
    if (dataset !== null)
      for (const indices of chunks(this.order(dataset.length), batchSize, dropLast))
        yield this.collate(await Promise.all(indices.map((index) => dataset.get(index))));
    else if (has(source, Symbol.asyncIterator)) {
      const iterator = this.started((source as AsyncIterable<T>)[Symbol.asyncIterator]());
      for await (const samples of asyncChunks({ [Symbol.asyncIterator]: () => iterator }, batchSize, dropLast))
        yield this.collate(samples);
    } else {
      const iterator = this.started((source as Iterable<T>)[Symbol.iterator]());
      for (const samples of chunks({ [Symbol.iterator]: () => iterator }, batchSize, dropLast))
        yield this.collate(await Promise.all(samples));
    }
  }
}
