import { described, IndexError, linearRelu, type Tensor } from '@q/tensor';
import { ModuleError } from '../errors.js';
import { Module } from '../module.js';
import type { StateNames } from '../slots.js';
import { ReLU } from './activation.js';
import { Linear } from './linear.js';
import type { Layer } from './operation.js';

function checkModules(container: string, modules: readonly unknown[]): void {
  for (const [i, module] of modules.entries())
    if (!(module instanceof Module))
      throw new ModuleError(`${container}: entry ${i} is not a module but ${described(module)}.`);
}

/** An ordered list of modules; the state dict calls them '0', '1', ... */
abstract class ListOf<M extends Module> extends Module implements Iterable<M> {
  static override readonly stateNames: StateNames = { layers: '' };
  /** The modules in their order. */
  layers: M[];

  constructor(...modules: readonly M[] | readonly [readonly M[]]) {
    super();
    const [first] = modules;
    this.layers = [...((modules.length === 1 && Array.isArray(first) ? first : modules) as readonly M[])];
    checkModules(this.constructor.name, this.layers);
  }

  /** Number of modules. */
  get length(): number {
    return this.layers.length;
  }

  /** The module at `index`; a negative index counts from the end. Throws IndexError outside the list. */
  at(index: number): M {
    const module = Number.isInteger(index) ? this.layers.at(index) : undefined;
    if (module === undefined)
      throw new IndexError(
        `${this.constructor.name}.at: index ${described(index)} is out of range for ${this.length} modules.`,
      );
    return module;
  }

  /** Adds modules at the end. */
  append(...modules: readonly M[]): this {
    checkModules(this.constructor.name, modules);
    this.layers.push(...modules);
    return this;
  }

  /** The modules in their order. */
  [Symbol.iterator](): Iterator<M> {
    return this.layers[Symbol.iterator]();
  }
}

/** True for a layer that computes what `Linear` does: with a ReLU behind it, that takes one pass. */
const isLinear = (layer: Layer): layer is Linear => layer.forward === Linear.prototype.forward;

/**
 * Runs modules one after the other; takes them one by one or as an array.
 *
 * @example
 * const model = new Sequential(new Linear(64, 32), new ReLU(), new Linear(32, 10));
 * model.at(0); // the first Linear, whose weight is '0.weight' in the state dict
 */
export class Sequential extends ListOf<Layer> {
  forward(x: Tensor): Tensor {
    let y = x;
    for (let i = 0; i < this.layers.length; i++) {
      const [layer, next] = [this.layers[i]!, this.layers[i + 1]];
      if (isLinear(layer) && next?.forward === ReLU.prototype.forward) {
        y = linearRelu(y, layer.weight, layer.bias);
        i++;
      } else y = layer.forward(y);
    }
    return y;
  }
}

/** Modules in a list, to be run by the module that holds it. */
export class ModuleList<M extends Module = Module> extends ListOf<M> {
  forward(): never {
    throw new ModuleError('ModuleList: has no forward. Run its modules in the forward of the module that holds it.');
  }
}

/**
 * Modules by name, to be run by the module that holds them.
 *
 * @throws ModuleError for names that are empty or contain a dot, which the state dict could not tell from paths
 */
export class ModuleDict<M extends Module = Module> extends Module implements Iterable<[string, M]> {
  static override readonly stateNames: StateNames = { layers: '' };
  /** The modules by name. */
  layers: Record<string, M> = Object.create(null);
  private readonly order: string[] = [];

  constructor(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]> = {}) {
    super();
    if (typeof modules !== 'object' || modules === null)
      throw new ModuleError(`ModuleDict: wants modules by name, or pairs of them, got ${described(modules)}.`);
    const entries =
      typeof (modules as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
        ? (modules as Iterable<readonly [string, M]>)
        : Object.entries(modules);
    for (const entry of entries as Iterable<unknown>) {
      if (!Array.isArray(entry))
        throw new ModuleError(`ModuleDict: wants modules by name, or pairs of them, got ${described(entry)}.`);
      this.set(entry[0] as string, entry[1] as M);
    }
  }

  /** Number of modules. */
  get size(): number {
    return Object.keys(this.layers).length;
  }

  /** Whether there is a module of this name. */
  has(name: string): boolean {
    return typeof name === 'string' && Object.hasOwn(this.layers, name);
  }

  /** The module of a name. Throws ModuleError where there is none. */
  get(name: string): M {
    const module = typeof name === 'string' ? this.layers[name] : undefined;
    if (module === undefined)
      throw new ModuleError(
        `ModuleDict: no module ${described(name)}. There are: ${this.slotKeys(this.layers).join(', ') || 'none'}.`,
      );
    return module;
  }

  /** Adds or replaces a module. */
  set(name: string, module: M): this {
    if (typeof name !== 'string' || name === '' || name.includes('.'))
      throw new ModuleError(`ModuleDict: a name must not be empty or contain a dot, got ${described(name)}.`);
    checkModules('ModuleDict', [module]);
    if (!this.has(name)) this.order.push(name);
    this.layers[name] = module;
    return this;
  }

  /**
   * The names in the order they were set: the record has those that look like integers first.
   *
   * @internal
   */
  override slotKeys(owner: object): readonly string[] {
    const keys = super.slotKeys(owner);
    if (owner !== this.layers) return keys;
    return [...new Set([...this.order, ...keys])].filter((name) => Object.hasOwn(owner, name));
  }

  /** Names and modules, in the order they were set. */
  [Symbol.iterator](): Iterator<[string, M]> {
    return this.slotKeys(this.layers)
      .map((name): [string, M] => [name, this.layers[name]!])
      [Symbol.iterator]();
  }

  forward(): never {
    throw new ModuleError('ModuleDict: has no forward. Run its modules in the forward of the module that holds it.');
  }
}
