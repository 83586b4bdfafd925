import { isFloat, isInt, noGrad, shown, Tensor } from '@q/tensor';
import { sameShape } from '@q/tensor/internal';
import { ModuleError } from './errors.js';
import { isExpanded } from './parameter.js';
import { checkUnique, pathOf, slotsOf, type IsModule, type Ordered } from './slots.js';

/** Parameters, buffers and extra states of a module tree by name, as `torch.nn.Module.state_dict`. */
export type StateDict = Record<string, Tensor>;

/** What `loadStateDict` takes: a record or a map of tensors by name. */
export type StateSource = Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>;

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Whether missing and unexpected names are errors. Default: true. */
  readonly strict?: boolean;
}

/** Names that did not match when a state dict was loaded with `strict: false`. */
export interface LoadResult {
  /** Names that the module has and the state does not. */
  readonly missingKeys: readonly string[];
  /** Names that the state has and the module does not. */
  readonly unexpectedKeys: readonly string[];
}

/** What a state dict needs of a module beside its slots. */
interface Stateful extends Ordered {
  getExtraState(): Tensor | null;
  setExtraState(state: Tensor | null): void;
}

const extraKey = '_extra_state';

interface Entry {
  readonly name: string;
  readonly value: Tensor;
  /** The module whose extra state this is; null for parameters and buffers. */
  readonly extraOf: Stateful | null;
}

/** Every entry of the state dict: own parameters, own buffers, extra state, then the children. Shared ones appear under each name. */
function* entries<M extends Stateful>(
  module: M,
  prefix: string,
  above: ReadonlySet<M>,
  isModule: IsModule<M>,
): Generator<Entry> {
  const own = [...slotsOf(module, isModule)];
  const kept = own.filter((slot) => slot.persistent || slot.kind === 'parameter');
  checkUnique(
    `stateDict: ${module.constructor.name}${prefix && ` '${prefix}'`}`,
    kept.map(({ name }) => name),
  );
  for (const kind of ['parameter', 'buffer'] as const)
    for (const slot of kept)
      if (slot.kind === kind) yield { name: pathOf(prefix, slot.name), value: slot.value as Tensor, extraOf: null };
  const extra = module.getExtraState();
  if (extra !== null) yield { name: pathOf(prefix, extraKey), value: extra, extraOf: module };
  const path = new Set(above).add(module);
  for (const slot of own)
    if (slot.kind === 'module' && !path.has(slot.value))
      yield* entries(slot.value, pathOf(prefix, slot.name), path, isModule);
}

/** The state of a module tree; its tensors share their storage with the module. */
export function stateDictOf<M extends Stateful>(module: M, isModule: IsModule<M>): StateDict {
  const state: StateDict = Object.create(null);
  for (const { name, value } of entries(module, '', new Set<M>(), isModule)) state[name] = value.detach();
  return state;
}

const freed = 'was freed when its scope() ended';

/** Why a value is no tensor to be read, or null. */
function unreadable(source: unknown): string | null {
  if (!(source instanceof Tensor)) return `is not a tensor but ${source === null ? 'null' : typeof source}`;
  return source.storage.isFreed ? `${freed}: return it from the scope, or keep() it` : null;
}

/** Why `source` cannot be copied over `target`, or null. */
function misfit(target: Tensor, source: unknown): string | null {
  if (!(source instanceof Tensor) || source.storage.isFreed) return unreadable(source);
  if (!sameShape(target.shape, source.shape))
    return `has shape ${shown(source.shape)}, the module wants ${shown(target.shape)}`;
  if (isFloat(target.dtype) !== isFloat(source.dtype) || isInt(target.dtype) !== isInt(source.dtype))
    return `has dtype ${source.dtype}, the module wants ${target.dtype}`;
  if (isExpanded(target)) return `cannot be written: the module's tensor is expanded, its elements share places`;
  if (target.storage.isFreed) return `cannot be written: the module's tensor ${freed}`;
  return null;
}

/** What checkpoints from before PyTorch 0.4.1, and converted ones, do not have: a batch norm keeps its own. */
const OPTIONAL = /(^|\.)num_batches_tracked$/;

const camelCased = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** What to do about names that the module does not have: usual reasons have remedies of their own. */
function wayOut(unexpected: readonly string[], known: ReadonlySet<string>): string {
  const [first = ''] = unexpected;
  const prefix = first.slice(0, first.indexOf('.') + 1);
  // As wrappers such as DataParallel leave them.
  if (prefix !== '' && unexpected.every((name) => name.startsWith(prefix) && known.has(name.slice(prefix.length))))
    return `The names fit without '${prefix}' before them: take it off.`;
  const other = unexpected.find((name) => known.has(camelCased(name)));
  if (other === undefined) return 'Pass { strict: false } to load what matches.';
  const part = other.split('.').find((name) => name !== camelCased(name))!;
  return `Its '${part}' is a property '${camelCased(part)}' here: say so in the class's static stateNames, { ${camelCased(part)}: '${part}' }.`;
}

/** Copies a state dict into a module tree; changes nothing where anything does not fit. */
export function loadState<M extends Stateful>(
  module: M,
  source: StateSource,
  strict: boolean,
  isModule: IsModule<M>,
): LoadResult {
  if (typeof source !== 'object' || source === null)
    throw new ModuleError(
      `loadStateDict: wants a record or Map of tensors by name, got ${source === null ? 'null' : typeof source}.`,
    );
  const given = new Map<string, unknown>(source instanceof Map ? source : Object.entries(source));
  const wanted = [...entries(module, '', new Set<M>(), isModule)];
  const known = new Set(wanted.map(({ name }) => name));
  // A checkpoint of the tensors alone may be loaded: a module is told that its extra state is absent.
  const missingKeys = wanted
    .filter(({ name, extraOf }) => extraOf === null && !given.has(name) && !OPTIONAL.test(name))
    .map(({ name }) => name);
  const unexpectedKeys = [...given.keys()].filter((name) => !known.has(name));
  const problems: string[] = [];
  if (strict && missingKeys.length > 0) problems.push(`missing: ${missingKeys.join(', ')}`);
  if (strict && unexpectedKeys.length > 0) problems.push(`unexpected: ${unexpectedKeys.join(', ')}`);
  for (const { name, value, extraOf } of wanted) {
    if (!given.has(name)) continue;
    const entry = given.get(name);
    const reason = extraOf === null ? misfit(value, entry) : unreadable(entry);
    if (reason !== null) problems.push(`${name} ${reason}`);
  }
  if (problems.length > 0)
    throw new ModuleError(
      `loadStateDict: the state does not fit ${module.constructor.name}; nothing was changed.${problems.map((text) => `\n  ${text}`).join('')}` +
        (strict && missingKeys.length + unexpectedKeys.length > 0 ? `\n${wayOut(unexpectedKeys, known)}` : ''),
    );
  commit(wanted, given);
  return { missingKeys, unexpectedKeys };
}

function commit(wanted: readonly Entry[], given: ReadonlyMap<string, unknown>): void {
  const tensors = wanted.filter(({ extraOf }) => extraOf === null);
  const written = new Set(tensors.map(({ value }) => value.storage));
  const sources = tensors.map(({ name }) => {
    const entry = given.get(name);
    if (!(entry instanceof Tensor)) return null;
    // Entries taken from this very module may be overwritten before their turn.
    return written.has(entry.storage) ? entry.detach().clone() : entry.detach();
  });
  loadExtraStates(wanted, given);
  noGrad(() => tensors.forEach(({ value }, i) => sources[i] && value.copy_(sources[i])));
}

/** Hands every module its extra state; where one refuses it, those before it get theirs back. */
function loadExtraStates(wanted: readonly Entry[], given: ReadonlyMap<string, unknown>): void {
  const done: Entry[] = [];
  try {
    for (const entry of wanted) {
      if (entry.extraOf === null) continue;
      done.push({ ...entry, value: entry.value.detach().clone() });
      const state = given.get(entry.name);
      entry.extraOf.setExtraState(state instanceof Tensor ? state : null);
    }
  } catch (cause) {
    for (const { extraOf, value } of done.reverse()) extraOf?.setExtraState(value);
    throw cause;
  }
}
