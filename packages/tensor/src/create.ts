import { checkDType, dtypes, isHalf, newArray, type ArrayOf, type DType, type TypedArray } from './dtype.js';
import { ArgumentError, DTypeError, ShapeError, shown } from './errors.js';
import { kernels } from './kernels/active.js';
import { Layout } from './layout.js';
import { checkShape, numel, type Shape } from './shape.js';
import { alloc, Storage } from './storage.js';
import { Tensor } from './tensor.js';
import type { NestedArray } from './tensor/core.js';

/** Options of the functions that create tensors. */
export interface CreateOptions<D extends DType = DType> {
  /** Element type; float32 where neither it nor the source decides. */
  readonly dtype?: D;
  /** Whether `backward()` computes a gradient for the tensor. */
  readonly requiresGrad?: boolean;
}

/** Options of `tensor`. */
export interface TensorOptions<D extends DType = DType> extends CreateOptions<D> {
  /** Shape of a flat source; the elements are taken in row-major order. */
  readonly shape?: Shape;
}

/** What `tensor` makes a tensor of. */
export type TensorSource = NestedArray | boolean | readonly boolean[] | TypedArray;

function finish<D extends DType>(created: Tensor<D>, options: CreateOptions): Tensor<D> {
  if (options.requiresGrad) created.requiresGrad = true;
  return created;
}

/** The dtype of which a typed array is the storage; Uint8ClampedArray, BigInt64Array and the like have none. */
function dtypeOfArray(array: ArrayBufferView): DType {
  for (const dtype of Object.keys(dtypes) as DType[])
    if (dtype !== 'bool' && !isHalf(dtype) && array instanceof dtypes[dtype].array) return dtype;
  throw new DTypeError(
    `tensor: no dtype is stored in a ${array.constructor.name}. Convert it to one of the known typed arrays.`,
  );
}

/** Shape of nested arrays, which must be regular. */
function shapeOf(source: unknown): number[] {
  const shape: number[] = [];
  for (let level = source; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function flatten(source: unknown, shape: Shape, dim: number, out: TypedArray, at: number): number {
  if (dim < shape.length) {
    if (!Array.isArray(source) || source.length !== shape[dim])
      throw new ShapeError(
        `tensor: nested arrays must be regular: at depth ${dim} wanted ${shape[dim]} entries, got ${Array.isArray(source) ? source.length : typeof source}.`,
      );
    for (const entry of source) at = flatten(entry, shape, dim + 1, out, at);
    return at;
  }
  if (typeof source !== 'number' && typeof source !== 'boolean')
    throw new ArgumentError(
      `tensor: elements must be numbers or booleans, got ${Array.isArray(source) ? 'a deeper array' : typeof source}.`,
    );
  out[at] = Number(source);
  return at + 1;
}

function firstElement(source: unknown): unknown {
  let element = source;
  while (Array.isArray(element)) element = element[0];
  return element;
}

/**
 * A tensor of numbers, nested arrays or a typed array. A typed array of the wanted dtype is shared, not copied; everything
 * else is copied. Booleans make a bool tensor, numbers a float32 one unless `dtype` says otherwise.
 *
 * @throws ShapeError for irregular nesting or a shape that does not fit; DTypeError for an unknown dtype or array type
 * @example
 * tensor([[1, 2], [3, 4]]); // float32, shape [2, 2]
 * tensor(new Float32Array(12), { shape: [3, 4] }); // shares the array
 */
export function tensor<D extends DType = 'float32'>(source: TensorSource, options: TensorOptions<D> = {}): Tensor<D> {
  if (options.dtype !== undefined) checkDType('tensor', options.dtype);
  if (ArrayBuffer.isView(source)) return fromTypedArray(source, options);
  const dtype = (options.dtype ?? (typeof firstElement(source) === 'boolean' ? 'bool' : 'float32')) as D;
  const nested = shapeOf(source);
  const count = numel(nested);
  const shape = options.shape === undefined ? nested : checkShape('tensor', options.shape);
  if (numel(shape) !== count) throw new ShapeError(`tensor: ${count} elements do not fit the shape ${shown(shape)}.`);
  const half = isHalf(dtype) || dtype === 'bool';
  const array = newArray(half ? 'float64' : dtype, count);
  flatten(source, nested, 0, array, 0);
  const layout = new Layout(shape);
  if (!half) return finish(new Tensor(new Storage(dtype, count, array as ArrayOf<D>), layout), options);
  const out = alloc(shape, dtype);
  kernels.copy({ storage: new Storage('float64', count, array as Float64Array), layout }, out);
  return finish(new Tensor(out.storage, layout), options);
}

function fromTypedArray<D extends DType>(source: TypedArray, options: TensorOptions<D>): Tensor<D> {
  const shape = checkShape('tensor', options.shape ?? [source.length]);
  if (numel(shape) !== source.length)
    throw new ShapeError(`tensor: ${source.length} elements do not fit the shape ${shown(shape)}.`);
  const layout = new Layout(shape);
  const wanted = options.dtype;
  if (wanted !== undefined && source.constructor === dtypes[wanted].array)
    return finish(new Tensor(new Storage(wanted, source.length, source as ArrayOf<D>, true), layout), options);
  const dtype = dtypeOfArray(source);
  if (wanted === undefined)
    return finish(new Tensor(new Storage(dtype as D, source.length, source as ArrayOf<D>, true), layout), options);
  const out = alloc(shape, wanted);
  kernels.copy({ storage: new Storage(dtype, source.length, source), layout }, out);
  return finish(new Tensor(out.storage, layout), options);
}

/** A tensor of zeros. */
export function zeros<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<D> {
  return full(shape, 0, { ...options, dtype: (options.dtype ?? 'float32') as D });
}

/** A tensor of ones. */
export function ones<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<D> {
  return full(shape, 1, { ...options, dtype: (options.dtype ?? 'float32') as D });
}

/** A tensor filled with one value; bool for a boolean and float32 for a number, unless `dtype` is given. */
export function full<D extends DType = DType>(
  shape: Shape,
  value: number | boolean,
  options: CreateOptions<D> = {},
): Tensor<D> {
  if (options.dtype !== undefined) checkDType('full', options.dtype);
  const dtype = (options.dtype ?? (typeof value === 'boolean' ? 'bool' : 'float32')) as D;
  const out = alloc([...checkShape('full', shape)], dtype);
  if (value !== 0) kernels.fill(Number(value), out);
  return finish(new Tensor(out.storage, out.layout), options);
}
