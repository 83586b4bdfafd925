import { slots, type Module, type Parameter } from '@q/nn';
import { described, type Tensor } from '@q/tensor';
import type { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import type { CalibrationScope } from '../quantizers/calibration.js';
import type { LegacyEncoding, QuantizerBase } from '../quantizers/quantizer.js';
import type { QuantizedTensor } from '../tensor.js';
import type { QuantizersRemoved } from './removal.js';

/** A place where a quantizer may stand. */
export type QuantizerSlot = QuantizerBase | null;

/** A class of modules, abstract ones included. */
export type ModuleClass = abstract new (...args: never[]) => Module;

/** How many tensors enter and leave a module, and which quantizer each one meets. */
export interface Arity {
  /** Number of input quantizers. Default: 1. */
  readonly inputs?: number;
  /** Number of output quantizers. Default: 1. */
  readonly outputs?: number;
  /** The last input quantizer stands at all further inputs too, for a module that takes any number of tensors. */
  readonly sharedInputs?: boolean;
  /** The last output quantizer stands at all further outputs too. */
  readonly sharedOutputs?: boolean;
  /** Tensors that enter as options, and the input quantizer each one meets. */
  readonly namedInputs?: Readonly<Record<string, number>>;
}

/** Everything that distinguishes one quantized class from another. */
export interface Definition extends Required<Arity> {
  /** The class that is quantized. */
  readonly float: ModuleClass;
  /** Whether the class takes kernels. */
  readonly kernels: boolean;
}

/** What a kernel learns besides its operands. */
export interface KernelContext {
  /** The module that runs: its stride, axis and other settings. */
  readonly module: Module & QuantizedModule;
  /** The encoding the result must have. */
  readonly outputEncoding: AffineEncoding;
  /** The arguments of the call as they were given, for what is not a tensor. */
  readonly args: readonly unknown[];
}

/** What a kernel computes with: `QuantizedTensor` where a quantizer stands, a plain tensor elsewhere. */
export type KernelOperand = Tensor | QuantizedTensor;

/**
 * Computes a module on integers. `inputs` are the tensors and numbers of the call in their order, `params` the parameters by
 * state name.
 */
export type Kernel = (
  inputs: readonly KernelOperand[],
  params: Readonly<Record<string, KernelOperand>>,
  context: KernelContext,
) => QuantizedTensor;

/** An encoding in AIMET's file format, or one per channel. */
export type LegacyEncodings = LegacyEncoding | readonly LegacyEncoding[];

/** Encodings by place, as they are exported: a record by number or name, or a list; null for a place without one. */
export type EncodingsByPlace = Readonly<Record<string, LegacyEncodings | null>> | readonly (LegacyEncodings | null)[];

/** How encodings are imported. Quantizers with `allowOverwrite(false)` are left as they are, whatever this says. */
export interface ImportOptions {
  /** Whether an encoding for a place without a quantizer is an error rather than ignored. Default: true. */
  readonly strict?: boolean;
  /** Whether quantizers without an encoding stay; false removes them. Default: true. */
  readonly partial?: boolean;
  /** Whether the imported ranges are trained; left as it is where undefined or null. */
  readonly requiresGrad?: boolean | null;
  /** Whether later calibrations may change the imported ranges. Default: true. */
  readonly allowOverwrite?: boolean;
}

/** The members every quantized module has besides those of the module it quantizes, of class `M`. */
export interface QuantizedModule<M extends Module = Module> {
  /** Quantizers of the positional inputs; null where an input is not quantized. */
  inputQuantizers: QuantizerSlot[];
  /** Quantizers of the results. */
  outputQuantizers: QuantizerSlot[];
  /** Quantizers of the module's own parameters, by state name. */
  paramQuantizers: Record<string, QuantizerSlot>;

  /** Makes the quantizer places, all empty. Override it to give a class of your own more of them. */
  quantInit(): void;

  /**
   * Calibrates: computes the parameters' encodings, runs `fn` while the activation quantizers only observe, then computes
   * their encodings. Where `fn` throws or rejects, no quantizer changes. Without `fn`, returns the open calibration, for
   * `using`: a scope cannot tell that it is left by an error, so `discard()` the calibration there.
   */
  computeEncodings(): CalibrationScope;
  /** Calibrates with what `fn` runs through the module, and returns what `fn` returns; a promise is awaited. */
  computeEncodings<T>(fn: () => T): T;

  /** Computes the encodings of the parameter quantizers from the parameters as they are. */
  computeParamEncodings(): void;

  /** The module without quantizers, sharing parameters and all other properties. */
  getOriginalModule(): M;

  /**
   * Encodings of the input quantizers in AIMET's file format; null where there is none. A quantizer that stands at any number
   * of inputs is repeated for those of the last call.
   */
  exportInputEncodings(): (LegacyEncoding[] | null)[];
  /** Encodings of the output quantizers. */
  exportOutputEncodings(): (LegacyEncoding[] | null)[];
  /** Encodings of the parameter quantizers by state name. */
  exportParamEncodings(): Record<string, LegacyEncoding[] | null>;

  /**
   * Sets input quantizers from encodings by index. Quantizers with `allowOverwrite(false)` are left as they are.
   *
   * @throws QuantizationError for a malformed encoding or an unknown index (nothing is changed), or in strict mode for a
   * place without a quantizer (those before it are imported then, as AIMET does)
   */
  importInputEncodings(encodings: EncodingsByPlace, options?: ImportOptions): void;
  /** Sets output quantizers from encodings by index, as `importInputEncodings`. */
  importOutputEncodings(encodings: EncodingsByPlace, options?: ImportOptions): void;
  /** Sets parameter quantizers from encodings by state name, as `importInputEncodings`. */
  importParamEncodings(encodings: EncodingsByPlace, options?: ImportOptions): void;

  /** Removes all or some input quantizers; `restore()`, `during(fn)` or the end of a `using` scope brings them back. */
  removeInputQuantizers(indices?: readonly number[]): QuantizersRemoved;
  /** Removes all or some output quantizers, as `removeInputQuantizers`. */
  removeOutputQuantizers(indices?: readonly number[]): QuantizersRemoved;
  /** Removes all or some parameter quantizers, as `removeInputQuantizers`. */
  removeParamQuantizers(names?: readonly string[]): QuantizersRemoved;
  /** Removes the input and output quantizers, as `removeInputQuantizers`. */
  removeActivationQuantizers(): QuantizersRemoved;
  /** Removes all quantizers, as `removeInputQuantizers`. */
  removeAllQuantizers(): QuantizersRemoved;
}

/** A quantized module that can compute on integers. */
export interface KernelModule<M extends Module = Module> extends QuantizedModule<M> {
  /** Sets the kernel of this very module, before that of its class; null takes it away. */
  setKernel(kernel: Kernel | null): void;
  /** The kernel that will run: this module's, else that of its class, else null. */
  getKernel(): Kernel | null;
}

/** The static members of classes that take kernels. */
export interface KernelStatics {
  /** Sets the kernel of all modules of this very class that have none of their own; null takes it away. */
  setDefaultKernel(kernel: Kernel | null): void;
  /** The kernel of this class, or null. */
  getDefaultKernel(): Kernel | null;
}

/** Where a quantized class keeps its definition. */
export const definition = Symbol('quantized class');

/** The definition of a quantized module or of the prototype of its class; null for anything else. */
export function definitionOf(value: unknown): Definition | null {
  if (typeof value !== 'object' || value === null || !(definition in value)) return null;
  return value[definition] as Definition;
}

/** Whether a quantized module runs as its mixin does: a subclass, or a module itself, may have a forward of its own. */
export function runsAsDefined(module: Module): boolean {
  let mixed: object = module;
  while (!Object.hasOwn(mixed, definition)) mixed = Object.getPrototypeOf(mixed) as object;
  return module.forward === (mixed as Module).forward;
}

/** Whether a value is a module made by one of the quantization mixins. */
export const isQuantized = (value: unknown): value is Module & QuantizedModule => definitionOf(value) !== null;

/** What a quantized module knows that is neither a parameter nor a setting. */
export interface Situation {
  /** Number of calibrations that are open; kernels rest meanwhile. */
  calibrations: number;
  /** Number of calls so far. */
  calls: number;
  /** Number of inputs and outputs of the last call, for quantizers that stand at several. */
  inputs: number;
  outputs: number;
  /** Where it stands in its model, for error messages. */
  path: string | null;
  /** Properties of the module that hold its parameters, by state name. */
  readonly properties: Map<string, string>;
}

const situation = Symbol('situation');

/** The situation of a quantized module, outside its enumerable properties so that no walk or copy takes it along. */
export function situationOf(module: object): Situation {
  const found = Object.getOwnPropertyDescriptor(module, situation);
  if (found !== undefined) return found.value as Situation;
  const value: Situation = { calibrations: 0, calls: 0, inputs: 0, outputs: 0, path: null, properties: new Map() };
  Object.defineProperty(module, situation, { value });
  return value;
}

/** How messages call a module: `QuantizedLinear 'encoder.fc1'`. */
export function named(module: object): string {
  const { path } = situationOf(module);
  return path ? `${module.constructor.name} '${path}'` : module.constructor.name;
}

/** The places of a quantized module where quantizers may stand. */
export type QuantizerSlots = Pick<QuantizedModule, 'inputQuantizers' | 'outputQuantizers' | 'paramQuantizers'>;

/** The quantizer places of a module. Throws QuantizationError where something else was put in place of their lists. */
export function quantizerSlots(module: QuantizerSlots): QuantizerSlots {
  for (const name of ['inputQuantizers', 'outputQuantizers'] as const)
    if (!Array.isArray(module[name]))
      throw new QuantizationError(
        `${named(module)}: ${name} must be an array of quantizers and null, got ${described(module[name])}.`,
      );
  const params: unknown = module.paramQuantizers;
  if (typeof params !== 'object' || params === null)
    throw new QuantizationError(
      `${named(module)}: paramQuantizers must be a record of quantizers and null, got ${described(params)}.`,
    );
  return module;
}

/** A module's own parameter and where it stands. */
export interface ParameterPlace {
  readonly name: string;
  readonly owner: Record<string, unknown>;
  readonly key: string;
  readonly value: Parameter;
}

/** A module's own parameters, those of sub-modules not included. */
export function parameterPlaces(module: Module): ParameterPlace[] {
  const places: ParameterPlace[] = [];
  for (const slot of slots(module)) if (slot.kind === 'parameter') places.push(slot);
  return places;
}
