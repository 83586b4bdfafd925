import { checkTensor } from '../arguments.js';
import { tensor } from '../create.js';
import type { DType, TypedArray } from '../dtype.js';
import { ArgumentError, described, DTypeError } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { narrowed } from './elements.js';

/** What ONNX Runtime's and transformers.js's tensors have in common. */
export interface OnnxTensorLike {
  /** Element type, in ONNX Runtime's words. */
  readonly type: string;
  /** Sizes, outermost first. */
  readonly dims: readonly number[];
  /** Typed array of the elements in row-major order. */
  readonly data: unknown;
}

/** Element types that both sides have. */
export type OnnxType = Exclude<DType, 'bfloat16'>;

const shared: ReadonlySet<string> = new Set<OnnxType>([
  'float32',
  'float64',
  'float16',
  'int32',
  'int16',
  'uint16',
  'int8',
  'uint8',
  'bool',
]);

/**
 * A tensor over the elements of an ONNX Runtime or transformers.js tensor, which must be on the CPU. Shares its memory;
 * int64, uint64 and uint32 are copied into int32 where every element fits.
 *
 * @throws ArgumentError for anything that is not such a tensor, DTypeError for its other types
 */
export function fromOnnx(source: OnnxTensorLike): Tensor {
  const { type, dims, data } = source ?? {};
  if (typeof type !== 'string' || !Array.isArray(dims) || !ArrayBuffer.isView(data))
    throw new ArgumentError('fromOnnx: wants a tensor on the CPU, with type, dims and data. Download it first.');
  if (type === 'int64' || type === 'uint64' || type === 'uint32') {
    const wide = data as unknown as BigInt64Array | BigUint64Array | Uint32Array;
    return tensor(narrowed('fromOnnx', wide), { shape: dims });
  }
  if (!shared.has(type)) throw new DTypeError(`fromOnnx: elements of type ${type} are not supported.`);
  return tensor(data as TypedArray, { dtype: type as DType, shape: dims });
}

/** Whether `new` may call something; tells without calling it. */
function isConstructor(value: unknown): boolean {
  try {
    Reflect.construct(Object, [], value as new () => object);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a tensor of ONNX Runtime (`toOnnx(x, ort.Tensor)`) or transformers.js (`toOnnx(x, Tensor)`) over the elements of
 * `x`: its memory is shared where `x` is contiguous.
 *
 * @throws DTypeError for bfloat16, which they do not have
 */
export function toOnnx<T>(x: Tensor, OnnxTensor: new (type: OnnxType, data: TypedArray, dims: number[]) => T): T {
  checkTensor('toOnnx', 'x', x);
  if (!isConstructor(OnnxTensor))
    throw new ArgumentError(`toOnnx: wants the class of tensors to make, got ${described(OnnxTensor)}.`);
  if (x.dtype === 'bfloat16') throw new DTypeError("toOnnx: there is no bfloat16. Convert it with to('float32').");
  return new OnnxTensor(x.dtype, x.data, [...x.shape]);
}
