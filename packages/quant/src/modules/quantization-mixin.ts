import { Module, ModuleError } from '@q/nn';
import { described } from '@q/tensor';
import { checkInstance } from '../arguments.js';
import { QuantizationError } from '../errors.js';
import { fakeQuantized, quantized, type FakeQuantized, type Quantized } from './mixin.js';
import { copyProperties } from './properties.js';
import {
  definitionOf,
  type Arity,
  type KernelModule,
  type ModuleClass,
  type QuantizedModule,
} from './quantized-module.js';
import { builtIn, type QuantizedClass } from './built-in.js';

/** Where a class keeps the quantized class that was registered for it, by whether that takes kernels. */
const registered = { kernels: Symbol('quantized class'), fake: Symbol('fake-quantized class') };

const classOf = (module: Module): ModuleClass => module.constructor as ModuleClass;

/** The quantized class of exactly this class: a subclass may compute something else, so it has none of its parent's. */
function quantizedClassOf(float: ModuleClass, fake: boolean): QuantizedClass | null {
  for (const key of fake ? [registered.fake, registered.kernels] : [registered.kernels])
    if (Object.hasOwn(float, key)) return Reflect.get(float, key) as QuantizedClass;
  return builtIn.get(float) ?? null;
}

function pasteable(float: ModuleClass): string {
  const { forward } = float.prototype as Partial<Module>;
  const inputs = forward?.length ?? 1;
  const arity = inputs > 1 ? `, { inputs: ${inputs} }` : '';
  return `  @QuantizationMixin.implements(${float.name})\n  class Quantized${float.name} extends QuantizationMixin(${float.name}${arity}) {}`;
}

/** The error for classes without a quantized one: names them all, with definitions to paste. */
function undefinedClasses(classes: readonly ModuleClass[]): ModuleError {
  const names = classes.map(({ name }) => name).join(', ');
  const count = classes.length > 1 ? ` (${classes.length} classes)` : '';
  const what = classes.some(({ prototype }) => definitionOf(prototype) !== null) ? ' Some are quantized already.' : '';
  return new ModuleError(
    `no quantized definition for ${names}${count}.${what} Define them, for instance:\n${classes.map(pasteable).join('\n')}`,
  );
}

function build(module: Module, type: QuantizedClass): Module & QuantizedModule {
  const made = copyProperties(module, Object.create(type.prototype) as Module & QuantizedModule);
  made.quantInit();
  return made;
}

/** The quantized module of a module, or null where its class has none. */
export function quantizedFrom(module: Module): (Module & QuantizedModule) | null {
  const type = quantizedClassOf(classOf(module), false);
  return type && build(module, type);
}

/** Throws the error for the classes of modules that have no quantized one. */
export function refuseUndefined(modules: readonly Module[]): void {
  const classes = new Set(modules.map(classOf).filter((type) => quantizedClassOf(type, false) === null));
  if (classes.size > 0) throw undefinedClasses([...classes]);
}

function fromModule(module: Module, fake: boolean): Module & QuantizedModule {
  checkInstance('fromModule', 'the module', module, Module);
  const type = quantizedClassOf(classOf(module), fake);
  if (type === null) throw undefinedClasses([classOf(module)]);
  return build(module, type);
}

/** What `implements` returns: a class decorator that registers and keeps the class. */
export type Register = (
  type: abstract new (...args: never[]) => Module & QuantizedModule,
  context?: ClassDecoratorContext,
) => void;

function register(float: ModuleClass, fake: boolean): Register {
  const mixin = fake ? 'FakeQuantizationMixin' : 'QuantizationMixin';
  if (typeof float !== 'function' || !(float.prototype instanceof Module))
    throw new QuantizationError(`${mixin}.implements: wants a class that extends Module, got ${described(float)}.`);
  return (type) => {
    const made = definitionOf((type as typeof type | null | undefined)?.prototype);
    if (made === null || (made.float !== float && !(made.float.prototype instanceof float)))
      throw new QuantizationError(
        `${mixin}.implements(${float.name}): wants a class that extends ${mixin}(${float.name}), got ${typeof type === 'function' ? type.name : described(type)}.`,
      );
    Object.defineProperty(float, fake ? registered.fake : registered.kernels, { value: type, configurable: true });
  };
}

/** What a quantized module has besides the members of a module of class `M`: kernels where its mixin takes them. */
type Made<Kernels extends boolean, M extends Module = Module> = Kernels extends true
  ? KernelModule<M>
  : QuantizedModule<M>;

/** What both mixins offer. */
interface Mixin<Kernels extends boolean> {
  /** Decorator: makes the class the one that `fromModule` takes for `float`. Registered on `float` itself; subclasses of it are not meant. */
  implements(float: ModuleClass): Register;
  /**
   * The quantized module of a module: of its quantized class, with its parameters and all its other properties, without
   * quantizers. The constructor does not run, so `#private` fields are not carried over: construct such a class quantized.
   *
   * @throws ModuleError with a definition to paste where the class has no quantized one
   */
  fromModule<T extends Module>(module: T): T & Made<Kernels, T>;
  /** Whether a value is a module of such a class. */
  [Symbol.hasInstance](value: unknown): value is Module & Made<Kernels>;
}

/**
 * Makes the quantized class of a module class: with places for quantizers of inputs, outputs and parameters, and for a kernel.
 *
 * ```ts
 * @QuantizationMixin.implements(MaskedAdd)
 * class QuantizedMaskedAdd extends QuantizationMixin(MaskedAdd, { inputs: 3 }) {}
 *
 * QuantizationMixin.fromModule(new MaskedAdd()) instanceof QuantizationMixin; // true
 * ```
 */
export interface QuantizationMixin extends Mixin<true> {
  <C extends ModuleClass>(float: C, arity?: Arity): Quantized<C>;
}

/** `QuantizationMixin` without kernels. What has kernels does all that it does, so `instanceof` holds for both. */
export interface FakeQuantizationMixin extends Mixin<false> {
  <C extends ModuleClass>(float: C, arity?: Arity): FakeQuantized<C>;
}

/** Adds the members to a mixin function; `instanceof` asks a member that plain assignment cannot set. */
function withMembers<F extends object>(mixin: F, fake: boolean): F {
  const members = {
    implements: (float: ModuleClass) => register(float, fake),
    fromModule: (module: Module) => fromModule(module, fake),
    [Symbol.hasInstance]: (value: unknown) =>
      (definitionOf(value)?.kernels ?? false) || (fake && definitionOf(value) !== null),
  };
  return Object.defineProperties(mixin, Object.getOwnPropertyDescriptors(members));
}

/** Makes quantized classes: see the interface of this name. */
export const QuantizationMixin = withMembers(
  <C extends ModuleClass>(float: C, arity?: Arity) => quantized(float, arity),
  false,
) as QuantizationMixin;

/** Makes quantized classes without kernels: see the interface of this name. */
export const FakeQuantizationMixin = withMembers(
  <C extends ModuleClass>(float: C, arity?: Arity) => fakeQuantized(float, arity),
  true,
) as FakeQuantizationMixin;
