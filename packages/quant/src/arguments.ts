import { ArgumentError, described, DTypeError, isFloat, type Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';

/** Throws unless a value is a floating tensor: ArgumentError for no tensor, DTypeError for another dtype. */
export function checkFloating(operation: string, name: string, value: unknown): asserts value is Tensor {
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

/** Throws ArgumentError unless a value is true or false. */
export function checkBoolean(operation: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean')
    throw new ArgumentError(`${operation}: ${name} must be true or false, got ${described(value)}.`);
}
