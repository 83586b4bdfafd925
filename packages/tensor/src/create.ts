import { checkInteger, checkKnown, checkNumber, checkTensor, optionsOf } from './arguments.js';
import {
  checkDType,
  dtypeOfNumber,
  dtypes,
  isHalf,
  newArray,
  type ArrayOf,
  type DType,
  type HalfDType,
  type TypedArray,
} from './dtype.js';
import { ArgumentError, described, ShapeError, shown } from './errors.js';
import { filled } from './fill.js';
import {
  elementsOfBuffer,
  elementsOfImage,
  elementsOfView,
  isBuffer,
  isImage,
  type ForeignElements,
  type ImageSource,
} from './foreign.js';
import { kernels } from './kernels/active.js';
import { Layout } from './layout.js';
import { checkFits, checkShape, numel, type Shape } from './shape.js';
import { alloc, empty as uninitialized, Storage } from './storage.js';
import { Tensor } from './tensor.js';

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

/** Numbers or booleans in arrays as deep as the rank. */
export type NestedSource = number | boolean | readonly NestedSource[];

/** Numbers in arrays as deep as the rank. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** Booleans in arrays as deep as the rank. */
export type NestedBooleans = boolean | readonly NestedBooleans[];

/** The dtype whose elements an array of this type is taken for. */
export type DTypeOfArray<A extends TypedArray | Uint8ClampedArray> = A extends Uint8ClampedArray
  ? 'uint8'
  : { [D in Exclude<DType, HalfDType | 'bool'>]: A extends ArrayOf<D> ? D : never }[Exclude<DType, HalfDType | 'bool'>];

/** What `tensor` makes a tensor of. */
export type TensorSource = NestedSource | TypedArray | Uint8ClampedArray | ArrayBufferLike | ImageSource;

function finish<D extends DType>(created: Tensor<D>, options: CreateOptions): Tensor<D> {
  if (options.requiresGrad !== undefined) created.requiresGrad = options.requiresGrad;
  return created;
}

/** Dims that nested arrays may have: an array that contains itself has no end. */
const DEEPEST = 64;

/** Shape of nested arrays, which must be regular. */
function shapeOf(source: unknown): number[] {
  const shape: number[] = [];
  for (let level = source; Array.isArray(level); level = level[0]) {
    if (shape.push(level.length) > DEEPEST)
      throw new ShapeError(`tensor: arrays nested deeper than ${DEEPEST} make no tensor. Does one contain itself?`);
  }
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
      `tensor: elements must be numbers or booleans, got ${Array.isArray(source) ? 'a deeper array' : source instanceof Tensor ? 'a tensor. Use clone(), or stack() for several' : described(source)}.`,
    );
  out[at] = Number(source);
  return at + 1;
}

/** Whether there are elements, and all of them are booleans. */
const areBooleans = (source: unknown): boolean =>
  Array.isArray(source) ? source.length > 0 && source.every(areBooleans) : typeof source === 'boolean';

/**
 * A tensor of numbers, nested arrays, a typed array, the bytes of a buffer, or an image (`ImageData`, shape
 * `[height, width, 4]`, uint8). Memory that holds the wanted dtype is shared, not copied; everything else is copied.
 * Booleans make a bool tensor, numbers a float32 one unless `dtype` says otherwise; a buffer wants a `dtype`.
 *
 * @throws ShapeError for irregular nesting or a shape that does not fit; ArgumentError for elements that are no numbers, arrays
 * deeper than the first among them; DTypeError for an unknown dtype or array type
 * @example
 * tensor([[1, 2], [3, 4]]); // float32, shape [2, 2]
 * tensor(new Float32Array(12), { shape: [3, 4] }); // shares the array
 */
export function tensor<D extends DType>(
  source: TensorSource,
  options: TensorOptions<D> & { readonly dtype: D },
): Tensor<D>;
export function tensor<A extends TypedArray | Uint8ClampedArray>(
  source: A,
  options?: TensorOptions<never>,
): Tensor<DTypeOfArray<A>>;
export function tensor(source: NestedNumbers, options?: TensorOptions<never>): Tensor<'float32'>;
export function tensor(source: NestedBooleans, options?: TensorOptions<never>): Tensor<'bool'>;
export function tensor<D extends DType = DType>(source: TensorSource, options?: TensorOptions<D>): Tensor<NoInfer<D>>;
export function tensor<D extends DType>(source: TensorSource, options: TensorOptions<D> = {}): Tensor<D> {
  checkKnown('tensor', options, ['dtype', 'requiresGrad', 'shape']);
  if (options.dtype !== undefined) checkDType('tensor', options.dtype);
  if (ArrayBuffer.isView(source)) return share(elementsOfView(source), options);
  if (isBuffer(source)) return share(elementsOfBuffer(source, options.dtype), options);
  if (isImage(source)) return share(elementsOfImage(source), options);
  const nested = shapeOf(source);
  const dtype = (options.dtype ?? (areBooleans(source) ? 'bool' : 'float32')) as D;
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

/** A tensor over elements that exist already, or over copies in another dtype. */
function share<D extends DType>(source: ForeignElements, options: TensorOptions<D>): Tensor<D> {
  const { array, dtype } = source;
  const shape = checkShape('tensor', options.shape ?? source.shape);
  if (numel(shape) !== array.length)
    throw new ShapeError(`tensor: ${array.length} elements do not fit the shape ${shown(shape)}.`);
  const layout = new Layout(shape);
  const wanted = options.dtype ?? (dtype as D);
  // A Float16Array is known as such; a Uint16Array, or bytes for a bool, may be meant as the elements' bits.
  if (wanted === dtype || (dtype !== 'float16' && array.constructor === dtypes[wanted].array))
    return finish(new Tensor(new Storage(wanted, array.length, array as ArrayOf<D>, true), layout), options);
  const out = alloc(shape, wanted);
  kernels.copy({ storage: new Storage<DType>(dtype, array.length, array), layout }, out);
  return finish(new Tensor(out.storage, layout), options);
}

/** A tensor of one value, of the dtype that the options name or of `usual`. */
function made<D extends DType>(
  operation: string,
  shape: Shape,
  value: number | boolean,
  usual: D,
  options: CreateOptions<D>,
): Tensor<D> {
  const { dtype = usual } = optionsOf(operation, options, ['dtype', 'requiresGrad']);
  checkDType(operation, dtype);
  const sizes = [...checkShape(operation, shape)];
  checkFits(operation, sizes, dtypes[dtype].bytes);
  const zero = Object.is(Number(value), 0);
  const out = zero ? alloc(sizes, dtype) : uninitialized(sizes, dtype);
  if (!zero) kernels.fill(Number(value), out);
  return finish(new Tensor(out.storage, out.layout), options);
}

/** A tensor of zeros. */
export function zeros<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<NoInfer<D>> {
  return made('zeros', shape, 0, 'float32' as D, options);
}

/** A tensor of ones. */
export function ones<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<NoInfer<D>> {
  return made('ones', shape, 1, 'float32' as D, options);
}

/** A tensor filled with one value: bool for a boolean, int32 for an integer it can hold and float32 for other numbers, unless `dtype` is given. */
export function full<D extends DType = DType>(
  shape: Shape,
  value: number | boolean,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  if (typeof value !== 'boolean') checkNumber('full', 'the value', value);
  const large = typeof value === 'number' && Math.abs(value) > dtypes.int32.max;
  return made('full', shape, value, (large ? 'float32' : dtypeOfNumber(value)) as D, options);
}

/** A tensor whose elements nobody has set yet. They are zeros here, but nothing should rely on it. */
export function empty<D extends DType = 'float32'>(shape: Shape, options: CreateOptions<D> = {}): Tensor<NoInfer<D>> {
  return made('empty', shape, 0, 'float32' as D, options);
}

/** A tensor of the shape of `input`, and of its dtype unless another is given, filled with one value. */
export function fullLike<S extends DType, D extends DType = S>(
  input: Tensor<S>,
  value: number | boolean,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  checkTensor('fullLike', 'input', input);
  if (typeof value !== 'boolean') checkNumber('fullLike', 'the value', value);
  return made('fullLike', input.shape, value, input.dtype as DType as D, options);
}

/** Zeros in the shape of `input`, and in its dtype unless another is given. */
export function zerosLike<S extends DType, D extends DType = S>(
  input: Tensor<S>,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  checkTensor('zerosLike', 'input', input);
  return made('zerosLike', input.shape, 0, input.dtype as DType as D, options);
}

/** Ones in the shape of `input`, and in its dtype unless another is given. */
export function onesLike<S extends DType, D extends DType = S>(
  input: Tensor<S>,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  checkTensor('onesLike', 'input', input);
  return made('onesLike', input.shape, 1, input.dtype as DType as D, options);
}

/** A matrix of `n` rows and `m` columns (square where left out) with ones on the main diagonal. */
export function eye<D extends DType = 'float32'>(
  n: number,
  m?: number | CreateOptions<D>,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  checkInteger('eye', 'n', n, 0);
  if (typeof m === 'object' && m !== null) return eye(n, n, m);
  const { dtype = 'float32' as D } = optionsOf('eye', options, ['dtype', 'requiresGrad']);
  checkDType('eye', dtype);
  const shape = checkShape('eye', [n, m ?? n]);
  checkFits('eye', shape, dtypes[dtype].bytes);
  const out = alloc(shape, dtype);
  kernels.fill(1, { storage: out.storage, layout: out.layout.diagonal(0, 0, 1) });
  return finish(new Tensor(out.storage, out.layout), options);
}

/** A vector whose element `i` is `at(i)`, rounded to the dtype. */
function sequence<D extends DType>(
  operation: string,
  count: number,
  dtype: D,
  options: CreateOptions,
  at: (i: number) => number,
): Tensor<D> {
  checkDType(operation, dtype);
  const out = filled(operation, [count], dtype, at);
  return finish(new Tensor(out.storage, out.layout), options);
}

/**
 * Numbers from `start` (0) to before `end` in steps of `step` (1). int32 where all three are integers it can hold, else float32,
 * unless `dtype` is given.
 *
 * @throws ArgumentError for a step of 0, a step in the wrong direction or bounds that are not finite
 * @example
 * arange(5); // [0, 1, 2, 3, 4]
 * arange(0, 1, 0.25); // float32
 */
export function arange<D extends DType = DType>(end: number, options?: CreateOptions<D>): Tensor<NoInfer<D>>;
export function arange<D extends DType = DType>(
  start: number,
  end: number,
  options?: CreateOptions<D>,
): Tensor<NoInfer<D>>;
export function arange<D extends DType = DType>(
  start: number,
  end: number,
  step?: number,
  options?: CreateOptions<D>,
): Tensor<NoInfer<D>>;
export function arange<D extends DType = DType>(
  ...args: readonly (number | CreateOptions<D> | undefined)[]
): Tensor<NoInfer<D>> {
  const numbers = args.filter((arg) => typeof arg === 'number');
  const given = args.filter((arg) => arg !== undefined).slice(numbers.length);
  const options =
    given.length === 0 ? {} : optionsOf('arange', given[0] as CreateOptions<D>, ['dtype', 'requiresGrad']);
  const [start, end, step] = numbers.length === 1 ? [0, numbers[0]!, 1] : [numbers[0]!, numbers[1]!, numbers[2] ?? 1];
  if (numbers.length === 0 || numbers.length > 3 || given.length > 1 || ![start, end, step].every(Number.isFinite))
    throw new ArgumentError(`arange: bounds and step must be finite numbers, got ${described(args)}.`);
  if (step === 0 || (end !== start && end > start !== step > 0))
    throw new ArgumentError(`arange: a step of ${step} does not lead from ${start} to ${end}.`);
  const whole = [start, end, step].every((x) => Number.isInteger(x) && Math.abs(x) <= dtypes.int32.max);
  const dtype = (options.dtype ?? (whole ? 'int32' : 'float32')) as D;
  return sequence('arange', Math.ceil((end - start) / step), dtype, options, (i) => start + i * step);
}

function checkSpan(operation: string, start: number, end: number, steps: number, options: CreateOptions): void {
  checkNumber(operation, 'start', start);
  checkNumber(operation, 'end', end);
  checkShape(operation, [steps]);
  checkKnown(operation, options, ['dtype', 'requiresGrad', 'base']);
}

/**
 * `steps` numbers from `start` to `end`, both included, at equal distances; float32 unless `dtype` is given. Counts from
 * both ends in the precision of the dtype, as PyTorch does, so that the last element is `end` itself.
 */
export function linspace<D extends DType = 'float32'>(
  start: number,
  end: number,
  steps: number,
  options: CreateOptions<D> = {},
): Tensor<NoInfer<D>> {
  checkSpan('linspace', start, end, steps, options);
  const dtype = (options.dtype ?? 'float32') as D;
  const round = dtype === 'float32' ? Math.fround : (x: number): number => x;
  const [first, last] = [round(start), round(end)];
  const step = steps > 1 ? round(round(last - first) / (steps - 1)) : 0;
  const middle = Math.floor(steps / 2);
  return sequence('linspace', steps, dtype, options, (i) =>
    i < middle || steps === 1 ? round(first + round(step * i)) : round(last - round(step * (steps - 1 - i))),
  );
}

/** `steps` powers of `base` (10), their exponents from `start` to `end` at equal distances. */
export function logspace<D extends DType = 'float32'>(
  start: number,
  end: number,
  steps: number,
  options: CreateOptions<D> & { readonly base?: number } = {},
): Tensor<NoInfer<D>> {
  checkSpan('logspace', start, end, steps, options);
  const { base = 10 } = options;
  checkNumber('logspace', 'base', base);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  return sequence('logspace', steps, (options.dtype ?? 'float32') as D, options, (i) => base ** (start + step * i));
}
