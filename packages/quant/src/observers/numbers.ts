import { described, FormatError } from '@q/tensor';
import { isJSONObject } from '@q/tensor/internal';

/** A number as JSON can hold it: the ones that it cannot are written as strings. */
export type JSONNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** `value` as JSON can hold it. */
export const toJSONNumber = (value: number): JSONNumber =>
  Number.isFinite(value) ? value : (String(value) as JSONNumber);

/** The fields of an object that came from JSON. Throws FormatError unless it is one. */
export function fieldsOf(what: string, json: unknown): Readonly<Record<string, unknown>> {
  if (!isJSONObject(json)) throw new FormatError(`${what}: wants an object, got ${shownJSON(json)}.`);
  return json;
}

const shownJSON = (json: unknown): string => described(json).slice(0, 60);

/** A number that `toJSONNumber` wrote. Throws FormatError for anything else. */
export function numberOf(what: string, json: unknown): number {
  if (typeof json === 'number') return json;
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  throw new FormatError(`${what}: wants a number, got ${shownJSON(json)}.`);
}

/** An array of numbers of a length. Throws FormatError for anything else. */
export function numbersOf(what: string, json: unknown, length: number): Float32Array {
  if (!Array.isArray(json) || json.length !== length)
    throw new FormatError(
      `${what}: wants ${length} numbers, got ${Array.isArray(json) ? json.length : shownJSON(json)}.`,
    );
  return Float32Array.from(json, (entry) => numberOf(what, entry));
}

/** Throws FormatError where a minimum lies above its maximum. */
export function checkOrdered(min: Float32Array, max: Float32Array): void {
  const at = min.findIndex((low, i) => low > max[i]!);
  if (at >= 0) throw new FormatError(`statistics: min ${min[at]} lies above max ${max[at]} at entry ${at}.`);
}

/** A shape. Throws FormatError for anything else. */
export function shapeOf(what: string, json: unknown): number[] {
  if (!Array.isArray(json) || json.some((size) => !Number.isSafeInteger(size) || size < 1))
    throw new FormatError(`${what}: wants a shape of positive integers, got ${shownJSON(json)}.`);
  return [...(json as number[])];
}
