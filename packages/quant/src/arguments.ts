import { ArgumentError, isFloat, DTypeError, Tensor } from '@q/tensor';

/** What a value from outside the type system is, as messages say it. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return `an object of class ${(Object.getPrototypeOf(value) as object | null)?.constructor.name ?? 'null'}`;
}

/** Throws ArgumentError unless a value is a tensor. */
export function checkTensor(operation: string, name: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor))
    throw new ArgumentError(
      `${operation}: ${name} must be a tensor, got ${kindOf(value)}. Make one of numbers with tensor().`,
    );
}

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
    throw new ArgumentError(`${operation}: ${name} must be of class ${type.name}, got ${kindOf(value)}.`);
}

/** Throws ArgumentError unless a value is a function. */
export function checkFunction(operation: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentError(`${operation}: wants a function, got ${kindOf(value)}.`);
}

/** Throws ArgumentError unless a value is true or false. */
export function checkBoolean(operation: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean')
    throw new ArgumentError(`${operation}: ${name} must be true or false, got ${kindOf(value)}.`);
}
