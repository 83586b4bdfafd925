import { described, FormatError, QError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import { checkBoolean, numel, sameShape } from '@q/tensor/internal';
import { checkInstance, sizesOf } from '../arguments.js';
import { QuantizationError, StatisticsNotFoundError } from '../errors.js';
import { fieldsOf, shapeOf } from '../observers/numbers.js';
import type { Ends } from './range.js';

/** The range a quantizer should cover, per encoding entry. */
export interface EncodingRange {
  /** Lower ends, float32. */
  readonly min: Tensor;
  /** Upper ends, float32. */
  readonly max: Tensor;
}

/**
 * Observes tensors and says which range a quantizer should cover. `S` is what it remembers of them.
 *
 * ```ts
 * const analyzer = new MinMaxEncodingAnalyzer([10, 1]);
 * analyzer.updateStats(weight);
 * const { min, max } = analyzer.computeEncodings(255, true);
 * ```
 */
export abstract class EncodingAnalyzer<S = unknown> {
  /** Shape of the ranges: dims of size 1 (aligned from the right) are observed together. */
  readonly shape: Shape;

  /** @throws ShapeError unless the sizes are positive integers */
  constructor(shape: Shape | number) {
    this.shape = sizesOf(this.constructor.name, shape);
  }

  /** Takes a tensor into account; returns the statistics of it alone. A failed call changes nothing. */
  abstract updateStats(x: Tensor): S;

  /** Statistics of one tensor alone, which are not remembered. */
  abstract collectStats(x: Tensor): S;

  /** Statistics of everything seen since the last reset, or null. */
  abstract getStats(): S | null;

  /** Forgets everything. */
  abstract resetStats(): void;

  /** Takes into account what another analyzer of the same kind and settings has seen. */
  abstract mergeStats(other: EncodingAnalyzer<S>): void;

  /** An analyzer of the same settings that has seen nothing. */
  abstract fresh(): EncodingAnalyzer<S>;

  /** Settings and statistics, from which the class's `fromJSON` makes the analyzer again. */
  abstract toJSON(): unknown;

  /** Throws unless `stats` are statistics of an analyzer of this kind and these settings. */
  protected abstract checkStats(stats: unknown): asserts stats is S;

  /** Range of one encoding entry, for a grid of `numSteps` steps. */
  protected abstract rangesOf(stats: S, numSteps: number, isSymmetric: boolean): Iterable<Ends>;

  /**
   * Range of everything seen, for a grid of `numSteps` steps around zero (`isSymmetric`) or anywhere.
   *
   * @throws QuantizationError unless `numSteps` is positive; StatisticsNotFoundError where nothing has been seen
   */
  computeEncodings(numSteps: number, isSymmetric: boolean): EncodingRange {
    const stats = this.getStats();
    return this.computeEncodingsFromStats(stats, numSteps, isSymmetric);
  }

  /** Range of one tensor alone, which is not remembered. */
  computeDynamicEncodings(x: Tensor, numSteps: number, isSymmetric: boolean): EncodingRange {
    this.checkGrid(numSteps, isSymmetric);
    return this.computeEncodingsFromStats(this.collectStats(x), numSteps, isSymmetric);
  }

  /**
   * Range of given statistics, as `getStats` and `collectStats` give them, which may be null where there are none.
   *
   * @throws ArgumentError or ShapeError for statistics of another kind, shape or number of bins
   */
  computeEncodingsFromStats(stats: S | null, numSteps: number, isSymmetric: boolean): EncodingRange {
    this.checkGrid(numSteps, isSymmetric);
    if (stats === null)
      throw new StatisticsNotFoundError(
        `${this.constructor.name}: nothing has been observed yet. Call updateStats() first.`,
      );
    this.checkStats(stats);
    const entries = numel(this.shape);
    const lows = new Float32Array(entries);
    const highs = new Float32Array(entries);
    let g = 0;
    for (const [low, high] of this.rangesOf(stats, numSteps, isSymmetric)) {
      lows[g] = low;
      highs[g++] = high;
    }
    return { min: tensor(lows, { shape: this.shape }), max: tensor(highs, { shape: this.shape }) };
  }

  private checkGrid(numSteps: number, isSymmetric: boolean): void {
    checkBoolean(this.constructor.name, 'isSymmetric', isSymmetric);
    if (!Number.isSafeInteger(numSteps) || numSteps < 1)
      throw new QuantizationError(
        `${this.constructor.name}: the number of steps must be a positive integer, got ${described(numSteps)}.`,
      );
  }

  /** Throws unless `other` is of this class and shape. */
  protected checkMergeable(other: EncodingAnalyzer): void {
    checkInstance(`${this.constructor.name}.mergeStats`, 'other', other, EncodingAnalyzer);
    if (other.constructor !== this.constructor || !sameShape(other.shape, this.shape))
      throw new QuantizationError(
        `${this.constructor.name}${shown(this.shape)}: cannot merge the statistics of ${other.constructor.name}${shown(other.shape)}. Both must have one class and shape.`,
      );
  }
}

/**
 * The analyzer that JSON holds: `make` gives one of the settings, `restore` the statistics. Throws FormatError unless the JSON names
 * `type`, and has a shape and settings with which there is such an analyzer.
 */
export function analyzerFrom<A extends EncodingAnalyzer>(
  type: string,
  json: unknown,
  make: (shape: number[], fields: Readonly<Record<string, unknown>>) => A,
  restore: (analyzer: A, stats: unknown) => void,
): A {
  const fields = fieldsOf(type, json);
  if (fields['type'] !== type)
    throw new FormatError(`${type}.fromJSON: wants type '${type}', got ${described(fields['type'])}.`);
  const shape = shapeOf(`${type}.shape`, fields['shape']);
  let analyzer: A;
  try {
    analyzer = make(shape, fields);
  } catch (cause) {
    if (!(cause instanceof QError) || cause instanceof FormatError) throw cause;
    throw new FormatError(`${type}.fromJSON: ${cause.message}`, { cause });
  }
  restore(analyzer, fields['stats']);
  return analyzer;
}

/** Settings of an analyzer that are numbers. Throws FormatError for others. */
export function settingsFrom<Name extends string>(
  type: string,
  fields: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Record<Name, number> {
  const settings = names.map((name): [Name, number] => {
    const value = fields[name];
    if (typeof value !== 'number')
      throw new FormatError(`${type}.fromJSON: ${name} must be a number, got ${described(value)}.`);
    return [name, value];
  });
  return Object.fromEntries(settings) as Record<Name, number>;
}
