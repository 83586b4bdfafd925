import { described, IndexError, MemoryError, ShapeError, shown } from './errors.js';

/** Sizes of a tensor, outermost first. */
export type Shape = readonly number[];

/** Number of elements of a shape (1 for rank 0). */
export function numel(shape: Shape): number {
  let count = 1;
  for (let d = 0; d < shape.length; d++) count *= shape[d]!;
  return count;
}

/** True where both shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** Row-major strides of a contiguous tensor. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    strides[d] = step;
    step *= Math.max(shape[d]!, 1);
  }
  return strides;
}

/** `shape` when every size is a non-negative integer; a ShapeError otherwise. */
export function checkSizes(operation: string, shape: unknown): Shape {
  checkList(operation, shape);
  for (const size of shape)
    if (!Number.isSafeInteger(size) || size < 0)
      throw new ShapeError(`${operation}: sizes must be non-negative integers, got ${shown(shape)}.`);
  return shape;
}

/** `shape` when every size is a non-negative integer whose product can be addressed; a ShapeError otherwise. */
export function checkShape(operation: string, shape: unknown): Shape {
  const sizes = checkSizes(operation, shape);
  if (numel(sizes) > 2 ** 31)
    throw new ShapeError(
      `${operation}: shape ${shown(sizes)} has ${numel(sizes)} elements; at most 2^31 are possible.`,
    );
  return sizes;
}

/** Bytes of the largest tensor: what addresses of 32 bits reach. */
const LARGEST = 2 ** 32;

/** Throws MemoryError, before anything of that size is made, where a tensor of `shape` with elements of `bytes` cannot be held. */
export function checkFits(operation: string, shape: Shape, bytes: number): void {
  const size = numel(shape) * bytes;
  if (size > LARGEST)
    throw new MemoryError(
      `${operation}: shape ${shown(shape)} takes ${size} bytes; a tensor holds at most ${LARGEST} (4 GiB).`,
    );
}

/** Throws unless `list` is an array: sizes and dims come in brackets here, `reshape([2, 3])`. */
export function checkList(operation: string, list: unknown): asserts list is readonly number[] {
  if (!Array.isArray(list))
    throw new ShapeError(`${operation}: wants an array, got ${described(list)}.${wayOf(operation, list, '[2, 3]')}`);
  for (let i = 0; i < list.length; i++)
    if (!(i in list)) throw new ShapeError(`${operation}: wants an array of integers, entry ${i} is missing.`);
}

/** What to write instead of an argument: options in its place belong behind it. */
const wayOf = (operation: string, value: unknown, example: string): string =>
  typeof value === 'object' && value !== null
    ? ` Options come behind it: ${operation}(${example}, { ... }).`
    : ` Write ${operation}(${example}).`;

/** `dim` counted from the front, for a tensor of rank `ndim`; a 0-d tensor accepts 0 and -1, as in PyTorch. */
export function wrapDim(operation: string, dim: number, ndim: number): number {
  const limit = Math.max(ndim, 1);
  if (!Number.isInteger(dim) || dim < -limit || dim >= limit)
    throw new IndexError(
      `${operation}: dim ${described(dim)} is out of range for a tensor of rank ${ndim} (${-limit} to ${limit - 1}).${typeof dim === 'number' ? '' : wayOf(operation, dim, '0')}`,
    );
  return dim < 0 ? dim + limit : dim;
}

/** Several dims counted from the front, each at most once; all dims where none are given. */
export function wrapDims(
  operation: string,
  dims: number | readonly number[] | null | undefined,
  ndim: number,
): number[] {
  if (dims === null || dims === undefined) return Array.from({ length: ndim }, (_, d) => d);
  if (typeof dims !== 'number') checkList(operation, dims);
  const wrapped = (typeof dims === 'number' ? [dims] : dims).map((dim) => wrapDim(operation, dim, ndim));
  if (new Set(wrapped).size !== wrapped.length)
    throw new ShapeError(`${operation}: each dim may appear only once, got ${shown(wrapped)}.`);
  return ndim === 0 ? [] : wrapped;
}

/** `index` counted from the front, for a dim of `size`. */
export function wrapIndex(operation: string, index: number, size: number, dim: number): number {
  if (!Number.isInteger(index) || index < -size || index >= size)
    throw new IndexError(`${operation}: index ${described(index)} is out of range for dim ${dim} of size ${size}.`);
  return index < 0 ? index + size : index;
}

/** The shape that all shapes broadcast to, by NumPy's and PyTorch's rule (aligned at the right, size 1 stretches). */
export function commonShape(operation: string, ...shapes: readonly Shape[]): Shape {
  for (let i = 0; i < shapes.length; i++) checkList(operation, shapes[i]);
  if (shapes.length === 2 && sameShape(shapes[0]!, shapes[1]!)) return shapes[0]!;
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length));
  const out = new Array<number>(ndim).fill(1);
  for (const shape of shapes) {
    for (let d = 0; d < shape.length; d++) {
      const o = ndim - shape.length + d;
      if (out[o] === 1) out[o] = shape[d]!;
      else if (shape[d] !== 1 && shape[d] !== out[o])
        throw new ShapeError(
          `${operation}: shapes ${shapes.map(shown).join(' and ')} cannot be broadcast together (dim ${o - ndim}: ${out[o]} against ${shape[d]}).`,
        );
    }
  }
  return out;
}

/** Shape after reducing `dims` (counted from the front). */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  if (keepdim) return shape.map((size, d) => (dims.includes(d) ? 1 : size));
  return shape.filter((_, d) => !dims.includes(d));
}

/** A shape with at most one -1 filled in so that it has `count` elements. */
export function inferShape(operation: string, shape: readonly number[], count: number): number[] {
  checkList(operation, shape);
  const open = shape.indexOf(-1);
  let known = 1;
  for (let d = 0; d < shape.length; d++) {
    if (d === open) continue;
    const size = shape[d]!;
    if (!Number.isSafeInteger(size) || size < 0)
      throw new ShapeError(
        `${operation}: sizes must be non-negative integers with at most one -1, got ${shown(shape)}.`,
      );
    known *= size;
  }
  if (open < 0 ? known !== count : known === 0 || count % known !== 0)
    throw new ShapeError(`${operation}: ${count} elements do not fit the shape ${shown(shape)}.`);
  return open < 0 ? [...shape] : shape.map((size, d) => (d === open ? count / known : size));
}
