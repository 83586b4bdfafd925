import type { Shape, Tensor } from '@q/tensor';
import { QuantizationError } from '../errors.js';
import { checkHistograms, HistogramObserver, type Histogram } from '../observers/histogram.js';
import { EncodingAnalyzer } from './analyzer.js';

/** What the analyzers that look at histograms share: collecting them. */
export abstract class HistogramEncodingAnalyzer extends EncodingAnalyzer<readonly Histogram[]> {
  /**
   * Collects the histograms.
   *
   * @internal
   */
  protected readonly observer: HistogramObserver;

  constructor(shape: Shape | number, numBins: number) {
    super(shape);
    this.observer = new HistogramObserver(this.shape, numBins, this.constructor.name);
  }

  /** Bins per histogram. */
  get numBins(): number {
    return this.observer.numBins;
  }

  override updateStats(x: Tensor): readonly Histogram[] {
    return this.observer.observe(x);
  }

  override collectStats(x: Tensor): readonly Histogram[] {
    return this.observer.collect(x);
  }

  override getStats(): readonly Histogram[] | null {
    return this.observer.stats;
  }

  protected override checkStats(stats: unknown): asserts stats is readonly Histogram[] {
    checkHistograms(this.constructor.name, stats, this.shape, this.numBins);
  }

  override resetStats(): void {
    this.observer.reset();
  }

  override mergeStats(other: EncodingAnalyzer<readonly Histogram[]>): void {
    this.checkMergeable(other);
    if ((other as HistogramEncodingAnalyzer).numBins !== this.numBins)
      throw new QuantizationError(
        `${this.constructor.name}: cannot merge histograms of ${(other as HistogramEncodingAnalyzer).numBins} bins into ${this.numBins}.`,
      );
    const stats = other.getStats();
    if (stats !== null) this.observer.merge(stats);
  }
}
