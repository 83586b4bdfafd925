/** Comparison of results with the golden files: bit for bit, or within the tolerance the file states. */
import type { Tensor } from '@q/tensor';
import { dtypeOf, field, isFields, numberFrom, type TensorRecord } from './format.js';

/** `'exact'`, or pass if |actual - expected| <= atol + rtol * |expected|. */
export type Tolerance = 'exact' | readonly [rtol: number, atol: number];

export interface CompareOptions {
  /** Does the sign of zero matter? */
  readonly signedZero?: boolean;
  /** Is the dtype free? Used where the reference has no say about it. */
  readonly anyDtype?: boolean;
  /** Absolute tolerance element by element; replaces the tolerance. */
  readonly elementwise?: TensorRecord;
  /** A step at the elements that may also be one step off, either way. */
  readonly oneStep?: (element: number) => number | null;
}

/** Engines may flush denormal results to zero where the file allows any deviation at all. */
const denormal = 1.2e-38;

/** What the comparison needs to know of a result. */
export interface Result {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly number[];
}

const flatten = (nested: unknown): number[] => (Array.isArray(nested) ? nested.flatMap(flatten) : [Number(nested)]);

/** Reads a tensor through the public API. */
export const resultOf = (tensor: Tensor): Result => ({
  shape: tensor.shape,
  dtype: tensor.dtype,
  values: flatten(tensor.toArray()),
});

const shown = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function position(index: number, shape: readonly number[]): string {
  const at: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    at.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${at.join(', ')}]`;
}

function differs(actual: number, expected: number, allowed: number | null, signedZero: boolean): boolean {
  if (Number.isNaN(expected) || Number.isNaN(actual)) return Number.isNaN(expected) !== Number.isNaN(actual);
  if (actual === expected) return signedZero && expected === 0 && !Object.is(actual, expected);
  if (!Number.isFinite(actual) || !Number.isFinite(expected) || allowed === null) return true;
  return !(Math.abs(actual - expected) <= allowed);
}

/** The first difference between a result and what the file expects, or null. */
export function firstDifference(
  actual: Result,
  expected: TensorRecord,
  tolerance: Tolerance = 'exact',
  { signedZero = false, anyDtype = false, elementwise, oneStep }: CompareOptions = {},
): string | null {
  if (actual.shape.length !== expected.shape.length || actual.shape.some((size, d) => size !== expected.shape[d]))
    return `shape [${actual.shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
  if (!anyDtype && actual.dtype !== dtypeOf(expected.dtype)) return `dtype ${actual.dtype}, expected ${expected.dtype}`;
  if (actual.values.length !== expected.data.length)
    return `${actual.values.length} elements, expected ${expected.data.length}`;
  let first: string | null = null;
  let count = 0;
  expected.data.forEach((scalar, i) => {
    if (scalar === null) return;
    // Shortest decimals of float32 values become exact only after rounding to float32.
    const wanted = expected.dtype === 'float32' ? Math.fround(numberFrom(scalar)) : numberFrom(scalar);
    const allowedAt = (value: number): number | null => {
      if (elementwise !== undefined) return numberFrom(elementwise.data[i] ?? field(elementwise.data, 0));
      return tolerance === 'exact' ? null : tolerance[1] + tolerance[0] * Math.abs(value) + denormal;
    };
    const allowed = allowedAt(wanted);
    const found = actual.values[i]!;
    const step = oneStep?.(i) ?? null;
    const right = step === null ? [wanted] : [wanted, wanted - step, wanted + step];
    if (right.some((value) => !differs(found, value, allowedAt(value), signedZero))) return;
    count++;
    first ??= `element ${position(i, expected.shape)}: ${shown(found)}, expected ${shown(wanted)}${
      allowed === null
        ? ''
        : ` (off by ${Math.abs(found - wanted).toExponential(2)}, allowed ${allowed.toExponential(2)})`
    }`;
  });
  return first === null ? null : `${String(first)}; ${count} of ${expected.data.length} differ`;
}

/** Is this a tolerance (and not a record or list of tolerances)? */
export const isTolerance = (value: unknown): value is Tolerance =>
  value === 'exact' || (Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number'));

/** The tolerance at a path of the case's `tol`, which may also be one tolerance for everything; exact where absent. */
export function toleranceAt(tol: unknown, ...path: readonly (string | number)[]): Tolerance {
  let at: unknown = tol;
  for (const key of path) {
    if (isTolerance(at)) return at;
    if (Array.isArray(at)) at = (at as unknown[])[Number(key)];
    else at = isFields(at) ? at[String(key)] : undefined;
  }
  return isTolerance(at) ? at : 'exact';
}
