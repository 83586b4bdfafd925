import { Module } from '@q/nn';
import { described, type Tensor } from '@q/tensor';
import { checkBoolean, optionsOf } from '@q/tensor/internal';
import type { EncodingAnalyzer, EncodingRange } from '../analyzers/analyzer.js';
import { checkFloating } from '../arguments.js';
import type { Encoding } from '../encodings/encoding.js';
import { QuantizationError } from '../errors.js';
import {
  calibrating,
  OpenCalibration,
  warnOfRange,
  type Calibration,
  type CalibrationOptions,
  type CalibrationScope,
} from './calibration.js';

/** One entry of an encoding in AIMET's file format, its names and all. */
export interface LegacyEncoding {
  /** Bits of a value. */
  readonly bitwidth: number;
  /** 'int' or 'float'. */
  readonly dtype: string;
  /** Lower end of the range. */
  readonly min?: number;
  /** Upper end of the range. */
  readonly max?: number;
  /** Size of a step. */
  readonly scale?: number;
  /** Steps from zero to the lower end: `min / scale`. */
  readonly offset?: number;
  /** Whether the range lies around zero, 'True' or 'False' in files. */
  readonly is_symmetric?: string | boolean;
}

/** How encodings in AIMET's file format are taken. */
export interface LegacyOptions {
  /**
   * True: an encoding whose scale and offset belong to its ends comes back bit for bit. False, as AIMET does: scale and offset
   * are computed from the ends anew, which may move the scale to the next float.
   */
  readonly exact?: boolean;
}

/**
 * Stands where a tensor passes: observes it while being calibrated, and quantizes it afterwards.
 *
 * ```ts
 * quantizer.computeEncodings(() => { for (const x of batches) quantizer.forward(x); });
 * quantizer.forward(x);
 * ```
 */
export abstract class QuantizerBase extends Module {
  #calibrations: readonly OpenCalibration[] = [];
  #overwritable = true;

  /** Computes the range from what is observed; null for a quantizer that needs no calibration. */
  abstract readonly encodingAnalyzer: EncodingAnalyzer | null;

  /** Number of steps of the grid. */
  abstract readonly numSteps: number;

  /** Bits of a value. Throws QuantizationError where its grid is of no whole number of bits. */
  abstract readonly bitwidth: number;

  /** Whether there is an encoding to quantize with. */
  abstract isInitialized(): boolean;

  /** The encoding, or null before there is one. */
  abstract getEncoding(): Encoding | null;

  /** The encoding in AIMET's file format, one entry per scale; null before there is one. */
  abstract getLegacyEncodings(): LegacyEncoding[] | null;

  /** Takes an encoding in AIMET's file format, whatever `allowOverwrite` says, as AIMET does. A refused one changes nothing. */
  abstract setLegacyEncodings(encodings: readonly LegacyEncoding[], options?: LegacyOptions): void;

  /** Throws what `setLegacyEncodings` would throw, and changes nothing. */
  abstract checkLegacyEncodings(encodings: readonly LegacyEncoding[]): void;

  /** A quantizer of the same settings, range and state, with parameters of its own; calibrations stay behind. */
  abstract override clone(): this;

  /** Quantizes with the encoding there is, calibration or not. Throws QuantizationError where there is none. */
  abstract quantize(x: Tensor): Tensor;

  /** Quantizes with a range of its own. */
  protected abstract quantizeWithin(x: Tensor, range: EncodingRange): Tensor;

  /** Takes a range over. */
  protected abstract adopt(range: EncodingRange): void;

  /** Warns of a range that deserves a look, and of what an analyzer has observed, before the range is taken over. */
  protected inspect(range: EncodingRange, _analyzer: EncodingAnalyzer): void {
    warnOfRange(range, this);
  }

  /** Whether the analyzer looks for a range around zero. */
  protected abstract readonly isSymmetric: boolean;

  /** Smallest number that values are mapped to; null before initialisation. */
  getMin(): Tensor | null {
    return this.getEncoding()?.min ?? null;
  }

  /** Largest number that values are mapped to; null before initialisation. */
  getMax(): Tensor | null {
    return this.getEncoding()?.max ?? null;
  }

  /** Step size; null before initialisation, and where steps grow with the numbers. */
  getScale(): Tensor | null {
    return null;
  }

  /** Position of zero; null before initialisation, and where zero has none. */
  getOffset(): Tensor | null {
    return null;
  }

  /** What the analyzer gets to see of an input. */
  protected observed(x: Tensor): Tensor {
    return x;
  }

  /** Whether calibrations and imports into modules may change the encoding. */
  get overwritable(): boolean {
    return this.#overwritable;
  }

  /** Says whether calibrations and imports into modules may change the encoding; where not, they are ignored. */
  allowOverwrite(flag: boolean): void {
    if (typeof flag !== 'boolean')
      throw new QuantizationError(`allowOverwrite: wants true or false, got ${described(flag)}.`);
    this.#overwritable = flag;
  }

  /** Whether a calibration is open. */
  isCalibrating(): boolean {
    return this.#calibrations.length > 0;
  }

  /**
   * Quantizes `x`. While being calibrated, observes it, and returns it as it is or quantized with its own range.
   *
   * @throws QuantizationError where there is no encoding yet; DTypeError for integers; ShapeError where the encoding does not fit x
   */
  override forward(x: Tensor): Tensor {
    checkFloating(this.constructor.name, 'x', x);
    return this.#calibrations.length > 0 ? this.#observe(x) : this.quantize(x);
  }

  /**
   * Opens a calibration: from now on inputs are observed, until it is committed or discarded. Calibrations may overlap, each
   * collects its own statistics. A quantizer that must not be overwritten, or that needs no calibration, is left alone.
   */
  beginCalibration(options: CalibrationOptions = {}): Calibration {
    const { passThrough = false } = optionsOf('beginCalibration', options, ['passThrough']);
    checkBoolean('beginCalibration', 'passThrough', passThrough);
    return this.openCalibration(passThrough) ?? { commit: () => undefined, discard: () => undefined };
  }

  /**
   * What `beginCalibration` opens; null where there is nothing to calibrate.
   *
   * @internal
   */
  openCalibration(passThrough: boolean): OpenCalibration | null {
    const { encodingAnalyzer } = this;
    if (!this.#overwritable || encodingAnalyzer === null) return null;
    const analyzer = this.#calibrations.some((other) => other.analyzer === encodingAnalyzer)
      ? encodingAnalyzer.fresh()
      : encodingAnalyzer;
    const calibration = new OpenCalibration(
      {
        compute: () => analyzer.computeEncodings(this.numSteps, this.isSymmetric),
        inspect: (range, observed) => this.inspect(range, observed),
        adopt: (range) => this.adopt(range),
        ended: (ended) => {
          this.#calibrations = this.#calibrations.filter((other) => other !== ended);
        },
      },
      analyzer,
      passThrough,
    );
    this.#calibrations = [...this.#calibrations, calibration];
    return calibration;
  }

  /** Opens a calibration that the end of a `using` scope commits; `discard()` it where the scope fails. */
  computeEncodings(): CalibrationScope;
  /** Calibrates with what `fn` runs through the quantizer. Where `fn` throws or rejects, nothing changes, statistics neither. */
  computeEncodings<T>(fn: () => T): T;
  computeEncodings<T>(fn?: () => T): T | CalibrationScope {
    const calibration = this.beginCalibration();
    if (fn !== undefined) return calibrating(calibration, fn);
    return {
      commit: () => calibration.commit(),
      discard: () => calibration.discard(),
      [Symbol.dispose]: () => calibration.commit(),
    };
  }

  #observe(x: Tensor): Tensor {
    const { numSteps, isSymmetric } = this;
    const seen = this.observed(x);
    let range: EncodingRange | null = null;
    let passThrough = true;
    for (const calibration of this.#calibrations) {
      const batch = calibration.analyzer.updateStats(seen);
      passThrough = calibration.passThrough;
      range = passThrough ? null : calibration.analyzer.computeEncodingsFromStats(batch, numSteps, isSymmetric);
    }
    return range === null ? x : this.quantizeWithin(x, range);
  }
}
