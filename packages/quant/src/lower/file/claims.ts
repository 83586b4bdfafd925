import { FormatError } from '@q/tensor';
import { isJSONObject } from '@q/tensor/internal';
import { AffineEncoding } from '../../encodings/affine.js';
import { unsuited, type Target } from '../grids.js';
import type { Route } from '../layer.js';
import { halves } from '../weights.js';
import type { StoredWeight } from './format.js';

/** The entries of a value that has all of some keys and no others but `optional` ones. Throws FormatError for any other. */
function entriesOf<K extends string>(
  where: string,
  value: unknown,
  keys: readonly K[],
  optional: readonly string[] = [],
): Readonly<Record<K, unknown>> {
  const found: Readonly<Record<string, unknown>> = isJSONObject(value) ? value : {};
  const missing = keys.filter((key) => !Object.hasOwn(found, key));
  if (missing.length > 0) throw new FormatError(`readInteger: ${where} lacks ${missing.join(', ')}.`);
  const known: readonly string[] = [...keys, ...optional];
  const unknown = Object.keys(found).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new FormatError(`readInteger: ${where} has ${unknown.join(', ')}, which this version does not know.`);
  return found;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

const isWhole = (value: unknown, low = -Infinity, high = Infinity): value is number =>
  Number.isInteger(value) && isNumber(value) && value >= low && value <= high;

/** What a file says of a layer: where it stands and what it is; nothing else has been looked at. */
export interface Claim {
  readonly path: string;
  readonly kind: string;
  readonly route: unknown;
  readonly inputs: unknown;
  readonly output: unknown;
  readonly settings?: unknown;
  readonly lends?: unknown;
  readonly weight?: unknown;
}

/** What a file says of a layer. */
export function claimFrom(value: unknown): Claim {
  const { path, kind } = isJSONObject(value) ? value : {};
  if (typeof path !== 'string' || typeof kind !== 'string')
    throw new FormatError('readInteger: a layer without path or kind.');
  const claims = entriesOf(
    `'${path}'`,
    value,
    ['path', 'kind', 'route', 'inputs', 'output'],
    ['settings', 'lends', 'weight'],
  );
  return { ...claims, path, kind };
}

const routes: readonly unknown[] = ['integer', 'float inside'] satisfies Route[];

const isRoute = (value: unknown): value is Route => routes.includes(value);

/** How a layer may compute. */
export function routeFrom({ path, route }: Claim): Route {
  if (!isRoute(route)) throw new FormatError(`readInteger: '${path}' has no route.`);
  return route;
}

/** The encoding that a file says something has, or null where it says that there is none. */
export function encodingFrom(where: string, value: unknown): AffineEncoding | null {
  if (value === null) return null;
  const { scale, offset, qmin, qmax, symmetry } = entriesOf(where, value, [
    'scale',
    'offset',
    'qmin',
    'qmax',
    'symmetry',
  ]);
  if (!isNumber(scale) || !isNumber(offset) || !isNumber(qmin) || !isNumber(qmax) || typeof symmetry !== 'boolean')
    throw new FormatError(`readInteger: ${where} is no encoding.`);
  let encoding: AffineEncoding;
  try {
    encoding = new AffineEncoding(scale, offset, { qmin, qmax, symmetry });
  } catch (cause) {
    throw new FormatError(`readInteger: ${where} is no encoding: ${(cause as Error).message}`, { cause });
  }
  const why = isWhole(offset) ? unsuited(encoding) : `has the offset ${offset}`;
  if (why !== null) throw new FormatError(`readInteger: ${where} ${why}.`);
  return encoding;
}

/** The encodings of the inputs of a layer. */
export function inputsFrom({ path, inputs }: Claim): (AffineEncoding | null)[] {
  if (!Array.isArray(inputs) || inputs.length > 16)
    throw new FormatError(`readInteger: the inputs of '${path}' are no list of encodings.`);
  return inputs.map((value, i) => encodingFrom(`input ${i} of '${path}'`, value));
}

/** The positions on which the layer behind wants the result of a layer, or null where it says nothing of that. */
export function lendsFrom({ path, lends }: Claim): Target | null {
  if (lends === undefined) return null;
  const where = `what '${path}' lends`;
  const { on, low, high } = entriesOf(where, lends, ['on', 'low', 'high']);
  const encoding = encodingFrom(where, on);
  if (encoding === null || !isWhole(low) || !isWhole(high))
    throw new FormatError(`readInteger: ${where} wants an encoding and two integers.`);
  if (low < encoding.qmin || low > high || high > encoding.qmax)
    throw new FormatError(`readInteger: ${where} has ends outside its grid: ${low} and ${high}.`);
  return { encoding, low, high };
}

/** What a file says of the weight of a layer, of rows of `size` values. */
export function weightClaim({ path, weight }: Claim, size: number): StoredWeight {
  const { bits, signed, halved, factors, blockScales } = entriesOf(`the weight of '${path}'`, weight, [
    'bits',
    'signed',
    'halved',
    'factors',
    'blockScales',
  ]);
  if (!isWhole(bits, 1, 8) || typeof signed !== 'boolean' || typeof halved !== 'boolean')
    throw new FormatError(
      `readInteger: the weight of '${path}' wants 1 to 8 bits, whether they are signed, and whether two share a byte.`,
    );
  if (!isWhole(factors, 0, size) || !isWhole(blockScales, 0, size))
    throw new FormatError(`readInteger: the weight of '${path}' has no number of blocks.`);
  const blocks = Math.max(1, factors, blockScales);
  const fits = halved ? bits <= 4 && halves(size, factors, blockScales) : factors === 0;
  if (size % blocks !== 0 || !fits || (factors > 0 && blockScales > 0))
    throw new FormatError(`readInteger: the weight of '${path}' has blocks or halves that do not go together.`);
  return { bits, signed, halved, factors, blockScales };
}
