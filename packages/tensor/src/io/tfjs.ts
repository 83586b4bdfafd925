import { checkFunction, checkTensor } from '../arguments.js';
import { tensor } from '../create.js';
import { isFloat, type TypedArray } from '../dtype.js';
import { ArgumentError, DTypeError } from '../errors.js';
import type { Tensor } from '../tensor.js';

/** What a tensor of TensorFlow.js is seen as. */
export interface TfjsTensorLike {
  /** Sizes, outermost first. */
  readonly shape: readonly number[];
  /** Name of the element type in TensorFlow.js. */
  readonly dtype: string;
  /** The elements in row-major order. */
  dataSync(): ArrayLike<unknown>;
}

/** Element types that both sides have. */
export type TfjsType = 'float32' | 'int32' | 'bool';

/**
 * A tensor over the elements of a TensorFlow.js tensor, as its `dataSync()` gives them: shared with the CPU backend, read
 * back with the others. To read without blocking, give `{ shape, dtype, dataSync: () => elements }` after `await x.data()`.
 *
 * @throws ArgumentError for anything that is not such a tensor, DTypeError for complex numbers and strings
 */
export function fromTfjs(source: TfjsTensorLike): Tensor {
  const { shape, dtype } = source ?? {};
  if (!Array.isArray(shape) || typeof dtype !== 'string' || typeof source.dataSync !== 'function')
    throw new ArgumentError('fromTfjs: wants a tensor of TensorFlow.js, with shape, dtype and dataSync().');
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool')
    throw new DTypeError(`fromTfjs: elements of type ${dtype} are not supported.`);
  const elements = source.dataSync();
  if (!ArrayBuffer.isView(elements)) throw new ArgumentError('fromTfjs: dataSync() gave no typed array.');
  return tensor(elements as TypedArray, { dtype, shape });
}

/**
 * Makes a TensorFlow.js tensor by `tf.tensor`: `toTfjs(x, tf.tensor)`. Integers become int32 and half precision float32,
 * which hold them all.
 *
 * @throws DTypeError for float64, which TensorFlow.js does not have
 */
export function toTfjs<T>(x: Tensor, create: (values: TypedArray, shape: number[], dtype: TfjsType) => T): T {
  checkTensor('toTfjs', 'x', x);
  checkFunction('toTfjs', create);
  const { dtype } = x;
  if (dtype === 'float64') throw new DTypeError("toTfjs: there is no float64. Convert it with to('float32').");
  const type = dtype === 'bool' ? 'bool' : isFloat(dtype) ? 'float32' : 'int32';
  return create(x.to(type).data, [...x.shape], type);
}
