import { described, isFloat, noGrad, tensor, Tensor } from '@q/tensor';
import { isRecord } from '@q/tensor/internal';
import { Parameter, type Module } from '@q/nn';
import { AffineEncoding } from '../encodings/affine.js';
import { located, QuantizationError } from '../errors.js';
import { calibrating } from '../quantizers/calibration.js';
import { QuantizerBase } from '../quantizers/quantizer.js';
import { DequantizedTensor, QuantizedTensor } from '../tensor.js';
import { KeptOperands } from './kept-operands.js';
import {
  named,
  parameterPlaces,
  quantizerSlots,
  situationOf,
  type Definition,
  type Kernel,
  type KernelOperand,
  type ParameterPlace,
  type QuantizedModule,
  type QuantizerSlot,
} from './quantized-module.js';

type Quantized = Module & QuantizedModule;

const isFloating = (value: unknown): value is Tensor => value instanceof Tensor && isFloat(value.dtype);

const holdsTensor = (value: unknown): boolean =>
  value instanceof Tensor || (Array.isArray(value) && value.some(holdsTensor));

/** Applies `fn` to every leaf of a value with its position; arrays of tensors, and records where wanted, are opened. */
export function mapLeaves(value: unknown, records: boolean, fn: (leaf: unknown, position: number) => unknown): unknown {
  let position = 0;
  const visit = (part: unknown): unknown => {
    if (Array.isArray(part) && holdsTensor(part)) return part.map(visit);
    if (records && isRecord(part))
      return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, visit(item)]));
    return fn(part, position++);
  };
  return visit(value);
}

const dequantized = (value: unknown): unknown => (value instanceof QuantizedTensor ? value.dequantize() : value);

/** Throws QuantizationError unless what stands at a place of a module is a quantizer. */
export function checkQuantizer(module: object, place: string, quantizer: unknown): asserts quantizer is QuantizerBase {
  if (!(quantizer instanceof QuantizerBase))
    throw new QuantizationError(`${named(module)}: ${place} must be a quantizer or null, got ${described(quantizer)}.`);
}

/** Runs a quantizer at a place of a module; without an encoding, the error says where it is missing. */
function quantizeAt(module: object, place: string, quantizer: QuantizerBase, x: Tensor): Tensor {
  checkQuantizer(module, place, quantizer);
  if (!quantizer.isInitialized() && !quantizer.isCalibrating())
    throw new QuantizationError(
      `${named(module)}: ${place} has no encoding yet. Run it inside computeEncodings(), or set its range with setRange().`,
    );
  return runAt(module, place, quantizer, x);
}

/** Runs a quantizer; where it does not fit or cannot be observed, the error says at which place. */
export function runAt(module: object, place: string, quantizer: QuantizerBase, x: Tensor): Tensor {
  try {
    return quantizer.forward(x);
  } catch (cause) {
    throw located(`${named(module)}: ${place}`, cause);
  }
}

/** How messages call the place of a parameter. */
export const ofParameter = (name: string): string => `quantizer of parameter '${name}'`;

/** Throws QuantizationError for quantizers at places that the module does not have. */
function checkPlaces(module: object, what: string, slots: readonly QuantizerSlot[], places: number): void {
  if (slots.length > places && slots.slice(places).some(Boolean))
    throw new QuantizationError(
      `${named(module)}: has ${places} ${places === 1 ? 'place' : 'places'} for ${what} quantizers, and one set at ${slots.findLastIndex(Boolean)}.`,
    );
}

const slotAt = (slots: readonly QuantizerSlot[], index: number, shared: boolean): QuantizerSlot =>
  slots[shared ? Math.min(index, slots.length - 1) : index] ?? null;

/**
 * The parameter quantizers of a module with the places of their parameters.
 *
 * @throws QuantizationError for one under a name that is no parameter's
 */
export function placedQuantizers(module: Quantized): [QuantizerBase, ParameterPlace][] {
  const placed: [QuantizerBase, ParameterPlace][] = [];
  for (const [name, quantizer] of Object.entries(quantizerSlots(module).paramQuantizers))
    if (quantizer !== null) {
      checkQuantizer(module, ofParameter(name), quantizer);
      for (const place of placesOf(module, name)) placed.push([quantizer, place]);
    }
  return placed;
}

/** Where a parameter stands. Walking takes longer than a small layer, so properties of the module itself are remembered. */
function placesOf(module: Quantized, name: string): ParameterPlace[] {
  const { properties } = situationOf(module);
  const key = properties.get(name);
  const value: unknown = key === undefined ? null : Reflect.get(module, key);
  if (key !== undefined && value instanceof Parameter)
    return [{ name, owner: module as object as Record<string, unknown>, key, value }];
  const places = parameterPlaces(module);
  for (const place of places) if ((place.owner as object) === module) properties.set(place.name, place.key);
  const found = places.filter((place) => place.name === name);
  if (found.length > 0) return found;
  const names = places.map((place) => place.name).join(', ') || 'none';
  throw new QuantizationError(
    `${named(module)}: paramQuantizers has '${name}', which is no parameter of it. Its parameters are ${names}.`,
  );
}

/** An input dequantized where it is quantized, then quantized by the input quantizer at `index`. */
function quantizeInput(module: Quantized, { sharedInputs }: Definition, value: unknown, index: number): unknown {
  const x = dequantized(value);
  if (!isFloating(x)) return x;
  const quantizer = slotAt(module.inputQuantizers, index, sharedInputs);
  return quantizer === null ? x : quantizeAt(module, `input quantizer ${index}`, quantizer, x);
}

/** The arguments with every floating tensor among them quantized by the quantizer of its position. */
function quantizeInputs(module: Quantized, spec: Definition, args: readonly unknown[]): unknown[] {
  let position = 0;
  if (!spec.sharedInputs) checkPlaces(module, 'input', module.inputQuantizers, spec.inputs);
  const quantized = args.map((arg) => {
    if (!isRecord(arg)) return mapLeaves(arg, false, (leaf) => quantizeInput(module, spec, leaf, position++));
    const options = { ...arg };
    for (const [name, index] of Object.entries(spec.namedInputs))
      if (name in options) options[name] = quantizeInput(module, spec, options[name], index);
    return options;
  });
  situationOf(module).inputs = position;
  return quantized;
}

/** The result with every floating tensor quantized by the quantizer of its position and dequantized. */
function quantizeOutputs(module: Quantized, { outputs, sharedOutputs }: Definition, result: unknown): unknown {
  if (!sharedOutputs) checkPlaces(module, 'output', module.outputQuantizers, outputs);
  const current = situationOf(module);
  current.outputs = 0;
  return mapLeaves(result, true, (leaf, position) => {
    current.outputs++;
    if (!isFloating(leaf)) return leaf;
    const quantizer = slotAt(module.outputQuantizers, position, sharedOutputs);
    return dequantized(quantizer === null ? leaf : quantizeAt(module, `output quantizer ${position}`, quantizer, leaf));
  });
}

/** A parameter as its quantizer makes it; a quantizer without an encoding takes it from the parameter first. */
function quantizeParameter(module: Quantized, name: string, quantizer: QuantizerBase, parameter: Tensor): Tensor {
  if (!quantizer.isInitialized() && quantizer.overwritable)
    calibrating(quantizer.beginCalibration({ passThrough: true }), () =>
      noGrad(() => runAt(module, ofParameter(name), quantizer, parameter)),
    );
  return quantizeAt(module, ofParameter(name), quantizer, parameter);
}

/** Calls `run` while the module holds its quantized parameters in place of its own. */
function withQuantizedParameters<T>(module: Quantized, run: () => T): T {
  const lent = placedQuantizers(module).map(([quantizer, { name, owner, key, value }]) => ({
    owner,
    key,
    value,
    quantized: dequantized(quantizeParameter(module, name, quantizer, value)),
  }));
  try {
    for (const { owner, key, quantized } of lent) owner[key] = quantized;
    return run();
  } finally {
    for (const { owner, key, value } of lent) owner[key] = value;
  }
}

const toGrid = (value: Tensor): KernelOperand => (value instanceof DequantizedTensor ? value.quantize() : value);

/** Parameters on their grids, which kernels compute with again and again. */
const keptOperands = new KeptOperands();

function runKernel(module: Quantized, kernel: Kernel, inputs: readonly unknown[], args: readonly unknown[]): Tensor {
  const outputEncoding = module.outputQuantizers[0]?.getEncoding() ?? null;
  if (!(outputEncoding instanceof AffineEncoding))
    throw new QuantizationError(
      `${named(module)}: its kernel needs the affine encoding of output quantizer 0, which ${
        module.outputQuantizers[0]
          ? 'has none yet. Run it inside computeEncodings()'
          : 'is missing. Set one, or take the kernel away with setKernel(null)'
      }.`,
    );
  const operands: KernelOperand[] = [];
  for (const input of inputs)
    mapLeaves(input, false, (leaf) => {
      if (leaf instanceof Tensor) operands.push(toGrid(leaf));
      else if (typeof leaf === 'number') operands.push(tensor(leaf));
    });
  const params: Record<string, KernelOperand> = Object.fromEntries(
    parameterPlaces(module).map(({ name, value }) => [name, value]),
  );
  for (const [quantizer, { name, value }] of placedQuantizers(module))
    params[name] = keptOperands.for(module, name, quantizer, value, () =>
      toGrid(quantizeParameter(module, name, quantizer, value)),
    );
  const result = kernel(operands, params, { module, outputEncoding, args });
  if (!(result instanceof QuantizedTensor) || result.encoding === null)
    throw new QuantizationError(
      `${named(module)}: a kernel must return a QuantizedTensor with an encoding. Wrap the integers: new QuantizedTensor(outputEncoding.quantize(y), outputEncoding).`,
    );
  return result.dequantize();
}

/** Whether the module, or a quantizer of its own, is being calibrated: kernels rest meanwhile. */
function isObserved(module: Quantized): boolean {
  if (situationOf(module).calibrations > 0) return true;
  const { inputQuantizers, outputQuantizers, paramQuantizers } = module;
  return [...inputQuantizers, ...outputQuantizers, ...Object.values(paramQuantizers)].some(
    (quantizer) => quantizer instanceof QuantizerBase && quantizer.isCalibrating(),
  );
}

/**
 * One call of a quantized module: inputs quantized, parameters lent quantized, the kernel or the float module run, outputs
 * quantized; the result is dequantized.
 */
export function forwardQuantized(
  module: Quantized,
  spec: Definition,
  float: (inputs: readonly unknown[]) => unknown,
  kernel: Kernel | null,
  args: readonly unknown[],
): unknown {
  quantizerSlots(module);
  situationOf(module).calls++;
  const inputs = quantizeInputs(module, spec, args);
  if (kernel !== null && !isObserved(module)) return runKernel(module, kernel, inputs, args);
  const numbers = inputs.map((input) => mapLeaves(input, true, dequantized));
  return withQuantizedParameters(module, () => quantizeOutputs(module, spec, float(numbers)));
}
