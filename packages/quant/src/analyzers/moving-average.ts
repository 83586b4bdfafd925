import { described, type Shape } from '@q/tensor';
import { checkKnownOptions } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import type { MinMaxStats } from '../observers/min-max.js';
import { MovingAverageObserver } from '../observers/moving-average.js';
import { analyzerFrom, settingsFrom, type EncodingAnalyzer } from './analyzer.js';
import { ObservedRangeEncodingAnalyzer } from './observed-range.js';

/** Options of `MovingAverageMinMaxEncodingAnalyzer`. */
export interface MovingAverageOptions {
  /** Weight of each new batch, above 0 and up to 1; 0.01 where left out. */
  readonly averagingConstant?: number;
}

/** The range between the exponential averages of the batches' ends, as `torch.ao`'s MovingAverageMinMaxObserver: single outliers fade. */
export class MovingAverageMinMaxEncodingAnalyzer extends ObservedRangeEncodingAnalyzer<MovingAverageObserver> {
  /** @throws QuantizationError for an averaging constant outside (0, 1] */
  constructor(shape: Shape | number, options: MovingAverageOptions = {}) {
    checkKnownOptions('MovingAverageMinMaxEncodingAnalyzer', options, ['averagingConstant']);
    const { averagingConstant = 0.01 } = options;
    if (!(typeof averagingConstant === 'number' && averagingConstant > 0 && averagingConstant <= 1))
      throw new QuantizationError(
        `MovingAverageMinMaxEncodingAnalyzer: averagingConstant must be above 0 and up to 1, got ${described(averagingConstant)}.`,
      );
    super(shape, (sizes, name) => new MovingAverageObserver(sizes, averagingConstant, name));
  }

  /** Weight of each new batch. */
  get averagingConstant(): number {
    return this.observer.constant;
  }

  /** Goes on as if the batches of `other` had come after this analyzer's own. */
  override mergeStats(other: EncodingAnalyzer<MinMaxStats>): void {
    this.checkMergeable(other);
    this.observer.follow((other as MovingAverageMinMaxEncodingAnalyzer).observer);
  }

  override fresh(): MovingAverageMinMaxEncodingAnalyzer {
    return new MovingAverageMinMaxEncodingAnalyzer(this.shape, { averagingConstant: this.averagingConstant });
  }

  override toJSON(): unknown {
    const { shape, averagingConstant } = this;
    return { type: 'MovingAverageMinMaxEncodingAnalyzer', shape, averagingConstant, stats: this.observer.toJSON() };
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static fromJSON(json: unknown): MovingAverageMinMaxEncodingAnalyzer {
    const type = 'MovingAverageMinMaxEncodingAnalyzer';
    return analyzerFrom(
      type,
      json,
      (shape, fields) =>
        new MovingAverageMinMaxEncodingAnalyzer(shape, settingsFrom(type, fields, ['averagingConstant'])),
      ({ observer }, stats) => observer.restore(stats),
    );
  }
}
