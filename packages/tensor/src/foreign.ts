import { checkDType, dtypes, isHalf, type DType, type TypedArray } from './dtype.js';
import { ArgumentError, DTypeError, ShapeError } from './errors.js';
import type { Shape } from './shape.js';

/** An image as browsers have it: four bytes (red, green, blue, alpha) per pixel, row by row. */
export interface ImageSource {
  /** The bytes. */
  readonly data: ArrayBufferView;
  /** Pixels in a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
}

/** Elements that exist already, with the dtype and shape they have by themselves. */
export interface ForeignElements {
  readonly array: TypedArray;
  readonly dtype: DType;
  readonly shape: Shape;
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** True for an ArrayBuffer or SharedArrayBuffer, of this realm or another. */
export const isBuffer = (value: unknown): value is ArrayBufferLike => /^(Shared)?ArrayBuffer$/.test(tagOf(value));

/** True for ImageData and whatever has its form. */
export const isImage = (value: unknown): value is ImageSource => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { data, width, height } = value as Partial<ImageSource>;
  return ArrayBuffer.isView(data) && typeof width === 'number' && typeof height === 'number';
};

/** The elements of a typed array, in the array itself or another one over the same memory. */
export function elementsOfView(source: ArrayBufferView): ForeignElements {
  const tag = tagOf(source);
  const over = <A extends TypedArray>(
    array: new (buffer: ArrayBufferLike, offset: number, length: number) => A,
    width: number,
  ) => new array(source.buffer, source.byteOffset, source.byteLength / width);
  const flat = (array: TypedArray, dtype: DType): ForeignElements => ({ array, dtype, shape: [array.length] });
  if (tag === 'Uint8ClampedArray') return flat(over(Uint8Array, 1), 'uint8');
  if (tag === 'Float16Array') return flat(over(Uint16Array, 2), 'float16');
  for (const dtype of Object.keys(dtypes) as DType[])
    if (dtype !== 'bool' && !isHalf(dtype) && dtypes[dtype].array.name === tag)
      return flat(source as TypedArray, dtype);
  throw new DTypeError(`tensor: no dtype is stored in a ${tag}. Convert it to one of the known typed arrays.`);
}

/** All bytes of a buffer as elements of a dtype, which nothing but the caller can know. */
export function elementsOfBuffer(buffer: ArrayBufferLike, dtype: DType | undefined): ForeignElements {
  if (dtype === undefined)
    throw new ArgumentError("tensor: a buffer does not say what its bytes are. Give a dtype, for instance 'uint8'.");
  checkDType('tensor', dtype);
  const { bytes, array } = dtypes[dtype];
  if (buffer.byteLength % bytes !== 0)
    throw new ShapeError(`tensor: a buffer of ${buffer.byteLength} bytes has no whole number of ${dtype} elements.`);
  const elements = new (array as new (buffer: ArrayBufferLike) => TypedArray)(buffer);
  return { array: elements, dtype, shape: [elements.length] };
}

/** The pixels of an image: `[height, width, 4]`. */
export function elementsOfImage({ data, width, height }: ImageSource): ForeignElements {
  const elements = elementsOfView(data);
  if (elements.array.length !== 4 * width * height)
    throw new ShapeError(
      `tensor: ${elements.array.length} elements do not fit an image of ${width} x ${height} pixels of 4 channels.`,
    );
  return { ...elements, shape: [height, width, 4] };
}
