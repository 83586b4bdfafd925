import { Module } from '@q/nn';
import { described } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { QuantizationError } from '../errors.js';
import type { CalibrationScope } from '../quantizers/calibration.js';
import { calibrate, computeParamEncodings } from './calibration.js';
import { exported, exportedList, importInto, unrepeated } from './exchange.js';
import { forwardQuantized } from './forward.js';
import { copyProperties } from './properties.js';
import {
  definition,
  definitionOf,
  named,
  parameterPlaces,
  quantizerSlots,
  situationOf,
  type Arity,
  type Definition,
  type EncodingsByPlace,
  type ImportOptions,
  type Kernel,
  type KernelModule,
  type KernelStatics,
  type ModuleClass,
  type QuantizedModule,
  type QuantizerSlot,
} from './quantized-module.js';
import { QuantizersRemoved } from './removal.js';

/** The class of quantized modules of a class: its constructor, its static members, its instances with quantizers. */
export type FakeQuantized<C extends ModuleClass> = Omit<C, 'prototype'> &
  (new (...args: ConstructorParameters<C>) => InstanceType<C> & QuantizedModule<InstanceType<C>>);

/** The same, with kernels. */
export type Quantized<C extends ModuleClass> = Omit<C, 'prototype'> &
  KernelStatics &
  (new (...args: ConstructorParameters<C>) => InstanceType<C> & KernelModule<InstanceType<C>>);

const empty = (count: number): QuantizerSlot[] => Array.from({ length: count }, () => null);

/** Names of the properties that hold quantizers; the float module has none of them. */
export const quantizerProperties: readonly string[] = ['inputQuantizers', 'outputQuantizers', 'paramQuantizers'];

const defaultKernel = Symbol('default kernel');

function checkKernel(where: string, kernel: Kernel | null): void {
  if (kernel !== null && typeof kernel !== 'function')
    throw new QuantizationError(
      `${where}: wants a function (inputs, params, { module, outputEncoding }) => QuantizedTensor, or null.`,
    );
}

function definitionFrom(float: ModuleClass, kernels: boolean, arity: Arity): Definition {
  if (typeof float !== 'function' || !(float.prototype instanceof Module))
    throw new QuantizationError(`QuantizationMixin: wants a class that extends Module, got ${described(float)}.`);
  const {
    inputs = 1,
    outputs = 1,
    sharedInputs = false,
    sharedOutputs = false,
    namedInputs = {},
  } = optionsOf('QuantizationMixin', arity, ['inputs', 'outputs', 'sharedInputs', 'sharedOutputs', 'namedInputs']);
  for (const [what, count] of Object.entries({ inputs, outputs }))
    if (!Number.isInteger(count) || count < 0)
      throw new QuantizationError(
        `QuantizationMixin(${float.name}): ${what} must be a whole number, got ${described(count)}.`,
      );
  if (definitionOf(float.prototype) !== null)
    throw new QuantizationError(`QuantizationMixin(${float.name}): this class is quantized already.`);
  return { float, kernels, inputs, outputs, sharedInputs, sharedOutputs, namedInputs };
}

/** Modules are built through this type, whatever the parameters of their constructor. */
type AnyModuleClass = new (...args: readonly unknown[]) => Module;

/** Makes the quantized class of a module class. */
export function quantized<C extends ModuleClass>(float: C, arity: Arity = {}): Quantized<C> {
  return mix(float, definitionFrom(float, true, arity)) as unknown as Quantized<C>;
}

/** Makes the quantized class of a module class, without kernels. */
export function fakeQuantized<C extends ModuleClass>(float: C, arity: Arity = {}): FakeQuantized<C> {
  return mix(float, definitionFrom(float, false, arity)) as unknown as FakeQuantized<C>;
}

function mix(float: ModuleClass, spec: Definition): AnyModuleClass {
  const runFloat = float.prototype as Module;
  class QuantizedBase extends (float as unknown as AnyModuleClass) implements QuantizedModule {
    static readonly stateNames = {
      inputQuantizers: 'input_quantizers',
      outputQuantizers: 'output_quantizers',
      paramQuantizers: 'param_quantizers',
    };

    declare inputQuantizers: QuantizerSlot[];
    declare outputQuantizers: QuantizerSlot[];
    declare paramQuantizers: Record<string, QuantizerSlot>;

    constructor(...args: readonly unknown[]) {
      super(...args);
      this.quantInit();
    }

    get [definition](): Definition {
      return spec;
    }

    quantInit(): void {
      this.inputQuantizers = empty(spec.inputs);
      this.outputQuantizers = empty(spec.outputs);
      this.paramQuantizers = Object.fromEntries(parameterPlaces(this).map(({ name }) => [name, null]));
    }

    override forward(...args: unknown[]): unknown {
      const kernel = spec.kernels ? kernelOf(this) : null;
      return forwardQuantized(this, spec, (inputs) => runFloat.forward.apply(this, [...inputs]), kernel, args);
    }

    computeEncodings(): CalibrationScope;
    computeEncodings<T>(fn: () => T): T;
    computeEncodings<T>(fn?: () => T): T | CalibrationScope {
      return calibrate(this, [this], [], fn);
    }

    computeParamEncodings(): void {
      computeParamEncodings([this]);
    }

    getOriginalModule(): Module {
      return copyProperties(this, Object.create(float.prototype) as Module, quantizerProperties);
    }

    exportInputEncodings() {
      return exportedList(quantizerSlots(this).inputQuantizers, spec.sharedInputs ? situationOf(this).inputs : 0);
    }

    exportOutputEncodings() {
      return exportedList(quantizerSlots(this).outputQuantizers, spec.sharedOutputs ? situationOf(this).outputs : 0);
    }

    exportParamEncodings() {
      const slots = Object.entries(quantizerSlots(this).paramQuantizers);
      return Object.fromEntries(slots.map(([name, slot]) => [name, exported(slot)]));
    }

    importInputEncodings(encodings: EncodingsByPlace, options: ImportOptions = {}): void {
      const { inputQuantizers } = quantizerSlots(this);
      const given = spec.sharedInputs ? unrepeated(inputQuantizers, encodings) : encodings;
      importInto(this, 'input', inputQuantizers, given, options);
    }

    importOutputEncodings(encodings: EncodingsByPlace, options: ImportOptions = {}): void {
      const { outputQuantizers } = quantizerSlots(this);
      const given = spec.sharedOutputs ? unrepeated(outputQuantizers, encodings) : encodings;
      importInto(this, 'output', outputQuantizers, given, options);
    }

    importParamEncodings(encodings: EncodingsByPlace, options: ImportOptions = {}): void {
      importInto(this, 'parameter', quantizerSlots(this).paramQuantizers, encodings, options);
    }

    removeInputQuantizers(indices?: readonly number[]): QuantizersRemoved {
      return new QuantizersRemoved().take(quantizerSlots(this).inputQuantizers, indices);
    }

    removeOutputQuantizers(indices?: readonly number[]): QuantizersRemoved {
      return new QuantizersRemoved().take(quantizerSlots(this).outputQuantizers, indices);
    }

    removeParamQuantizers(names?: readonly string[]): QuantizersRemoved {
      return new QuantizersRemoved().take(quantizerSlots(this).paramQuantizers, names);
    }

    removeActivationQuantizers(): QuantizersRemoved {
      const { inputQuantizers, outputQuantizers } = quantizerSlots(this);
      return new QuantizersRemoved().take(inputQuantizers).take(outputQuantizers);
    }

    removeAllQuantizers(): QuantizersRemoved {
      return this.removeActivationQuantizers().take(this.paramQuantizers);
    }
  }
  if (!spec.kernels) return QuantizedBase;
  return class extends QuantizedBase implements KernelModule {
    static setDefaultKernel(kernel: Kernel | null): void {
      checkKernel(`${this.name}.setDefaultKernel`, kernel);
      Object.defineProperty(this, defaultKernel, { value: kernel, configurable: true });
    }

    static getDefaultKernel(): Kernel | null {
      return defaultKernelOf(this);
    }

    setKernel(kernel: Kernel | null): void {
      checkKernel(`${named(this)}.setKernel`, kernel);
      // Copies take along what has a name, and walks what is enumerable.
      Object.defineProperty(this, instanceKernel, { value: kernel, configurable: true });
    }

    getKernel(): Kernel | null {
      return kernelOf(this);
    }
  };
}

/** The property that holds the kernel of an instance. */
const instanceKernel = 'instanceKernel';

/** The kernel of an instance, else that of its very class. */
function kernelOf(module: Module & QuantizedModule): Kernel | null {
  const own = Object.getOwnPropertyDescriptor(module, instanceKernel)?.value as Kernel | null | undefined;
  return own ?? defaultKernelOf(module.constructor);
}

function defaultKernelOf(type: object): Kernel | null {
  return Object.hasOwn(type, defaultKernel) ? (Reflect.get(type, defaultKernel) as Kernel | null) : null;
}
