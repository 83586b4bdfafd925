import { FormatError, tensor, type Shape, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { elementsOf } from '../elements.js';
import { MinMaxObserver, type MinMaxStats } from './min-max.js';
import { checkOrdered, fieldsOf, numbersOf, toJSONNumber } from './numbers.js';

const { fround } = Math;

/** Averages of the ends seen, and what is needed to go on with them elsewhere. */
interface Averages {
  readonly min: Float32Array;
  readonly max: Float32Array;
  /** The ends of the first batch. */
  readonly firstMin: Float32Array;
  readonly firstMax: Float32Array;
  /** Number of batches. */
  readonly count: number;
}

const arrays = ['min', 'max', 'firstMin', 'firstMax'] as const;

/** Averages the range of batches exponentially: `average += constant * (batch - average)`, starting with the first batch. */
export class MovingAverageObserver {
  private readonly single: MinMaxObserver;
  private averages: Averages | null = null;

  /** @param name how messages call whoever observes */
  constructor(
    readonly shape: Shape,
    readonly constant: number,
    name = 'MovingAverageObserver',
  ) {
    this.single = new MinMaxObserver(shape, name);
  }

  /** Range of one tensor alone. */
  collect(x: Tensor): MinMaxStats {
    return this.single.collect(x);
  }

  /** Takes a batch into account. */
  merge({ min, max }: MinMaxStats): void {
    const [lows, highs] = elementsOf(min, max).map((ends) => Float32Array.from(ends)) as [Float32Array, Float32Array];
    const before = this.averages;
    if (before === null) {
      this.averages = { min: lows, max: highs, firstMin: lows, firstMax: highs, count: 1 };
      return;
    }
    const move = (average: Float32Array, batch: Float32Array): Float32Array =>
      average.map((value, g) => value + fround(fround(this.constant) * fround(batch[g]! - value)));
    this.averages = { ...before, min: move(before.min, lows), max: move(before.max, highs), count: before.count + 1 };
  }

  /** Goes on as if the batches of `other` had come after this observer's own. */
  follow(other: MovingAverageObserver): void {
    const [before, after] = [this.averages, other.averages];
    if (after === null) return;
    if (before === null) {
      this.averages = after;
      return;
    }
    // The first batch of `other` counted in full there; here it is one among others.
    const faded = (1 - this.constant) ** after.count;
    const join = (end: 'min' | 'max', first: 'firstMin' | 'firstMax'): Float32Array =>
      before[end].map((value, g) => after[end][g]! + faded * (value - after[first][g]!));
    this.averages = {
      ...before,
      min: join('min', 'firstMin'),
      max: join('max', 'firstMax'),
      count: before.count + after.count,
    };
  }

  /** The averages so far, or null. */
  get stats(): MinMaxStats | null {
    if (this.averages === null) return null;
    const { min, max } = this.averages;
    return { min: tensor(min.slice(), { shape: this.shape }), max: tensor(max.slice(), { shape: this.shape }) };
  }

  /** Forgets everything. */
  reset(): void {
    this.averages = null;
  }

  /** The statistics as JSON can hold them. */
  toJSON(): unknown {
    const { averages } = this;
    if (averages === null) return null;
    const numbers = arrays.map((name) => [name, Array.from(averages[name], toJSONNumber)]);
    return { ...Object.fromEntries(numbers), count: averages.count };
  }

  /** Replaces the statistics by those that `toJSON` wrote. Throws FormatError for anything else and changes nothing then. */
  restore(json: unknown): void {
    if (json === null) return this.reset();
    const fields = fieldsOf('statistics', json);
    const entries = numel(this.shape);
    const [min, max, firstMin, firstMax] = arrays.map((name) =>
      numbersOf(`statistics.${name}`, fields[name], entries),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    checkOrdered(min, max);
    checkOrdered(firstMin, firstMax);
    const { count } = fields;
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
      throw new FormatError('statistics.count: wants the number of batches, a positive integer.');
    this.averages = { min, max, firstMin, firstMax, count };
  }
}
