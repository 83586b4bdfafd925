import { ArgumentError, described, randperm, Tensor, type Generator } from '@q/tensor';
import { checkFunction, checkInteger, optionsOf } from '@q/tensor/internal';
import { checkBooleans } from '../options.js';
import { collate, type Collated } from './collate.js';
import { checkIndex, checkLength, datasetOf, has, type IndexedSource } from './dataset.js';
import { seededGenerator, type SeedOptions } from './seed.js';
import type { Sampler } from './sampler.js';

/** Where samples come from: by index (an array, a `Dataset`), or one after the other. */
export type SampleSource<T> = IndexedSource<T> | Iterable<T> | AsyncIterable<T>;

/** Options of `DataLoader`. */
export interface LoaderOptions extends SeedOptions {
  /** Samples per batch. Default: 1. */
  readonly batchSize?: number;
  /** Whether every pass takes the samples in a new random order; they must have indices. Default: false. */
  readonly shuffle?: boolean;
  /** Which samples a pass takes, and in which order, instead of all; they must have indices. */
  readonly sampler?: Sampler;
  /** Whether a last batch that is not full is left out. Default: false. */
  readonly dropLast?: boolean;
}

const hasLength = <T>(source: SampleSource<T>): source is IndexedSource<T> => has(source, 'length');
const isIterable = (source: unknown): boolean => has(source, Symbol.iterator) || has(source, Symbol.asyncIterator);

/** Whether samples have indices: something iterable may know how many they are and yet give them in order only. */
const hasIndices = <T>(source: SampleSource<T>): source is IndexedSource<T> =>
  hasLength(source) &&
  (has(source, 'get') || Array.isArray(source) || ArrayBuffer.isView(source) || has(source, 0) || !isIterable(source));

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
  /** Which samples a pass takes, and in which order; all where undefined. */
  readonly sampler: Sampler | undefined;
  /** Source of the random order. */
  readonly generator: Generator;
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
    const {
      batchSize = 1,
      shuffle = false,
      dropLast = false,
      sampler,
    } = optionsOf('DataLoader', options, [
      'batchSize',
      'shuffle',
      'sampler',
      'dropLast',
      'generator',
      'seed',
      'collate',
    ]);
    const generator = seededGenerator('DataLoader', options);
    if (options.collate !== undefined) checkFunction('DataLoader', options.collate);
    if (source instanceof Tensor)
      throw new ArgumentError('DataLoader: a tensor has no samples by itself. Wrap it: new TensorDataset(tensor).');
    if (!has(source, 'length') && !isIterable(source))
      throw new ArgumentError(
        'DataLoader: wants an array, a Dataset ({ length, get }) or something iterable; a generator function as { [Symbol.iterator]: it }.',
      );
    if (hasIndices(source)) checkLength('DataLoader', source);
    checkInteger('DataLoader', 'batchSize', batchSize, 1);
    checkBooleans('DataLoader', { shuffle, dropLast });
    if (shuffle && !hasIndices(source))
      throw new ArgumentError('DataLoader: only samples with indices can be shuffled. Collect them in an array first.');
    if (sampler !== undefined && !(has(sampler, Symbol.iterator) && has(sampler, 'length')))
      throw new ArgumentError(
        `DataLoader: a sampler is an array of indices or iterable with a length, got ${described(sampler)}.`,
      );
    if (sampler !== undefined) checkLength('DataLoader', sampler);
    if (sampler !== undefined && (shuffle || !hasIndices(source)))
      throw new ArgumentError(
        `DataLoader: a sampler ${shuffle ? 'gives the order. Leave shuffle out' : 'wants samples with indices. Collect them in an array first'}.`,
      );
    this.source = source;
    this.batchSize = batchSize;
    this.shuffle = shuffle;
    this.dropLast = dropLast;
    this.sampler = sampler;
    this.generator = generator;
    // Without a collate of the caller's, B is what the default one makes: the overloads say so.
    this.collate = options.collate ?? (collate as unknown as (samples: T[]) => B);
  }

  /** Number of batches of a pass. Throws ArgumentError where only a pass can tell. */
  get length(): number {
    const samples: SampleSource<unknown> = this.sampler ?? this.source;
    if (!hasLength(samples))
      throw new ArgumentError('DataLoader: the number of samples of an iterable is not known before the end.');
    checkLength('DataLoader', samples);
    return (this.dropLast ? Math.floor : Math.ceil)(samples.length / this.batchSize);
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

  /** Indices of the samples of a new pass, in order. */
  private *order(count: number): Iterable<number> {
    const { sampler, generator } = this;
    if (sampler === undefined)
      yield* this.shuffle ? randperm(count, { generator }).data : Array.from({ length: count }, (_, i) => i);
    else
      for (const index of sampler) {
        checkIndex('DataLoader', index, count);
        yield index;
      }
  }

  /** The batches of a new pass. Throws ArgumentError where samples come later. */
  *[Symbol.iterator](): Iterator<B> {
    const { source, batchSize, dropLast } = this;
    const dataset = hasIndices(source) ? datasetOf(source) : null;
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
    const dataset = hasIndices(source) ? datasetOf(source) : null;
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
