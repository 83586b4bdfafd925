import type { Shape, Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { checkMinMax, MinMaxObserver, type MinMaxStats } from '../observers/min-max.js';
import { analyzerFields, EncodingAnalyzer } from './analyzer.js';
import { bounded, EPSILON, symmetricRange, tooNarrow, widened, withZero, type Ends } from './range.js';

/** The range from the smallest to the largest value seen (and zero): nothing is clipped, one outlier widens every step. */
export class MinMaxEncodingAnalyzer extends EncodingAnalyzer<MinMaxStats> {
  private readonly observer: MinMaxObserver;

  constructor(shape: Shape | number) {
    super(shape);
    this.observer = new MinMaxObserver(this.shape);
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

  override mergeStats(other: EncodingAnalyzer<MinMaxStats>): void {
    this.checkMergeable(other);
    const stats = other.getStats();
    if (stats !== null) this.observer.merge(stats);
  }

  override fresh(): MinMaxEncodingAnalyzer {
    return new MinMaxEncodingAnalyzer(this.shape);
  }

  override toJSON(): unknown {
    return { type: 'MinMaxEncodingAnalyzer', shape: this.shape, stats: this.observer.toJSON() };
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static fromJSON(json: unknown): MinMaxEncodingAnalyzer {
    const { shape, fields } = analyzerFields('MinMaxEncodingAnalyzer', json);
    const analyzer = new MinMaxEncodingAnalyzer(shape);
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

/** The ranges from smallest to largest value and zero, with steps of at least epsilon. */
export function* minMaxRanges({ min, max }: MinMaxStats, numSteps: number, isSymmetric: boolean): Iterable<Ends> {
  const [lows, highs] = elementsOf(min, max);
  for (let g = 0; g < lows.length; g++) {
    const seen = withZero([lows[g]!, highs[g]!]);
    const wide = widened(seen, numSteps, isSymmetric, tooNarrow(seen, numSteps) ? EPSILON : 0);
    yield bounded(isSymmetric ? symmetricRange(wide, numSteps) : wide);
  }
}
