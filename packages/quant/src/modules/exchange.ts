import { described } from '@q/tensor';
import { checkBoolean, optionsOf } from '@q/tensor/internal';
import { located, QuantizationError } from '../errors.js';
import type { LegacyEncoding, QuantizerBase } from '../quantizers/quantizer.js';
import { named, type EncodingsByPlace, type ImportOptions, type QuantizerSlot } from './quantized-module.js';

/** What an encoding belongs to, as messages name it. */
export type Role = 'input' | 'output' | 'parameter';

type Slots = QuantizerSlot[] | Record<string, QuantizerSlot>;

/** The encoding of a place in AIMET's file format, or null. */
export const exported = (quantizer: QuantizerSlot): LegacyEncoding[] | null => quantizer?.getLegacyEncodings() ?? null;

/** The encodings of a list of places; the last is repeated until there are `count`. */
export function exportedList(slots: readonly QuantizerSlot[], count: number): (LegacyEncoding[] | null)[] {
  const encodings = slots.map(exported);
  const last = encodings.at(-1);
  return last === undefined || encodings.length >= count
    ? encodings
    : [...encodings, ...Array.from({ length: count - encodings.length }, () => last)];
}

/** Encodings without those that only repeat the last place's, as `exportedList` does. */
export function unrepeated(slots: readonly QuantizerSlot[], encodings: EncodingsByPlace): EncodingsByPlace {
  if (typeof encodings !== 'object' || encodings === null) return encodings;
  const entries = Object.entries(encodings);
  const last = entries.find(([key]) => key === String(slots.length - 1))?.[1];
  return Object.fromEntries(entries.filter(([key, entry]) => !(Number(key) >= slots.length && alike(entry, last))));
}

/** Whether two values of JSON are the same; goes no deeper than the shallower of them. */
export function alike(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && alike(value, right.get(key)));
}

/** A place where a quantizer may stand. */
export interface Place {
  readonly slots: Slots;
  readonly key: string;
}

/** A quantizer that an import will set, and what it gets. */
interface Assignment {
  readonly name: string;
  readonly quantizer: QuantizerBase;
  readonly list: readonly LegacyEncoding[];
}

/** What an import sets. */
export interface ImportTarget {
  /** Who imports, as messages begin. */
  readonly operation: string;
  /** The places there are, by name, in the order in which they are set. */
  readonly places: ReadonlyMap<string, Place>;
  /** What messages say of a place that there is not. */
  readonly unknown: string;
  /** Whether an encoding for an empty place stops the whole import, or only that of the places behind it, as AIMET does. */
  readonly allOrNone: boolean;
}

/** Some names, and how many more there are. */
const listed = (names: readonly string[]): string =>
  names.slice(0, 4).join(', ') + (names.length > 4 ? ` and ${names.length - 4} more` : '');

/** Sets quantizers from encodings by name of their place, after all of them have been checked. */
export function importEncodings(
  { operation, places, unknown, allOrNone }: ImportTarget,
  encodings: ReadonlyMap<string, unknown>,
  options: ImportOptions,
): void {
  const {
    strict = true,
    partial = true,
    requiresGrad = null,
    allowOverwrite = true,
  } = optionsOf(operation, options, ['strict', 'partial', 'requiresGrad', 'allowOverwrite']);
  for (const [name, flag] of Object.entries({ strict, partial, allowOverwrite })) checkBoolean(operation, name, flag);
  if (requiresGrad !== null) checkBoolean(operation, 'requiresGrad', requiresGrad);
  const strange = [...encodings.keys()].filter((name) => !places.has(name));
  if (strict && strange.length > 0)
    throw new QuantizationError(
      `${operation}: an encoding for ${listed(strange)}, ${unknown}; nothing was imported. Pass { strict: false } to ignore it.`,
    );
  const assignments: Assignment[] = [];
  const dangling: Place[] = [];
  let homeless: QuantizationError | null = null;
  for (const [name, { slots, key }] of places) {
    const quantizer = Reflect.get(slots, key) as QuantizerSlot;
    if (quantizer !== null && !quantizer.overwritable) continue;
    const given = encodings.get(name) ?? null;
    if (given === null) {
      if (!partial && quantizer !== null) dangling.push({ slots, key });
    } else if (quantizer !== null)
      assignments.push({
        name,
        quantizer,
        list: (Array.isArray(given) ? given : [given]) as readonly LegacyEncoding[],
      });
    else if (strict) {
      homeless = new QuantizationError(
        `${operation}: an encoding for ${name}, where no quantizer stands; ${allOrNone ? 'nothing was imported' : 'those before it are imported'}. Set a quantizer there, or pass { strict: false }.`,
      );
      break;
    }
  }
  if (homeless !== null && allOrNone) throw homeless;
  for (const { name, quantizer, list } of assignments)
    try {
      quantizer.checkLegacyEncodings(list);
    } catch (cause) {
      throw located(`${operation}: ${name}`, cause);
    }
  for (const { quantizer, list } of assignments) {
    quantizer.setLegacyEncodings(list, { exact: true });
    if (requiresGrad !== null) quantizer.requiresGrad_(requiresGrad);
    quantizer.allowOverwrite(allowOverwrite);
  }
  for (const { slots, key } of dangling) Reflect.set(slots, key, null);
  if (homeless !== null) throw homeless;
}

/** Sets the quantizers of `slots` of a module from encodings by key; see `QuantizedModule.importInputEncodings`. */
export function importInto(
  module: object,
  role: Role,
  slots: Slots,
  encodings: EncodingsByPlace,
  options: ImportOptions,
): void {
  const operation = named(module);
  if (typeof encodings !== 'object' || encodings === null)
    throw new QuantizationError(
      `${operation}: wants encodings by ${role} ${role === 'parameter' ? 'name' : 'number'}, got ${described(encodings)}.`,
    );
  const nameOf = (key: string): string => (role === 'parameter' ? `parameter '${key}'` : `${role} ${key}`);
  const keys = Object.keys(slots);
  const target: ImportTarget = {
    operation,
    places: new Map(keys.map((key) => [nameOf(key), { slots, key }])),
    unknown: `which it does not have (it has ${keys.join(', ') || 'none'})`,
    allOrNone: false,
  };
  importEncodings(target, new Map(Object.entries(encodings).map(([key, entry]) => [nameOf(key), entry])), options);
}
