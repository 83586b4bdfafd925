import { dtypes, type ArrayOf, type DType, type TypedArray } from '../dtype.js';
import { ArgumentError, described, FormatError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { alloc, type View } from '../storage.js';

/** Element types of files: the dtypes, and wider integers that are read into int32. */
export type FileDType = DType | 'uint32' | 'int64' | 'uint64';

/** Bytes per element. */
export const bytesOf = (type: FileDType): number =>
  type === 'uint32' ? 4 : type === 'int64' || type === 'uint64' ? 8 : dtypes[type].bytes;

/** The dtype that elements of a file have in memory. */
export const dtypeIn = (type: FileDType): DType =>
  type === 'uint32' || type === 'int64' || type === 'uint64' ? 'int32' : type;

/** The bytes of a file, as one array of bytes over the caller's memory. */
export function bytesFrom(operation: string, source: Uint8Array | ArrayBuffer): Uint8Array {
  // Not instanceof: bytes may come from another realm, such as a worker's or a test runner's.
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (/ArrayBuffer\]$/.test(Object.prototype.toString.call(source))) return new Uint8Array(source);
  throw new ArgumentError(
    `${operation}: wants the file's bytes as a Uint8Array or ArrayBuffer, got ${described(source)}.`,
  );
}

/** Dims that a tensor of a file may have, as in PyTorch and NumPy. */
const MOST_DIMS = 64;

/** Element count of a shape of a file, or null where no file could hold it. */
export function countOf(shape: readonly unknown[]): number | null {
  if (shape.length > MOST_DIMS) return null;
  let count = 1;
  let empty = false;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null;
    if (size === 0) empty = true;
    else count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return empty ? 0 : count;
}

function swapped(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** Integers of 32 or 64 bits, each of which must be an int32. */
export function narrowed(where: string, wide: Uint32Array | BigInt64Array | BigUint64Array): Int32Array {
  const { min, max } = dtypes.int32;
  return Int32Array.from({ length: wide.length }, (_, i) => {
    const value = wide[i]!;
    if (value < min || value > max)
      throw new FormatError(
        `${where}: element ${i} is ${value}, which int32 does not hold; wider integers are not supported.`,
      );
    return Number(value);
  });
}

/** The elements that `bytes` hold, in an array of their own. `bytes` has a whole number of elements. */
export function decode(where: string, type: FileDType, bytes: Uint8Array, bigEndian = false): TypedArray {
  // A copy: it is aligned, and the file's memory can go.
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  if (bigEndian) swapped(own, bytesOf(type));
  const { buffer } = own;
  if (type === 'uint32') return narrowed(where, new Uint32Array(buffer));
  if (type === 'int64') return narrowed(where, new BigInt64Array(buffer));
  if (type === 'uint64') return narrowed(where, new BigUint64Array(buffer));
  if (type === 'bool') for (let i = 0; i < own.length; i++) own[i] = own[i] === 0 ? 0 : 1;
  return new dtypes[type].array(buffer);
}

/** The elements of a view in row-major order, as bytes. Valid until the storage changes. */
export function encode({ storage, layout }: View): Uint8Array {
  const view = layout.isContiguous ? { storage, layout } : alloc(layout.shape, storage.dtype);
  if (!layout.isContiguous) kernels.copy({ storage, layout }, view);
  const start = view.storage.base + view.layout.offset;
  const elements: ArrayOf<DType> = view.storage.array.subarray(start, start + layout.numel);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
