import type { Shape } from '@q/tensor';
import { checkKnownOptions } from '../arguments.js';
import { MinMaxObserver, type MinMaxStats } from '../observers/min-max.js';
import { analyzerFrom, type EncodingAnalyzer } from './analyzer.js';
import { ObservedRangeEncodingAnalyzer } from './observed-range.js';

/** The range from the smallest to the largest value seen (and zero): nothing is clipped, one outlier widens every step. */
export class MinMaxEncodingAnalyzer extends ObservedRangeEncodingAnalyzer<MinMaxObserver> {
  /** @param options none: nothing can be set */
  constructor(shape: Shape | number, options: Readonly<Record<string, never>> = {}) {
    checkKnownOptions('MinMaxEncodingAnalyzer', options, []);
    super(shape, (sizes, name) => new MinMaxObserver(sizes, name));
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
    return analyzerFrom(
      'MinMaxEncodingAnalyzer',
      json,
      (shape) => new MinMaxEncodingAnalyzer(shape),
      ({ observer }, stats) => observer.restore(stats),
    );
  }
}
