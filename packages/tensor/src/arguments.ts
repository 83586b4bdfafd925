import { ArgumentError, described, isClass } from './errors.js';
import { isRecord } from './record.js';
import { Storage } from './storage.js';
import type { Tensor } from './tensor.js';

/**
 * Checks of what comes from outside the type system, in front of the first use of a value. Each names the operation and the
 * argument, says what it got, and is small: what it does in the end of a bad call stands apart.
 */

/** The end of a call whose argument is none of what is wanted. */
function refuse(operation: string, wanted: string, value: unknown, way = ''): never {
  throw new ArgumentError(`${operation}: ${wanted}, got ${described(value)}.${way}`);
}

/** Throws ArgumentError where a function that should be synchronous gave a promise, whose rejection concerns nobody then. */
export function checkSynchronous(result: unknown, message: string): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => undefined);
  throw new ArgumentError(message);
}

/** Throws ArgumentError unless the options of a call are an object: `sum(0, true)` of Python is `sum(0, { keepdim: true })`. */
export function checkOptions(
  operation: string,
  options: unknown,
  known: readonly string[] = [],
): asserts options is object {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isTensor(options))
    refuse(
      operation,
      'options are one object',
      options,
      known.length > 0 ? ` Write { name: value } with ${known.join(', ')}.` : ' Write { name: value }.',
    );
}

/**
 * Throws ArgumentError unless options are an object of known names: one that nothing reads would be passed over in silence.
 * An object of a class, such as a layer that gives its own properties, may have others.
 */
export function checkKnown(operation: string, options: unknown, known: readonly string[]): void {
  if (!isRecord(options)) return checkOptions(operation, options, known);
  for (const name in options) {
    if (!known.includes(name))
      throw new ArgumentError(`${operation}: there is no option '${name}'. Known: ${known.join(', ')}.`);
    const value = options[name];
    // As forms and command lines give them: both would count as true.
    if (value === 'true' || value === 'false') refuse(operation, `${name} must be true or false`, value);
  }
}

/** All names of the options of a type: leaving one out is a type error. */
export type OptionNames<O, Listed extends readonly (keyof O)[]> = Listed &
  ([Exclude<keyof O, Listed[number]>] extends [never]
    ? unknown
    : { readonly missing: Exclude<keyof O, Listed[number]> });

/** The options of a call, checked. */
export function optionsOf<O extends object, const Listed extends readonly (keyof O & string)[]>(
  operation: string,
  options: O,
  known: OptionNames<O, Listed>,
): O {
  checkKnown(operation, options, known);
  return options;
}

/** Whether a value is a tensor. */
export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && (value as Partial<Tensor>).storage instanceof Storage;

/** What to do about a value that is no tensor. */
const wayTo = (value: unknown): string =>
  (value as { readonly constructor?: { readonly name?: unknown } } | null | undefined)?.constructor?.name === 'Tensor'
    ? ' It is one of another copy of @q/tensor: all packages must load the same.'
    : ' Make one of numbers with tensor().';

/** Throws ArgumentError unless a value is a tensor. */
export function checkTensor(operation: string, name: string, value: unknown): asserts value is Tensor {
  if (!isTensor(value)) refuse(operation, `${name} must be a tensor`, value, wayTo(value));
}

/** Throws ArgumentError unless all of several arguments, by name, are tensors. */
export function checkTensors(operation: string, values: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(values)) checkTensor(operation, name, values[name]);
}

/** Throws ArgumentError unless a value is a tensor, null or left out. */
export function checkOptionalTensor(operation: string, name: string, value: unknown): void {
  if (value !== null && value !== undefined) checkTensor(operation, name, value);
}

/** Throws ArgumentError unless a value is a number from `least` to `most`; NaN is one only where there are no bounds. */
export function checkNumber(
  operation: string,
  name: string,
  value: unknown,
  least = -Infinity,
  most = Infinity,
): asserts value is number {
  const unbounded = least === -Infinity && most === Infinity;
  if (typeof value !== 'number' || !(unbounded || (value >= least && value <= most)))
    refuse(operation, `${name} must be a number${within(least, most)}`, value);
}

/** Throws ArgumentError unless a value is true or false: 'false' of a form or a command line is neither. */
export function checkBoolean(operation: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') refuse(operation, `${name} must be true or false`, value);
}

/** Throws ArgumentError unless a value is an integer from `least` to `most`. */
export function checkInteger(
  operation: string,
  name: string,
  value: unknown,
  least = -Infinity,
  most = Infinity,
): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    refuse(operation, `${name} must be an integer${within(least, most)}`, value);
}

function within(least: number, most: number): string {
  if (least === -Infinity) return most === Infinity ? '' : ` of at most ${most}`;
  return most === Infinity ? ` of at least ${least}` : ` from ${least} to ${most}`;
}

/** Whether a value is an array of integers of at least `least`. Holes are none. */
export function isIntegers(value: unknown, least = -Infinity): value is readonly number[] {
  if (!Array.isArray(value)) return false;
  for (const entry of value) if (!Number.isInteger(entry) || entry < least) return false;
  return true;
}

/** Throws ArgumentError unless a value is an array of integers. */
export function checkIntegers(operation: string, name: string, value: unknown): asserts value is readonly number[] {
  if (!isIntegers(value)) refuse(operation, `${name} must be an array of integers`, value);
}

/** Throws ArgumentError unless `value` is one of `known`. */
export function checkChoice<T>(
  operation: string,
  name: string,
  value: unknown,
  known: readonly T[],
): asserts value is T {
  if (!(known as readonly unknown[]).includes(value))
    refuse(operation, `${name} must be one of ${known.map(described).join(', ')}`, value);
}

/** Throws ArgumentError unless a value is a function that can be called without `new`. */
export function checkFunction(operation: string, value: unknown): void {
  if (typeof value !== 'function' || isClass(value)) refuse(operation, 'wants a function', value);
}
