import type { DType, Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { checkParameterDType, granularityOf, type Encoding, type Granularity } from './encoding.js';
import { checkFormat, floatCast } from './float-cast.js';

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

  /** What shares one maximum. */
  get granularity(): Granularity {
    return granularityOf(this.maxval?.shape ?? [], null);
  }

  /** The encoding with its maximum in another floating dtype. Throws EncodingError for any other. */
  to(dtype: DType): FloatEncoding {
    checkParameterDType('FloatEncoding.to', 'maxval', dtype);
    return new FloatEncoding(this.mantissaBits, this.exponentBits, this.maxval?.to(dtype) ?? null);
  }

  /** The nearest numbers of the format. */
  quantize(x: Tensor): Tensor {
    return floatCast(x, this, this.maxval);
  }

  /** The numbers themselves: those of a floating format stand for nothing else. */
  dequantize(x: Tensor): Tensor {
    return x;
  }
}
