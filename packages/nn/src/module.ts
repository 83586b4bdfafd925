import { ArgumentError, described, DTypeError, isFloat, type DType, type Tensor } from '@q/tensor';
import { checkBoolean, checkDType, checkFunction, optionsOf } from '@q/tensor/internal';
import { deepCopy } from './copy.js';
import { ModuleError } from './errors.js';
import { Parameter } from './parameter.js';
import { pathOf, slotsOf, type BufferSlot, type ParameterSlot, type SlotOf, type StateNames } from './slots.js';
import {
  loadState,
  stateDictOf,
  type LoadOptions,
  type LoadResult,
  type StateDict,
  type StateSource,
} from './state.js';

/**
 * Base class of everything that computes with parameters.
 *
 * A module is an ordinary object. Its parameters, buffers and sub-modules are found by walking its own enumerable
 * properties, arrays and plain records among them: a `Parameter` is a parameter, any other `Tensor` a buffer, a `Module` a
 * child. Nothing is registered.
 *
 * @example
 * class Net extends Module {
 *   hidden = new Linear(64, 128);
 *   out = new Linear(128, 10);
 *   forward(x: Tensor) { return this.out.forward(this.hidden.forward(x).relu()); }
 * }
 */
export abstract class Module {
  /** What this class calls its own properties in names and state dicts, where that differs; subclasses inherit it. */
  static readonly stateNames: StateNames = {};

  /** Whether layers such as dropout and batch norm behave as in training. Set it with `train()` and `eval()`. */
  training = true;

  /** Computes the module's result; the one way to run it. */
  abstract forward(...inputs: unknown[]): unknown;

  /** All parameters of this module and its descendants, each once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** All parameters with their names, each once, under its first name. */
  namedParameters(): [string, Parameter][] {
    return named(this, (slot) => (slot.kind === 'parameter' ? slot.value : null));
  }

  /** All tensors that are not parameters (running statistics, tables), each once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, buffer]) => buffer);
  }

  /** All buffers with their names, each once, under its first name. */
  namedBuffers(): [string, Tensor][] {
    return named(this, (slot) => (slot.kind === 'buffer' ? slot.value : null));
  }

  /** This module and all its descendants, each once, parents before children. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** This module (under the empty name) and all its descendants with their names, each once. */
  namedModules(): [string, Module][] {
    const seen = new Set<Module>();
    const found: [string, Module][] = [];
    const visit = (module: Module, name: string): void => {
      if (seen.has(module)) return;
      seen.add(module);
      found.push([name, module]);
      for (const [child, value] of module.namedChildren()) visit(value, pathOf(name, child));
    };
    visit(this, '');
    return found;
  }

  /** The direct sub-modules, each once. */
  children(): Module[] {
    return this.namedChildren().map(([, child]) => child);
  }

  /** The direct sub-modules with their names, each once. */
  namedChildren(): [string, Module][] {
    const seen = new Set<Module>();
    const found: [string, Module][] = [];
    for (const slot of slots(this))
      if (slot.kind === 'module' && !seen.has(slot.value)) {
        seen.add(slot.value);
        found.push([slot.name, slot.value]);
      }
    return found;
  }

  /**
   * Parameters, buffers and extra states by name; names are PyTorch's, so that a torch checkpoint loads. The tensors share
   * their storage with the module: `clone()` what must not follow it.
   */
  stateDict(): StateDict {
    return stateDictOf(this, isModule);
  }

  /**
   * Copies the tensors of a state dict into this module's own.
   *
   * @returns the names that did not match, with `strict: false`
   * @throws ModuleError that lists every missing, unexpected, mis-shaped or mistyped entry; nothing is changed then
   */
  loadStateDict(state: StateSource, options: LoadOptions = {}): LoadResult {
    const { strict = true } = optionsOf('loadStateDict', options, ['strict']);
    checkBoolean('loadStateDict', 'strict', strict);
    return loadState(this, state, strict, isModule);
  }

  /** State beyond parameters and buffers, as a tensor that any tensor format can store; null where there is none. */
  getExtraState(): Tensor | null {
    return null;
  }

  /** Takes back what `getExtraState` gave; null where a loaded state has none. Must throw before it changes anything. */
  setExtraState(_state: Tensor | null): void {}

  /**
   * Sets the training mode of this module and all its descendants.
   *
   * @throws ArgumentError unless `mode` is a boolean; ModuleError where a module is frozen. Nothing is changed then.
   */
  train(mode = true): this {
    checkBoolean('Module.train', 'mode', mode);
    const modules = this.namedModules();
    for (const [name, module] of modules) checkWritable('Module.train', module, 'training', pathOf(name, 'training'));
    for (const [, module] of modules) module.training = mode;
    return this;
  }

  /** Sets the evaluation mode: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.dropGradient();
  }

  /** Calls `fn` with every descendant and then with this module, each once: children in their order, then their parent. */
  apply(fn: (module: Module) => void): this {
    checkFunction('Module.apply', fn);
    const seen = new Set<Module>();
    const visit = (module: Module): void => {
      if (seen.has(module)) return;
      seen.add(module);
      for (const child of module.children()) visit(child);
      fn(module);
    };
    visit(this);
    return this;
  }

  /** Sets whether all parameters want gradients. Throws DTypeError where one cannot have any; nothing is changed then. */
  requiresGrad_(flag = true): this {
    checkBoolean('Module.requiresGrad_', 'flag', flag);
    for (const [name, { dtype }] of this.namedParameters())
      if (flag && !isFloat(dtype))
        throw new DTypeError(`Module.requiresGrad_: only floating parameters have gradients, '${name}' is ${dtype}.`);
    for (const parameter of this.parameters()) parameter.requiresGrad = flag;
    return this;
  }

  /**
   * Replaces all floating parameters and buffers by ones of another floating dtype. Create optimizers afterwards.
   *
   * @throws DTypeError for a dtype that is not floating; ModuleError where one stands in a frozen object. Nothing is changed then.
   */
  to(dtype: DType): this {
    checkDType('Module.to', dtype);
    if (!isFloat(dtype)) throw new DTypeError(`Module.to: wants a floating dtype, got ${dtype}.`);
    const converted = new Map<Tensor, Tensor>();
    const places: (ParameterSlot | BufferSlot)[] = [];
    for (const [prefix, module] of this.namedModules())
      for (const slot of slots(module)) {
        if (slot.kind === 'module' || !isFloat(slot.value.dtype) || slot.value.dtype === dtype) continue;
        const { kind, owner, key, name, value } = slot;
        checkWritable('Module.to', owner, key, pathOf(prefix, name));
        places.push(slot);
        if (converted.has(value)) continue;
        const cast = value.detach().to(dtype);
        converted.set(value, kind === 'parameter' ? new Parameter(cast, { requiresGrad: value.requiresGrad }) : cast);
      }
    for (const { owner, key, value } of places) owner[key] = converted.get(value);
    return this;
  }

  /**
   * A copy with parameters and buffers of its own; objects that are neither modules, arrays nor plain records are shared. A
   * class with private state overrides it.
   */
  clone(): this {
    return deepCopy(this, isModule, ownCopy) as this;
  }

  /**
   * The keys of this module, or of a record or array in it, in the order in which its places are walked.
   *
   * @internal
   */
  slotKeys(owner: object): readonly string[] {
    return Object.keys(owner);
  }

  /** What stands between the parentheses when the module is printed: `in_features=5, out_features=10, bias=True`. */
  extraRepr(): string {
    return '';
  }

  /** The tree of modules, as PyTorch prints it; one that stands inside itself is `Name(...)` there. */
  toString(): string {
    return printed(this, new Set());
  }
}

/** The tree of a module that stands inside others. */
function printed(module: Module, around: ReadonlySet<Module>): string {
  const { name } = module.constructor;
  if (around.has(module)) return `${name}(...)`;
  const inside = new Set(around).add(module);
  const extra = module.extraRepr();
  const children = [...slots(module)].flatMap(({ kind, name, value }) => {
    if (kind !== 'module') return [];
    const text = value.toString === Module.prototype.toString ? printed(value, inside) : value.toString();
    return [`(${name}): ${text.replaceAll('\n', '\n  ')}`];
  });
  if (children.length === 0 && !extra.includes('\n')) return `${name}(${extra})`;
  return `${name}(\n${[...(extra === '' ? [] : extra.split('\n')), ...children].map((line) => `  ${line}\n`).join('')})`;
}

/** Throws ModuleError where a property cannot be assigned. */
function checkWritable(operation: string, owner: object, key: string, path: string): void {
  const place = Object.getOwnPropertyDescriptor(owner, key);
  if (place === undefined || place.writable || place.set) return;
  throw new ModuleError(`${operation}: '${path}' cannot be assigned: what holds it is frozen, or it has no setter.`);
}

const isModule = (value: unknown): value is Module => value instanceof Module;

/** Throws ArgumentError unless a value is a module. */
export function checkModule(operation: string, name: string, value: unknown): asserts value is Module {
  if (!isModule(value)) throw new ArgumentError(`${operation}: ${name} must be a module, got ${described(value)}.`);
}

/** The copy that a module makes of itself where it overrides `clone`. */
const ownCopy = (value: object): Module | null =>
  isModule(value) && value.clone !== Module.prototype.clone ? value.clone() : null;

/** A parameter, buffer or direct child of a module, and the place where it stands. */
export type Slot = SlotOf<Module>;

/**
 * The places of a module's own parameters, buffers and direct children, in the order of its properties. Assigning
 * `slot.owner[slot.key]` replaces what stands there.
 */
export const slots = (module: Module): Generator<Slot> => slotsOf(module, isModule);

function named<T extends Tensor>(root: Module, pick: (slot: Slot) => T | null): [string, T][] {
  const seen = new Set<Tensor>();
  const found: [string, T][] = [];
  for (const [prefix, module] of root.namedModules())
    for (const slot of slots(module)) {
      const value = pick(slot);
      if (value === null || seen.has(value)) continue;
      seen.add(value);
      found.push([pathOf(prefix, slot.name), value]);
    }
  return found;
}
