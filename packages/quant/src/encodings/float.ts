import { tensor, type DType, type Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { checkParameterDType, granularityOf, type Encoding, type Granularity } from './encoding.js';
import { castDType, checkFormat, floatCast, halfCast, ieeeMax } from './float-cast.js';

/** Numbers of a floating format with few bits, which may be stretched to end at `maxval`. Immutable. */
export class FloatEncoding implements Encoding {
  readonly mapping = 'float';

  /** @throws QuantizationError for bits that make no format */
  constructor(
    /** Bits of the mantissa. */
    readonly mantissaBits: number,
    /** Bits of the exponent. */
    readonly exponentBits: number,
    /** Largest number, per tensor or channel; null for the format's own. */
    readonly maxval: Tensor | null = null,
  ) {
    checkFormat('FloatEncoding', { mantissaBits, exponentBits });
    if (maxval !== null) checkTensor('FloatEncoding', 'maxval', maxval);
  }

  /** Bits of a number: sign, exponent and mantissa. */
  get bitwidth(): number {
    return 1 + this.exponentBits + this.mantissaBits;
  }

  /** The smallest dtype that holds the numbers: a stretched format has steps that are no powers of two. */
  get dtype(): 'float16' | 'bfloat16' | 'float32' {
    const { mantissaBits, exponentBits, maxval } = this;
    if (maxval !== null) return 'float32';
    if (exponentBits <= 5 && mantissaBits <= 10) return 'float16';
    return mantissaBits <= 7 ? 'bfloat16' : 'float32';
  }

  /** Always true: a number has a sign bit. */
  get signed(): boolean {
    return true;
  }

  /** Always true: with a number there is its negative. */
  get symmetry(): boolean {
    return true;
  }

  /** Smallest number, of the shape of `maxval`. */
  get min(): Tensor {
    return this.max.neg();
  }

  /** Largest number: `maxval`, or the format's own. */
  get max(): Tensor {
    return this.maxval?.clone() ?? tensor(ieeeMax(this));
  }

  /** What shares one maximum. */
  get granularity(): Granularity {
    return granularityOf(this.maxval?.shape ?? [], null);
  }

  /** The encoding with its maximum in another floating dtype. Throws EncodingError for any other. */
  to(dtype: DType): FloatEncoding {
    checkParameterDType('FloatEncoding.to', 'maxval', dtype);
    return new FloatEncoding(this.mantissaBits, this.exponentBits, this.maxval?.to(dtype) ?? null);
  }

  /** The nearest numbers of the format: (5, 10) and (8, 7) without `maxval` are the casts to float16 and bfloat16. */
  quantize(x: Tensor): Tensor {
    const dtype = this.maxval === null ? castDType(this) : null;
    return dtype === null ? floatCast(x, this, this.maxval) : halfCast(x, dtype);
  }

  /** The numbers themselves: those of a floating format stand for nothing else. */
  dequantize(x: Tensor): Tensor {
    return x;
  }
}
