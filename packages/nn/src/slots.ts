import { Tensor } from '@q/tensor';
import { isRecord } from '@q/tensor/internal';
import { ModuleError } from './errors.js';
import { Parameter } from './parameter.js';

/**
 * How a class calls its own properties in names and state dicts, for the properties whose name differs from PyTorch's:
 * `{ runningMean: 'running_mean' }`. An empty string leaves the property out of the path, so that the keys of a record
 * stand for themselves; null keeps a buffer out of the state dict, as `persistent=False` does.
 */
export type StateNames = Readonly<Record<string, string | null>>;

/** What every class of modules has. */
export interface ModuleStatics {
  /** How the class calls its own properties in names and state dicts. */
  readonly stateNames: StateNames;
}

/** A place inside a module where something stands; `owner[key] = ...` replaces it. */
export interface SlotPlace {
  /** Path inside the module, as the state dict spells it. */
  readonly name: string;
  /** The module, array or record that holds it. */
  readonly owner: Record<string, unknown>;
  /** Its name there. */
  readonly key: string;
  /** False for a buffer that stays out of the state dict. */
  readonly persistent: boolean;
}

/** A parameter of a module, and the place where it stands. */
export interface ParameterSlot extends SlotPlace {
  /** Tells slots apart. */
  readonly kind: 'parameter';
  /** The parameter. */
  readonly value: Parameter;
}

/** A tensor of a module that is no parameter, and the place where it stands. */
export interface BufferSlot extends SlotPlace {
  /** Tells slots apart. */
  readonly kind: 'buffer';
  /** The tensor. */
  readonly value: Tensor;
}

/** A direct child of a module, and the place where it stands; `M` is the module class. */
export interface ModuleSlot<M> extends SlotPlace {
  /** Tells slots apart. */
  readonly kind: 'module';
  /** The child. */
  readonly value: M;
}

/** A parameter, buffer or direct child of a module, and the place where it stands; `M` is the module class. */
export type SlotOf<M> = ParameterSlot | BufferSlot | ModuleSlot<M>;

/** What a module says about the order of its places. */
export interface Ordered {
  /** The keys of the module itself, or of a record or array in it, in the order in which they are walked. */
  slotKeys(owner: object): readonly string[];
}

/** Tells modules from other values; handed in, because the class itself is built on the walker. */
export type IsModule<M> = (value: unknown) => value is M;

/** What is inside records and arrays is called by its keys. */
const OWN_KEYS: StateNames = Object.create(null);

/** The names declared by a class and the classes it extends; the nearest one wins. */
function stateNames(module: object): StateNames {
  const merged: Record<string, string | null> = Object.create(null);
  for (let type: unknown = module.constructor; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    const own: unknown = Object.hasOwn(type, 'stateNames') ? Reflect.get(type, 'stateNames') : null;
    if (typeof own === 'object' && own !== null)
      for (const [key, name] of Object.entries(own as StateNames)) if (!(key in merged)) merged[key] = name;
  }
  return merged;
}

/** `path.name`, or whichever of them is not empty. */
export const pathOf = (path: string, name: string): string =>
  path === '' ? name : name === '' ? path : `${path}.${name}`;

/**
 * The parameters, buffers and direct children of one module, in the order of its `slotKeys`; arrays and plain records
 * among them are walked too, null and everything else is passed over. Something that stands in several places is
 * reported at each.
 */
export function* slotsOf<M extends Ordered>(module: M, isModule: IsModule<M>): Generator<SlotOf<M>> {
  const open = new Set<object>();
  function* walk(owner: object, path: string, names: StateNames, persistent: boolean): Generator<SlotOf<M>> {
    if (open.has(owner)) return;
    open.add(owner);
    for (const key of module.slotKeys(owner)) {
      const value = (owner as Readonly<Record<string, unknown>>)[key];
      if (typeof value !== 'object' || value === null) continue;
      const { [key]: outside = key } = names;
      const name = pathOf(path, outside ?? key);
      const place = { name, owner: owner as Record<string, unknown>, key, persistent: persistent && outside !== null };
      if (value instanceof Tensor)
        if (value instanceof Parameter) yield { ...place, kind: 'parameter', value };
        else yield { ...place, kind: 'buffer', value };
      else if (isModule(value)) yield { ...place, kind: 'module', value };
      else if (Array.isArray(value) || isRecord(value)) yield* walk(value, name, OWN_KEYS, place.persistent);
    }
    open.delete(owner);
  }
  yield* walk(module, '', stateNames(module), true);
}

/** Throws where two entries of one module would have the same name. */
export function checkUnique(where: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new ModuleError(
        `${where}: two entries are called '${name}'. Rename a property, or an entry of stateNames.`,
      );
    seen.add(name);
  }
}
