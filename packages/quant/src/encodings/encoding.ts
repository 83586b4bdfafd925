import { described, dtypes, isFloat, type DType, type Tensor } from '@q/tensor';
import { EncodingError } from '../errors.js';

/** What a calibrated quantizer leaves behind: how numbers are represented in few bits. */
export interface Encoding {
  /** How numbers map to representations: `'affine'` or `'float'`. */
  readonly mapping: string;
  /** What shares one set of parameters: the tensor, a channel, a block; `'unknown'` for any other shape. */
  readonly granularity: Granularity;
  /** Bits of a number. */
  readonly bitwidth: number;
  /** The smallest dtype that holds what `quantize` gives. */
  readonly dtype: DType;
  /** Whether there are representations of negative numbers. */
  readonly signed: boolean;
  /** Whether the numbers lie around zero. */
  readonly symmetry: boolean;
  /** Smallest number. */
  readonly min: Tensor;
  /** Largest number. */
  readonly max: Tensor;
  /** What represents numbers, as floats. */
  quantize(x: Tensor): Tensor;
  /** The numbers that are represented. */
  dequantize(q: Tensor): Tensor;
  /** The same encoding with its parameters in another floating dtype. */
  to(dtype: DType): Encoding;
}

/** Throws EncodingError unless `dtype` is a floating one, which the parameters of an encoding must have. */
export function checkParameterDType(operation: string, parameters: string, dtype: unknown): asserts dtype is DType {
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypes, dtype) || !isFloat(dtype as DType))
    throw new EncodingError(
      `${operation}: ${parameters} must be floating, got ${described(dtype)}. Known: float32, float64, float16, bfloat16.`,
    );
}

/** What shares one scale and offset. */
export type Granularity = 'pertensor' | 'perchannel' | 'blockwise' | 'unknown';

/** Granularity of parameters of a shape: rank 0 is per tensor, at most one dim above 1 per channel. */
export function granularityOf(shape: readonly number[], blockSize: readonly number[] | null): Granularity {
  if (shape.length === 0) return 'pertensor';
  if (blockSize !== null) return 'blockwise';
  return shape.filter((size) => size > 1).length <= 1 ? 'perchannel' : 'unknown';
}
