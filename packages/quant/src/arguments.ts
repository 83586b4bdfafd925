import { ArgumentError, described, DTypeError, isFloat, ShapeError, type Tensor } from '@q/tensor';
import { checkShape, checkTensor, isIntegers } from '@q/tensor/internal';
import { QuantizationError } from './errors.js';

/** The floating dtypes. */
export type FloatDType = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** Throws unless a value is a floating tensor: ArgumentError for no tensor, DTypeError for another dtype. */
export function checkFloating(operation: string, name: string, value: unknown): asserts value is Tensor<FloatDType> {
  checkTensor(operation, name, value);
  if (!isFloat(value.dtype))
    throw new DTypeError(
      `${operation}: ${name} must be a floating tensor, got ${value.dtype}. Convert it with to('float32').`,
    );
}

/** Throws ArgumentError unless a value is an instance of a class. */
export function checkInstance<T>(
  operation: string,
  name: string,
  value: unknown,
  type: abstract new (...args: never[]) => T,
): asserts value is T {
  if (!(value instanceof type))
    throw new ArgumentError(`${operation}: ${name} must be of class ${type.name}, got ${described(value)}.`);
}

/** Throws QuantizationError where an options object from outside the type system has a key that nothing reads. */
export function checkKnownOptions(operation: string, options: unknown, known: readonly string[]): void {
  const names = known.join(', ') || 'none';
  if (typeof options !== 'object' || options === null)
    throw new QuantizationError(`${operation}: wants an options object with ${names}, got ${described(options)}.`);
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new QuantizationError(`${operation}: unknown option ${unknown.join(', ')}. Known: ${names}.`);
}

/** The sizes of scales or ranges, given as an array or as the only one. Throws ShapeError unless they are positive integers. */
export function sizesOf(operation: string, shape: unknown): number[] {
  const sizes: unknown = typeof shape === 'number' ? [shape] : shape;
  if (!isIntegers(sizes, 1))
    throw new ShapeError(
      `${operation}: shape must be an array of positive integers ([] for one scale for all), got ${described(shape)}.`,
    );
  return [...checkShape(operation, sizes)];
}
