import { described, full, noGrad, ShapeError, shown, tensor, type Tensor } from '@q/tensor';
import { optionsOf, sameShape } from '@q/tensor/internal';
import { EncodingAnalyzer, type EncodingRange } from '../analyzers/analyzer.js';
import { checkKnownOptions } from '../arguments.js';
import { castDType, checkFormat, floatCast, ieeeMax, type FloatFormat } from '../encodings/float-cast.js';
import { FloatEncoding } from '../encodings/float.js';
import { QuantizationError } from '../errors.js';
import { checkedEntries } from './legacy.js';
import { QuantizerBase, type LegacyEncoding, type LegacyOptions } from './quantizer.js';

export { FloatEncoding } from '../encodings/float.js';

/** A floating format by its bits. */
export interface FormatByBits {
  /** Bits of the exponent, 1 to 8. */
  readonly exponentBits: number;
  /** Bits of the mantissa, 0 to 23. */
  readonly mantissaBits: number;
  /** The bits say it. */
  readonly dtype?: never;
}

/** A floating format by the dtype that has it. */
export interface FormatByDType {
  /** 'float16' is (5, 10), 'bfloat16' is (8, 7). */
  readonly dtype: 'float16' | 'bfloat16';
  /** The dtype says it. */
  readonly exponentBits?: never;
  /** The dtype says it. */
  readonly mantissaBits?: never;
}

/** What a float quantizer is besides its format. */
export interface FloatQuantizerSettings {
  /** Finds the largest number of the format while the quantizer is calibrated. Left out: the format's own, no calibration. */
  readonly encodingAnalyzer?: EncodingAnalyzer | null;
}

/** Options of a float quantizer: its format, and everything else. */
export type FloatQuantizerOptions = FloatQuantizerSettings & (FormatByBits | FormatByDType);

const formats = { float16: { exponentBits: 5, mantissaBits: 10 }, bfloat16: { exponentBits: 8, mantissaBits: 7 } };

/** The format that options give in exactly one way. Throws QuantizationError where they give none, or several. */
function formatOf(name: string, options: FloatQuantizerOptions): FloatFormat {
  const { exponentBits, mantissaBits, dtype } = options;
  if (dtype !== undefined) {
    if (exponentBits !== undefined || mantissaBits !== undefined)
      throw new QuantizationError(`${name}: dtype and exponentBits/mantissaBits exclude each other. Give one of them.`);
    if (!Object.hasOwn(formats, dtype))
      throw new QuantizationError(`${name}: dtype must be 'float16' or 'bfloat16', got ${described(dtype)}.`);
    return formats[dtype];
  }
  if (exponentBits === undefined || mantissaBits === undefined)
    throw new QuantizationError(`${name}: needs exponentBits and mantissaBits, or dtype.`);
  checkFormat(name, { exponentBits, mantissaBits });
  return { exponentBits, mantissaBits };
}

/**
 * Maps floats to the nearest numbers of a floating format with few bits. Without an analyzer, (5, 10) and (8, 7) are the
 * casts to float16 and bfloat16; any other format saturates at its largest number.
 *
 * ```ts
 * new FloatQuantizeDequantize({ exponentBits: 4, mantissaBits: 3 }).forward(x);
 * ```
 */
export class FloatQuantizeDequantize extends QuantizerBase {
  /** Largest number of the format, of the analyzer's shape; null without an analyzer. */
  maxval: Tensor | null;
  #exponentBits: number;
  #mantissaBits: number;
  #analyzer: EncodingAnalyzer | null;

  /** @throws QuantizationError unless the format is given in exactly one way */
  constructor(options: FloatQuantizerOptions) {
    super();
    const name = 'FloatQuantizeDequantize';
    checkKnownOptions(name, options, ['exponentBits', 'mantissaBits', 'dtype', 'encodingAnalyzer']);
    const { encodingAnalyzer = null } = options;
    const format = formatOf(name, options);
    if (encodingAnalyzer !== null && !(encodingAnalyzer instanceof EncodingAnalyzer))
      throw new QuantizationError(
        `${name}: encodingAnalyzer must be an EncodingAnalyzer, got ${described(encodingAnalyzer)}.`,
      );
    this.#exponentBits = format.exponentBits;
    this.#mantissaBits = format.mantissaBits;
    this.#analyzer = encodingAnalyzer;
    this.maxval =
      encodingAnalyzer === null ? null : full(encodingAnalyzer.shape, ieeeMax(format), { dtype: 'float32' });
  }

  /** Bits of the exponent. */
  get exponentBits(): number {
    return this.#exponentBits;
  }

  /** Bits of the mantissa. */
  get mantissaBits(): number {
    return this.#mantissaBits;
  }

  /** Bits of a number: sign, exponent and mantissa. */
  override get bitwidth(): number {
    return 1 + this.#exponentBits + this.#mantissaBits;
  }

  override get encodingAnalyzer(): EncodingAnalyzer | null {
    return this.#analyzer;
  }

  override get numSteps(): number {
    return 2 ** this.bitwidth - 1;
  }

  protected override get isSymmetric(): boolean {
    return false;
  }

  /** Whether the format is that of float16. */
  isFloat16(): boolean {
    return castDType(this) === 'float16';
  }

  /** Whether the format is that of bfloat16. */
  isBfloat16(): boolean {
    return castDType(this) === 'bfloat16';
  }

  /** Always true: a format has a largest number of its own. */
  override isInitialized(): boolean {
    return true;
  }

  override getEncoding(): FloatEncoding {
    return new FloatEncoding(this.#mantissaBits, this.#exponentBits, this.maxval);
  }

  override getLegacyEncodings(): LegacyEncoding[] {
    return [{ bitwidth: this.bitwidth, dtype: 'float' }];
  }

  override checkLegacyEncodings(encodings: readonly LegacyEncoding[]): void {
    const name = 'FloatQuantizeDequantize.setLegacyEncodings';
    const entries = checkedEntries(name, encodings);
    if (entries.length === 0) throw new QuantizationError(`${name}: wants an encoding, got none.`);
    for (const { bitwidth, dtype } of entries as readonly Partial<LegacyEncoding>[])
      if (bitwidth !== 16 || (dtype !== undefined && dtype !== 'float'))
        throw new QuantizationError(
          `${name}: the format knows float encodings of 16 bits only, got ${described(bitwidth)} bits of ${described(dtype)}.`,
        );
  }

  override setLegacyEncodings(encodings: readonly LegacyEncoding[], options: LegacyOptions = {}): void {
    optionsOf('FloatQuantizeDequantize.setLegacyEncodings', options, ['exact']);
    this.checkLegacyEncodings(encodings);
    this.#exponentBits = formats.float16.exponentBits;
    this.#mantissaBits = formats.float16.mantissaBits;
  }

  override clone(): this {
    const { exponentBits, mantissaBits } = this;
    const copy = new (this.constructor as new (options: FloatQuantizerOptions) => this)({
      exponentBits,
      mantissaBits,
      encodingAnalyzer: this.#analyzer?.fresh() ?? null,
    });
    copy.maxval = this.maxval?.clone() ?? null;
    copy.allowOverwrite(this.overwritable);
    copy.training = this.training;
    return copy;
  }

  override quantize(x: Tensor): Tensor {
    return this.getEncoding().quantize(x);
  }

  protected override quantizeWithin(x: Tensor, range: EncodingRange): Tensor {
    return floatCast(x, this, largest(range));
  }

  protected override adopt(range: EncodingRange): void {
    const found = largest(range);
    const { maxval } = this;
    if (maxval === null || !sameShape(maxval.shape, found.shape))
      throw new ShapeError(
        `FloatQuantizeDequantize: a range of shape ${shown(found.shape)} does not fit maxval ${shown(maxval?.shape ?? [])}.`,
      );
    noGrad(() => maxval.copy_(found));
  }

  override extraRepr(): string {
    return `exponent_bits=${this.#exponentBits}, mantissa_bits=${this.#mantissaBits}`;
  }
}

/** The larger size of the two ends of a range. */
function largest({ min, max }: EncodingRange): Tensor {
  const [lows, highs] = [min.data, max.data];
  return tensor(
    Float32Array.from({ length: lows.length }, (_, i) => Math.max(Math.abs(lows[i]!), Math.abs(highs[i]!))),
    { shape: min.shape },
  );
}
