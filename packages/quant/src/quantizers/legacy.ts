import { described, ShapeError, shown, tensor, type Shape, type Tensor } from '@q/tensor';
import { numel } from '@q/tensor/internal';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import { bitwidthOf, gridOfBits, type Grid } from '../grid.js';
import { rint } from '../rounding.js';
import type { LegacyEncoding } from './quantizer.js';
import { checkRanges } from './ranges.js';

/** What an affine quantizer takes from encodings in AIMET's file format. */
export interface LegacyRange {
  readonly grid: Grid;
  readonly symmetric: boolean;
  readonly min: Tensor;
  readonly max: Tensor;
}

/** Bits of an encoding as files say them: AIMET counts the lowest position, which a strictly symmetric grid leaves out. */
const bitsOf = (name: string, { symmetry, qmin, qmax }: AffineEncoding): number =>
  bitwidthOf(name, symmetry && qmin === -qmax ? { qmin: qmin - 1, qmax } : { qmin, qmax });

/** The grid of an entry: one that is symmetric and begins a position above the lowest of its bits is strictly so. */
function gridOfEntry(what: string, { bitwidth, offset }: LegacyEncoding, symmetric: boolean): Grid {
  const { qmin, qmax } = gridOfBits(what, bitwidth, symmetric);
  const isStrict = symmetric && offset === -qmax && qmax > 0;
  return { qmin: isStrict ? -qmax : qmin, qmax };
}

/** An encoding in AIMET's file format, one entry per scale. Throws QuantizationError where it has no bitwidth or no finite offset. */
export function legacyOf(name: string, encoding: AffineEncoding): LegacyEncoding[] {
  const bitwidth = bitsOf(name, encoding);
  const [scales, mins, maxs] = [encoding.scale.data, encoding.min.data, encoding.max.data];
  const offsets = encoding.offset.data;
  return Array.from(scales, (scale, i) => {
    const offset = Math.trunc(Math.fround(offsets[i]! + encoding.qmin));
    if (!Number.isFinite(offset))
      throw new QuantizationError(
        `${name}.getLegacyEncodings: offset ${i} is ${offset}: the range [${mins[i]}, ${maxs[i]}] gives no finite offset. Calibrate it with other data, or set it with setRange().`,
      );
    return {
      min: mins[i]!,
      max: maxs[i]!,
      scale,
      offset: offset + 0,
      bitwidth,
      dtype: 'int',
      is_symmetric: encoding.symmetry ? 'True' : 'False',
    };
  });
}

function truth(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new QuantizationError(
    `${name}: is_symmetric must be 'True' or 'False', got ${value === undefined ? 'nothing' : described(value)}.`,
  );
}

type Ends = readonly [min: number, max: number];

const { fround } = Math;

/** `x` and the floats next to it, nearest first. */
function neighbours(x: number): readonly number[] {
  const ulp = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x) || 1e-38)), -126) - 23);
  return [0, 1, -1, 2, -2, 3, -3, 4, -4].map((steps) => fround(x + steps * ulp));
}

/**
 * The ends nearest to those of an entry from which its own scale and offset are computed; the entry's ends where it has no
 * scale and offset that give them, or no such ends exist.
 */
function exactEnds({ min, max, scale, offset }: LegacyEncoding, { qmin, qmax }: Grid, symmetric: boolean): Ends {
  const given: Ends = [fround(min!), fround(max!)];
  if (typeof scale !== 'number' || typeof offset !== 'number') return given;
  const [step, steps] = [fround(scale), fround(qmax - qmin)];
  const whole = fround(step * fround(offset)) === given[0] && fround(step * fround(offset + steps)) === given[1];
  if (!whole || !(step > 0) || (symmetric && offset !== qmin)) return given;
  const fits = (low: number, high: number): boolean =>
    fround(fround(high - low) / steps) === step && (symmetric || rint(fround(low / step)) === offset);
  for (const high of neighbours(given[1]))
    for (const low of neighbours(given[0])) if (fits(low, high)) return [low, high];
  return given;
}

const isObject = (entry: unknown): boolean => typeof entry === 'object' && entry !== null;

/** The entries of encodings in AIMET's file format. Throws QuantizationError unless they are an array of objects, one at least. */
export function checkedEntries(what: string, encodings: unknown): readonly LegacyEncoding[] {
  if (!Array.isArray(encodings) || !Array.from(encodings, isObject).every(Boolean))
    throw new QuantizationError(`${what}: wants an array of encodings, got ${described(encodings)}.`);
  return encodings as readonly LegacyEncoding[];
}

/** The numbers of an entry. Throws QuantizationError where `min` or `max` are none, or other fields none that are finite. */
function checkNumbers(what: string, entry: LegacyEncoding, i: number): void {
  for (const key of ['min', 'max'] as const)
    if (typeof entry[key] !== 'number')
      throw new QuantizationError(`${what}: ${key} of encoding ${i} must be a number, got ${described(entry[key])}.`);
  for (const key of ['scale', 'offset'] as const)
    if (entry[key] !== undefined && !Number.isFinite(entry[key]))
      throw new QuantizationError(
        `${what}: ${key} of encoding ${i} must be a finite number where it is given, got ${described(entry[key])}.`,
      );
}

/** A grid, and whether it is symmetric. */
interface EntryGrid extends Grid {
  readonly symmetric: boolean;
}

/** The grid of an entry. Throws QuantizationError where it has none. */
function checkedGrid(what: string, entry: LegacyEncoding): EntryGrid {
  if (entry.dtype !== undefined && entry.dtype !== 'int')
    throw new QuantizationError(
      `${what}: an affine quantizer takes encodings of dtype 'int', got ${described(entry.dtype)}.`,
    );
  const symmetric = truth(what, entry.is_symmetric);
  return { ...gridOfEntry(what, entry, symmetric), symmetric };
}

const shownGrid = ({ qmin, qmax, symmetric }: EntryGrid): string =>
  `[${qmin}, ${qmax}]${symmetric ? ', symmetric' : ''}`;

/** The grid of all entries. Throws QuantizationError where they have none, or not the same one. */
function commonGrid(what: string, entries: readonly LegacyEncoding[]): EntryGrid {
  const grids = entries.map((entry, i) => {
    checkNumbers(what, entry, i);
    return checkedGrid(what, entry);
  });
  const [first] = grids as [EntryGrid];
  const other = grids.findIndex((grid) => shownGrid(grid) !== shownGrid(first));
  if (other >= 0)
    throw new QuantizationError(
      `${what}: all encodings of a quantizer must have one grid by bitwidth and is_symmetric, encoding 0 has ${shownGrid(first)} and encoding ${other} ${shownGrid(grids[other]!)}.`,
    );
  return first;
}

/** What encodings in AIMET's file format say about a quantizer of a shape. */
export function checkedLegacy(
  name: string,
  encodings: readonly LegacyEncoding[],
  shape: Shape,
  exact: boolean,
): LegacyRange {
  const what = `${name}.setLegacyEncodings`;
  const entries = checkedEntries(what, encodings);
  const count = numel(shape);
  if (entries.length !== count)
    throw new ShapeError(
      `${what}: a quantizer of shape ${shown(shape)} takes ${count} encodings, got ${entries.length}.`,
    );
  const { symmetric, ...grid } = commonGrid(what, entries);
  const ends = entries.map((entry): Ends => (exact ? exactEnds(entry, grid, symmetric) : [entry.min!, entry.max!]));
  const [mins, maxs] = [0, 1].map((side) => Float32Array.from(ends, (pair) => pair[side as 0 | 1]));
  checkRanges(what, mins!, maxs!);
  return { grid, symmetric, min: tensor(mins!, { shape }), max: tensor(maxs!, { shape }) };
}
