import type { Shape } from '@q/tensor';
import { checkKnownOptions } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { SqnrEncodingAnalyzer, sqnrFromJSON, sqnrOptions, type SqnrOptions } from './sqnr.js';

/** Options of `MseEncodingAnalyzer`. */
export type MseOptions = Omit<SqnrOptions, 'gamma'>;

/** The range whose grid has the least mean squared error: clipping counts as much as rounding. Searched as by `SqnrEncodingAnalyzer`. */
export class MseEncodingAnalyzer extends SqnrEncodingAnalyzer {
  protected override readonly type = 'MseEncodingAnalyzer';

  /** @throws QuantizationError for options that are not positive numbers */
  constructor(shape: Shape | number, options: MseOptions = {}) {
    checkKnownOptions(
      'MseEncodingAnalyzer',
      options,
      sqnrOptions.filter((name) => name !== 'gamma'),
    );
    super(shape, { ...options, gamma: 1 });
  }

  override fresh(): MseEncodingAnalyzer {
    const { gamma: _one, ...options } = this.settings;
    return new MseEncodingAnalyzer(this.shape, options);
  }

  /** The analyzer that `toJSON` wrote. Throws FormatError for anything else. */
  static override fromJSON(json: unknown): MseEncodingAnalyzer {
    return sqnrFromJSON('MseEncodingAnalyzer', json, (shape, { gamma, ...options }) => {
      if (gamma !== 1) throw new QuantizationError(`gamma must be 1, got ${gamma}.`);
      return new MseEncodingAnalyzer(shape, options);
    });
  }
}
