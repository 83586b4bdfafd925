import { described } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { checkBoolean } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import type { LegacyEncoding, QuantizerBase } from '../quantizers/quantizer.js';
import { named, type ImportOptions, type LegacyEncodings, type QuantizerSlot } from './quantized-module.js';

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
export function unrepeated(
  slots: readonly QuantizerSlot[],
  encodings: Readonly<Record<string, LegacyEncodings>>,
): Readonly<Record<string, LegacyEncodings>> {
  if (typeof encodings !== 'object' || encodings === null) return encodings;
  const last = encodings[String(slots.length - 1)];
  return Object.fromEntries(
    Object.entries(encodings).filter(([key, entry]) => !(Number(key) >= slots.length && alike(entry, last))),
  );
}

/** Whether two values of JSON are the same; goes no deeper than the shallower of them. */
export function alike(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => right.has(key) && alike(value, right.get(key)));
}

/** A quantizer that an import will write to, and what it gets. */
interface Assignment {
  readonly quantizer: QuantizerBase;
  readonly encodings: readonly LegacyEncoding[];
}

const place = (role: Role, key: string): string => (role === 'parameter' ? `parameter '${key}'` : `${role} ${key}`);

/** Sets the quantizers of `slots` from encodings by key, in the order of the slots; see `QuantizedModule.importInputEncodings`. */
export function importEncodings(
  module: object,
  role: Role,
  slots: Slots,
  encodings: Readonly<Record<string, LegacyEncodings>>,
  options: ImportOptions,
): void {
  const {
    strict = true,
    partial = true,
    requiresGrad = null,
    allowOverwrite = true,
  } = optionsOf(named(module), options, ['strict', 'partial', 'requiresGrad', 'allowOverwrite']);
  if (requiresGrad !== null) checkBoolean(named(module), 'requiresGrad', requiresGrad);
  checkBoolean(named(module), 'allowOverwrite', allowOverwrite);
  if (typeof encodings !== 'object' || encodings === null)
    throw new QuantizationError(
      `${named(module)}: wants encodings by ${role} ${role === 'parameter' ? 'name' : 'number'}, got ${described(encodings)}.`,
    );
  const keys = Object.keys(slots);
  const unknown = Object.keys(encodings).filter((key) => !keys.includes(key));
  if (strict && unknown.length > 0)
    throw new QuantizationError(
      `${named(module)}: encodings for ${unknown.map((key) => place(role, key)).join(', ')}, which it does not have (it has ${
        keys.length === 0 ? 'none' : keys.join(', ')
      }); nothing was imported. Pass { strict: false } to ignore them.`,
    );
  const assignments: Assignment[] = [];
  const dangling: string[] = [];
  let homeless: string | null = null;
  for (const key of keys) {
    const quantizer = Reflect.get(slots, key) as QuantizerSlot;
    if (quantizer !== null && !quantizer.overwritable) continue;
    const given = Object.hasOwn(encodings, key) ? encodings[key] : undefined;
    if (given === undefined || given === null) {
      if (!partial && quantizer !== null) dangling.push(key);
    } else if (quantizer !== null)
      assignments.push({ quantizer, encodings: Array.isArray(given) ? given : [given as LegacyEncoding] });
    else if (strict) {
      homeless = key;
      break;
    }
  }
  for (const { quantizer, encodings: list } of assignments) quantizer.checkLegacyEncodings(list);
  for (const { quantizer, encodings: list } of assignments) {
    quantizer.setLegacyEncodings(list, { exact: true });
    if (requiresGrad !== null) quantizer.requiresGrad_(requiresGrad);
    quantizer.allowOverwrite(allowOverwrite);
  }
  for (const key of dangling) Reflect.set(slots, key, null);
  if (homeless !== null)
    throw new QuantizationError(
      `${named(module)}: an encoding for ${place(role, homeless)}, where no quantizer stands; those before it are imported. Set a quantizer there, or pass { strict: false }.`,
    );
}
