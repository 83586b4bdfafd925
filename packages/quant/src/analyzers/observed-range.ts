import type { Shape, Tensor } from '@q/tensor';
import { elementsOf } from '../elements.js';
import { checkMinMax, type MinMaxStats } from '../observers/min-max.js';
import { EncodingAnalyzer } from './analyzer.js';
import { bounded, EPSILON, symmetricRange, tooNarrow, widened, withZero, type Ends } from './range.js';

/** Collects ends of ranges. */
export interface RangeObserver {
  collect(x: Tensor): MinMaxStats;
  merge(stats: MinMaxStats): void;
  readonly stats: MinMaxStats | null;
  reset(): void;
  toJSON(): unknown;
  restore(json: unknown): void;
}

/** What the analyzers that look at smallest and largest values share: the range between what was observed, and zero. */
export abstract class ObservedRangeEncodingAnalyzer<O extends RangeObserver> extends EncodingAnalyzer<MinMaxStats> {
  /**
   * Collects the ends.
   *
   * @internal
   */
  protected readonly observer: O;

  constructor(shape: Shape | number, observerOf: (shape: Shape, name: string) => O) {
    super(shape);
    this.observer = observerOf(this.shape, this.constructor.name);
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

  protected override checkStats(stats: unknown): asserts stats is MinMaxStats {
    checkMinMax(this.constructor.name, stats, this.shape);
  }

  /** From smallest to largest value and zero, with steps of at least epsilon. */
  protected override *rangesOf({ min, max }: MinMaxStats, numSteps: number, isSymmetric: boolean): Iterable<Ends> {
    const [lows, highs] = elementsOf(min, max);
    for (let g = 0; g < lows.length; g++) {
      const seen = withZero([lows[g]!, highs[g]!]);
      const wide = widened(seen, numSteps, isSymmetric, tooNarrow(seen, numSteps) ? EPSILON : 0);
      yield bounded(isSymmetric ? symmetricRange(wide, numSteps) : wide);
    }
  }
}
