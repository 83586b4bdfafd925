import { ArgumentError, described, ShapeError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import { checkFloating } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { checkOrdered, fieldsOf, numbersOf, toJSONNumber } from './numbers.js';
import { observable, reducedDims } from './groups.js';

/** Smallest and largest value seen per encoding entry; NaN where a NaN was seen. */
export interface MinMaxStats {
  /** Smallest values, float32. */
  readonly min: Tensor;
  /** Largest values, float32. */
  readonly max: Tensor;
}

/** Throws unless `stats` are the ends of ranges of a shape: ArgumentError for none, DTypeError or ShapeError for others. */
export function checkMinMax(operation: string, stats: unknown, shape: Shape): asserts stats is MinMaxStats {
  if (typeof stats !== 'object' || stats === null)
    throw new ArgumentError(`${operation}: wants statistics { min, max }, got ${described(stats)}.`);
  for (const name of ['min', 'max'] as const) {
    const ends: unknown = (stats as Partial<Record<typeof name, unknown>>)[name];
    checkFloating(operation, name, ends);
    if (ends.numel !== numel(shape))
      throw new ShapeError(`${operation}: statistics of shape ${shown(ends.shape)} do not fit shape ${shown(shape)}.`);
  }
}

/** Collects the range of tensors, in memory that does not grow with them. */
export class MinMaxObserver {
  private lows: Float32Array | null = null;
  private highs: Float32Array | null = null;

  /** @param name how messages call whoever observes */
  constructor(
    readonly shape: Shape,
    private readonly name = 'MinMaxObserver',
  ) {}

  /** Range of one tensor alone. */
  collect(x: Tensor): MinMaxStats {
    const dims = reducedDims(this.name, x, this.shape);
    const plain = observable(x);
    // Without a dim to reduce, every element is its own range; amin() of no dims would reduce them all.
    const [min, max] = dims.length === 0 ? [plain.clone(), plain.clone()] : [plain.amin(dims), plain.amax(dims)];
    return { min: min.reshape(this.shape), max: max.reshape(this.shape) };
  }

  /** Takes statistics of the same shape into account. */
  merge(stats: MinMaxStats): void {
    checkMinMax(`${this.name}.mergeStats`, stats, this.shape);
    const [lows, highs] = elementsOf(stats.min, stats.max);
    if (this.lows === null || this.highs === null) {
      this.lows = Float32Array.from(lows);
      this.highs = Float32Array.from(highs);
      return;
    }
    for (let g = 0; g < lows.length; g++) {
      this.lows[g] = Math.min(this.lows[g]!, lows[g]!);
      this.highs[g] = Math.max(this.highs[g]!, highs[g]!);
    }
  }

  /** Range of everything merged so far, or null. */
  get stats(): MinMaxStats | null {
    return this.lows === null || this.highs === null ? null : this.statsOf(this.lows.slice(), this.highs.slice());
  }

  /** Forgets everything. */
  reset(): void {
    this.lows = this.highs = null;
  }

  /** The statistics as JSON can hold them. */
  toJSON(): unknown {
    return this.lows === null || this.highs === null
      ? null
      : { min: Array.from(this.lows, toJSONNumber), max: Array.from(this.highs, toJSONNumber) };
  }

  /** Replaces the statistics by those that `toJSON` wrote. Throws FormatError for anything else and changes nothing then. */
  restore(json: unknown): void {
    if (json === null) return this.reset();
    const fields = fieldsOf('statistics', json);
    const lows = numbersOf('statistics.min', fields['min'], numel(this.shape));
    const highs = numbersOf('statistics.max', fields['max'], numel(this.shape));
    checkOrdered(lows, highs);
    this.lows = lows;
    this.highs = highs;
  }

  private statsOf(lows: Float32Array, highs: Float32Array): MinMaxStats {
    return { min: tensor(lows, { shape: this.shape }), max: tensor(highs, { shape: this.shape }) };
  }
}
