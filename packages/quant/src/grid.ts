import { described, type DType } from '@q/tensor';
import { QuantizationError } from './errors.js';

/** The integers a quantized value may take: all from `qmin` to `qmax`. */
export interface Grid {
  /** Smallest integer. */
  readonly qmin: number;
  /** Largest integer. */
  readonly qmax: number;
}

/** A grid by its ends. */
export interface GridByEnds {
  /** Smallest integer. */
  readonly qmin: number;
  /** Largest integer. */
  readonly qmax: number;
  /** The ends say it. */
  readonly bitwidth?: never;
  /** The ends say it. */
  readonly numSteps?: never;
  /** The ends say it. */
  readonly signed?: never;
}

/** A grid by its bits. */
export interface GridByBits {
  /** Bits of the grid, 1 to 32: `[-2^(b-1), 2^(b-1) - 1]` or `[0, 2^b - 1]`. */
  readonly bitwidth: number;
  /** Whether the grid lies around zero; false where left out. */
  readonly signed?: boolean;
  /** The bits say it. */
  readonly qmin?: never;
  /** The bits say it. */
  readonly qmax?: never;
  /** The bits say it. */
  readonly numSteps?: never;
}

/** A grid by its number of steps. */
export interface GridBySteps {
  /** Number of steps between the ends: `[-ceil(n / 2), floor(n / 2)]` or `[0, n]`. */
  readonly numSteps: number;
  /** Whether the grid lies around zero; false where left out. */
  readonly signed?: boolean;
  /** The steps say it. */
  readonly qmin?: never;
  /** The steps say it. */
  readonly qmax?: never;
  /** The steps say it. */
  readonly bitwidth?: never;
}

/** The ways to say which grid: its ends, its bits and sign, or its number of steps and sign. */
export type GridOptions = GridByEnds | GridByBits | GridBySteps;

/** The names of the options that say which grid. */
export const gridOptions = ['qmin', 'qmax', 'bitwidth', 'numSteps', 'signed'] as const;

const ways = 'Give { qmin, qmax }, or { bitwidth }, or { numSteps } (the last two with { signed })';

function checkInteger(operation: string, name: string, value: unknown): asserts value is number {
  if (!Number.isSafeInteger(value))
    throw new QuantizationError(`${operation}: ${name} must be an integer, got ${described(value)}.`);
}

/** Throws unless `bitwidth` is an integer from 1 to 32. */
export function checkBitwidth(operation: string, bitwidth: unknown): asserts bitwidth is number {
  checkInteger(operation, 'bitwidth', bitwidth);
  if (bitwidth < 1 || bitwidth > 32)
    throw new QuantizationError(`${operation}: bitwidth must be from 1 to 32, got ${bitwidth}.`);
}

/** The grid of two ends. Throws QuantizationError unless they are integers and `qmin < qmax`. */
export function gridOfEnds(operation: string, qmin: unknown, qmax: unknown): Grid {
  checkInteger(operation, 'qmin', qmin);
  checkInteger(operation, 'qmax', qmax);
  if (qmin >= qmax)
    throw new QuantizationError(`${operation}: qmax must be larger than qmin, got qmin=${qmin} and qmax=${qmax}.`);
  return { qmin, qmax };
}

/** The grid of `bitwidth` bits around zero (signed) or from zero on. */
export function gridOfBits(operation: string, bitwidth: unknown, signed: boolean): Grid {
  checkBitwidth(operation, bitwidth);
  return signed
    ? { qmin: -(2 ** (bitwidth - 1)), qmax: 2 ** (bitwidth - 1) - 1 }
    : { qmin: 0, qmax: 2 ** bitwidth - 1 };
}

/** The grid of `numSteps` steps around zero (signed) or from zero on. */
export function gridOfSteps(operation: string, numSteps: unknown, signed: boolean): Grid {
  checkInteger(operation, 'numSteps', numSteps);
  if (numSteps < 1) throw new QuantizationError(`${operation}: numSteps must be at least 1, got ${numSteps}.`);
  return signed ? { qmin: -Math.ceil(numSteps / 2), qmax: Math.floor(numSteps / 2) } : { qmin: 0, qmax: numSteps };
}

/**
 * The grid that options describe in exactly one way.
 *
 * @throws QuantizationError where none, several or half a way is given, or a value is not on any grid
 */
export function gridOf(operation: string, options: GridOptions, signedByDefault = false): Grid {
  const { qmin, qmax, bitwidth, numSteps, signed }: Partial<Record<(typeof gridOptions)[number], unknown>> = options;
  if (signed !== undefined && typeof signed !== 'boolean')
    throw new QuantizationError(`${operation}: signed must be true or false, got ${described(signed)}.`);
  const byEnds = qmin !== undefined || qmax !== undefined;
  const given = [byEnds, bitwidth !== undefined, numSteps !== undefined].filter(Boolean);
  if (given.length !== 1)
    throw new QuantizationError(
      `${operation}: ${given.length === 0 ? 'no grid given' : 'the grid is given in several ways'}. ${ways}.`,
    );
  if (byEnds && signed !== undefined)
    throw new QuantizationError(`${operation}: qmin and qmax say whether the grid is signed. ${ways}.`);
  if (bitwidth !== undefined) return gridOfBits(operation, bitwidth, signed ?? signedByDefault);
  if (numSteps !== undefined) return gridOfSteps(operation, numSteps, signed ?? signedByDefault);
  if (qmin === undefined || qmax === undefined)
    throw new QuantizationError(
      `${operation}: ${qmin === undefined ? 'qmax without qmin' : 'qmin without qmax'}. ${ways}.`,
    );
  return gridOfEnds(operation, qmin, qmax);
}

const around = ({ qmin, qmax }: Grid): boolean => qmin + qmax === -1;

function undefinedIn(what: string, grid: Grid, wanted: string): QuantizationError {
  return new QuantizationError(
    `${what} is undefined in the grid [${grid.qmin}, ${grid.qmax}]: it exists only where the grid is ${wanted}. Set qmin and qmax instead.`,
  );
}

/** Whether a grid lies around zero. Throws QuantizationError unless it is `[-k - 1, k]` or `[0, k]`. */
export function isSigned(what: string, grid: Grid): boolean {
  if (around(grid)) return true;
  if (grid.qmin === 0) return false;
  throw undefinedIn(`${what}.signed`, grid, '[-k - 1, k] or [0, k]');
}

/** Bits of a grid. Throws QuantizationError unless it is `[-2^(b-1), 2^(b-1) - 1]` or `[0, 2^b - 1]`. */
export function bitwidthOf(what: string, grid: Grid): number {
  const bits = Math.log2(grid.qmax - grid.qmin + 1);
  if ((around(grid) || grid.qmin === 0) && Number.isInteger(bits)) return bits;
  throw undefinedIn(`${what}.bitwidth`, grid, '[-2^(b-1), 2^(b-1) - 1] or [0, 2^b - 1]');
}

/** The same number of steps around zero, or from zero on. */
export function shifted(what: string, grid: Grid, signed: boolean): Grid {
  if (isSigned(what, grid) === signed) return grid;
  const by = signed ? Math.ceil((grid.qmin + grid.qmax) / 2) : grid.qmin;
  return { qmin: grid.qmin - by, qmax: grid.qmax - by };
}

/** The smallest dtype that holds a grid, as AIMET picks it: unsigned beyond 8 bits is int32. */
export function dtypeOfGrid({ qmin, qmax }: Grid): DType & ('uint8' | 'int8' | 'int16' | 'int32') {
  if (qmin >= 0 && qmax < 256) return 'uint8';
  if (qmin >= -128 && qmax <= 127) return 'int8';
  return qmin >= -32768 && qmax <= 32767 ? 'int16' : 'int32';
}
