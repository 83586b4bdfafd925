import { checkFunction } from '@q/tensor/internal';
import type { EncodingAnalyzer, EncodingRange } from '../analyzers/analyzer.js';
import { FLOAT_MAX } from '../analyzers/range.js';
import { warn } from '../warnings.js';

/** An open calibration: statistics are collected until it is committed or discarded. */
export interface Calibration {
  /** Computes the encodings from what was observed; changes nothing where nothing was, or where it throws. */
  commit(): void;
  /** Sets no encodings; the statistics remain with the analyzer, as in AIMET. */
  discard(): void;
}

/** How a quantizer behaves while it is being calibrated. */
export interface CalibrationOptions {
  /** True: inputs are only observed and returned as they are. False: they are quantized too, each with its own range. */
  readonly passThrough?: boolean;
}

/** A calibration that can stand in a `using` declaration: the end of the scope commits it. */
export interface CalibrationScope extends Calibration, Disposable {}

/** What a calibration needs of the quantizer it belongs to. */
export interface Calibrated {
  /** The range of what was observed. */
  compute(): EncodingRange;
  /** Warns of a range that deserves a look, and of what an analyzer has observed. */
  inspect(range: EncodingRange, analyzer: EncodingAnalyzer): void;
  /** Takes the range over. */
  adopt(range: EncodingRange): void;
  /** Called when the calibration ends, before anything changes. */
  ended(calibration: OpenCalibration): void;
}

/** Statistics of one calibration of one quantizer, and what becomes of them. */
export class OpenCalibration implements Calibration {
  private range: EncodingRange | null = null;
  private observing = true;
  private over = false;

  constructor(
    private readonly owner: Calibrated,
    readonly analyzer: EncodingAnalyzer,
    readonly passThrough: boolean,
  ) {
    analyzer.resetStats();
  }

  commit(): void {
    try {
      this.prepare();
      this.adopt();
    } catch (cause) {
      this.discard();
      throw cause;
    }
  }

  /** Stops observing, computes the range and warns of it: the first half of `commit`, which sets nothing. */
  prepare(): void {
    if (!this.close() || this.analyzer.getStats() === null) return;
    const range = this.owner.compute();
    this.owner.inspect(range, this.analyzer);
    this.range = range;
  }

  /** Whether anything was observed, once the range is computed. */
  get hasRange(): boolean {
    return this.range !== null;
  }

  /** Sets the range, where there is one: the second half of `commit`. */
  adopt(): void {
    if (this.over) return;
    if (this.range !== null) this.owner.adopt(this.range);
    this.over = true;
  }

  discard(): void {
    this.close();
    this.over = true;
  }

  private close(): boolean {
    if (!this.observing) return false;
    this.observing = false;
    this.owner.ended(this);
    return true;
  }
}

/** Warns of ranges that only broken inputs give. */
export function warnOfRange({ min, max }: EncodingRange, source: object): void {
  const ends = [...min.data, ...max.data];
  if (ends.some((end) => !Number.isFinite(end)))
    warn({
      code: 'non-finite-values',
      message: 'Infinite or NaN values detected within input! This may skew the associated encodings',
      source,
    });
  if (ends.some((end) => Math.abs(Math.abs(end) - FLOAT_MAX) <= 0.05 * FLOAT_MAX))
    warn({
      code: 'extreme-values',
      message: 'Extreme values detected within input! This may skew the associated encodings',
      source,
    });
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';

/**
 * Runs `fn` in a calibration and commits where it succeeds: a promise is awaited first. Where `fn` throws or rejects, the
 * calibration is discarded.
 */
export function calibrating<T>(calibration: Calibration, fn: () => T): T {
  let result: T;
  let isLater: boolean;
  try {
    checkFunction('computeEncodings', fn);
    result = fn();
    isLater = isPromise(result);
  } catch (cause) {
    calibration.discard();
    throw cause;
  }
  if (!isLater) {
    calibration.commit();
    return result;
  }
  return Promise.resolve(result).then(
    (value: unknown) => {
      calibration.commit();
      return value;
    },
    (cause: unknown) => {
      calibration.discard();
      throw cause;
    },
  ) as T;
}
