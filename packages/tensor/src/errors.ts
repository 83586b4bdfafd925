/**
 * The error classes of all three packages. A message names the operation, what it got, what it wanted, and the way out.
 */

/** Base of every error this library throws on purpose: `catch (e) { if (e instanceof QError) ... }`. */
export class QError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Shapes, ranks, dims or sizes do not fit the operation. */
export class ShapeError extends QError {}

/** A dtype that the operation does not take, or a value that the dtype cannot hold. */
export class DTypeError extends QError {}

/** An index, range or dim outside a tensor. */
export class IndexError extends QError {}

/** An argument that is neither a shape nor a dtype: an option out of range, an unknown mode, a wrong type. */
export class ArgumentError extends QError {}

/** The autograd graph cannot do what was asked: backward twice, a saved tensor changed in place, no gradient. */
export class AutogradError extends QError {}

/** Bytes or text that are not what their format says. */
export class FormatError extends QError {}

/** Memory that cannot be had; existing tensors stay usable. */
export class MemoryError extends QError {}

/** Entries of a list that messages show. */
const SHOWN = 16;

const listed = (list: readonly unknown[], each: (entry: unknown) => string): string =>
  `[${Array.from(list.slice(0, SHOWN), each).join(', ')}${list.length > SHOWN ? ', ...' : ''}]`;

/** Whether a function is a class, which only `new` may call: classes alone have a fixed prototype. */
export const isClass = (value: object): boolean =>
  Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;

/** What a value from outside the type system is, as messages say it; never throws, whatever it is. */
export function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return isClass(value) ? 'a class' : 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return ofObject(value);
  } catch {
    // A proxy that lets nobody look at it.
    return 'an object';
  }
}

function ofObject(value: object): string {
  if (Array.isArray(value))
    return listed(value, (entry) => (typeof entry === 'object' && entry !== null ? '...' : described(entry)));
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null;
  const name = prototype === null || prototype === Object.prototype ? undefined : prototype.constructor?.name;
  return typeof name === 'string' && name !== '' ? `an object of class ${name}` : 'an object';
}

/** `[2, 3]`, as messages print shapes. */
export const shown = (shape: readonly number[]): string =>
  Array.isArray(shape) ? listed(shape, described) : described(shape);
