import { checkDType, computeDType, isFloat, isHalf, common, type DType } from '../dtype.js';
import { DTypeError } from '../errors.js';
import type { View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast } from './elementwise.js';

/** The dtype of a sum or product: integers and bools go to int32 (PyTorch's int64 without the 64 bits). */
export function accumulated(name: string, x: Tensor, dtype?: DType): DType {
  if (dtype === undefined) return isFloat(x.dtype) ? computeDType(x.dtype) : 'int32';
  checkDType(name, dtype);
  return dtype;
}

/** `x` as an accumulation in `dtype` (not half precision) reads it: as it is where that dtype holds all its values. */
export const widened = (x: View, dtype: DType): View =>
  isHalf(x.storage.dtype) || common(x.storage.dtype, dtype) !== dtype ? cast(x, dtype) : x;

/** `x` in the dtype that arithmetic on it computes in. */
export const computable = (x: View): View => cast(x, computeDType(x.storage.dtype));

/** Throws unless a dtype is floating. */
export function checkFloat(name: string, dtype: DType): void {
  checkDType(name, dtype);
  if (!isFloat(dtype))
    throw new DTypeError(
      `${name}: wants a floating dtype, got ${dtype}. Convert first, for instance with to('float32').`,
    );
}
