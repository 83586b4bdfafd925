import { described, full, noGrad, ShapeError, shown, tensor, type Tensor } from '@q/tensor';
import { sameShape } from '@q/tensor/internal';
import { EncodingAnalyzer, type EncodingRange } from '../analyzers/analyzer.js';
import { checkFormat, floatCast, halfCast, ieeeMax } from '../encodings/float-cast.js';
import { FloatEncoding } from '../encodings/float.js';
import { checkOptions, QuantizationError } from '../errors.js';
import { QuantizerBase, type LegacyEncoding } from './quantizer.js';

export { FloatEncoding } from '../encodings/float.js';

/** Options of a float quantizer: `exponentBits` and `mantissaBits`, or `dtype`. */
export interface FloatQuantizerOptions {
  /** Bits of the exponent, 1 to 8; together with `mantissaBits`. */
  readonly exponentBits?: number;
  /** Bits of the mantissa, 0 to 23; together with `exponentBits`. */
  readonly mantissaBits?: number;
  /** In place of the bits: 'float16' is (5, 10), 'bfloat16' is (8, 7). */
  readonly dtype?: 'float16' | 'bfloat16';
  /** Finds the largest number of the format while the quantizer is calibrated. Left out: the format's own, no calibration. */
  readonly encodingAnalyzer?: EncodingAnalyzer | null;
}

const half = { exponentBits: 5, mantissaBits: 10 };
const brain = { exponentBits: 8, mantissaBits: 7 };

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
    checkOptions(name, options, ['exponentBits', 'mantissaBits', 'dtype', 'encodingAnalyzer']);
    const { exponentBits, mantissaBits, dtype, encodingAnalyzer = null } = options;
    const bitsGiven = exponentBits !== undefined || mantissaBits !== undefined;
    if (dtype !== undefined && bitsGiven)
      throw new QuantizationError(`${name}: dtype and exponentBits/mantissaBits exclude each other. Give one of them.`);
    if (dtype !== undefined && dtype !== 'float16' && dtype !== 'bfloat16')
      throw new QuantizationError(`${name}: dtype must be 'float16' or 'bfloat16', got ${described(dtype)}.`);
    if (dtype === undefined && (exponentBits === undefined || mantissaBits === undefined))
      throw new QuantizationError(`${name}: needs exponentBits and mantissaBits, or dtype.`);
    const format =
      dtype === 'float16'
        ? half
        : dtype === 'bfloat16'
          ? brain
          : { exponentBits: exponentBits!, mantissaBits: mantissaBits! };
    checkFormat(name, format);
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
  get bitwidth(): number {
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
    return this.#is(half);
  }

  /** Whether the format is that of bfloat16. */
  isBfloat16(): boolean {
    return this.#is(brain);
  }

  #is({ exponentBits, mantissaBits }: typeof half): boolean {
    return this.#exponentBits === exponentBits && this.#mantissaBits === mantissaBits;
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
    const first: unknown = Array.isArray(encodings) ? encodings[0] : undefined;
    if (typeof first !== 'object' || first === null)
      throw new QuantizationError(`${name}: wants an array of encodings, got ${described(encodings)}.`);
    const { bitwidth, dtype } = first as Partial<LegacyEncoding>;
    if (bitwidth !== 16 || (dtype !== undefined && dtype !== 'float'))
      throw new QuantizationError(
        `${name}: the format knows float encodings of 16 bits only, got ${described(bitwidth)} bits of ${described(dtype)}.`,
      );
  }

  override setLegacyEncodings(encodings: readonly LegacyEncoding[]): void {
    this.checkLegacyEncodings(encodings);
    this.#exponentBits = half.exponentBits;
    this.#mantissaBits = half.mantissaBits;
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
    if (this.maxval === null && this.isFloat16()) return halfCast(x, 'float16');
    if (this.maxval === null && this.isBfloat16()) return halfCast(x, 'bfloat16');
    return floatCast(x, this, this.maxval);
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
