import { described, FormatError, type Shape, type Tensor } from '@q/tensor';
import { checkOptions, QuantizationError } from '../errors.js';
import { checkMinMax, type MinMaxStats } from '../observers/min-max.js';
import { MovingAverageObserver } from '../observers/moving-average.js';
import { analyzerFields, EncodingAnalyzer } from './analyzer.js';
import { minMaxRanges } from './min-max.js';
import type { Ends } from './range.js';

/** Options of `MovingAverageMinMaxEncodingAnalyzer`. */
export interface MovingAverageOptions {
  /** Weight of each new batch, above 0 and up to 1; 0.01 where left out. */
  readonly averagingConstant?: number;
}

/** The range between the exponential averages of the batches' ends, as `torch.ao`'s MovingAverageMinMaxObserver: single outliers fade. */
export class MovingAverageMinMaxEncodingAnalyzer extends EncodingAnalyzer<MinMaxStats> {
  private readonly observer: MovingAverageObserver;

  /** @throws QuantizationError for an averaging constant outside (0, 1] */
  constructor(shape: Shape | number, options: MovingAverageOptions = {}) {
    checkOptions('MovingAverageMinMaxEncodingAnalyzer', options, ['averagingConstant']);
    super(shape);
    const { averagingConstant = 0.01 } = options;
    if (!(typeof averagingConstant === 'number' && averagingConstant > 0 && averagingConstant <= 1))
      throw new QuantizationError(
        `MovingAverageMinMaxEncodingAnalyzer: averagingConstant must be above 0 and up to 1, got ${described(averagingConstant)}.`,
      );
    this.observer = new MovingAverageObserver(this.shape, averagingConstant);
  }

  /** Weight of each new batch. */
  get averagingConstant(): number {
    return this.observer.constant;
  }

  override updateStats(x: Tensor): MinMaxStats {
    const batch = this.observer.collect(x);
    this.observer.merge(batch);
    return batch;
  }

  override collectStats(x: Tensor): MinMaxStats {
    return this.observer.collect(x);
  }

  override getStats(): MinMaxStats | null {
    return this.observer.stats;
  }

  override resetStats(): void {
    this.observer.reset();
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
    const { shape, fields } = analyzerFields('MovingAverageMinMaxEncodingAnalyzer', json);
    const { averagingConstant } = fields;
    if (typeof averagingConstant !== 'number')
      throw new FormatError('MovingAverageMinMaxEncodingAnalyzer.fromJSON: averagingConstant must be a number.');
    const analyzer = new MovingAverageMinMaxEncodingAnalyzer(shape, { averagingConstant });
    analyzer.observer.restore(fields['stats']);
    return analyzer;
  }

  protected override checkStats(stats: unknown): asserts stats is MinMaxStats {
    checkMinMax(this.constructor.name, stats, this.shape);
  }

  protected override rangesOf(stats: MinMaxStats, numSteps: number, isSymmetric: boolean): Iterable<Ends> {
    return minMaxRanges(stats, numSteps, isSymmetric);
  }
}
