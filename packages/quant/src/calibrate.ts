import { Module } from '@q/nn';
import { checkInstance } from './arguments.js';
import { computeParamEncodings as computeParameters, calibrate } from './modules/calibration.js';
import { isQuantized, quantizerSlots, situationOf, type QuantizedModule } from './modules/quantized-module.js';
import type { CalibrationScope } from './quantizers/calibration.js';
import { QuantizerBase } from './quantizers/quantizer.js';

/** The quantized modules of a model, told where they stand so that errors can say so. */
function quantizedModules(model: Module): (Module & QuantizedModule)[] {
  checkInstance('computeEncodings', 'the model', model, Module);
  const found: (Module & QuantizedModule)[] = [];
  for (const [name, module] of model.namedModules())
    if (isQuantized(module)) {
      if (name !== '') situationOf(module).path = name;
      found.push(module);
    }
  return found;
}

/** The quantizers of a model that stand at no place of a quantized module. */
function looseQuantizers(model: Module, modules: readonly QuantizedModule[]): QuantizerBase[] {
  const placed = new Set<unknown>();
  for (const { inputQuantizers, outputQuantizers, paramQuantizers } of modules.map(quantizerSlots))
    for (const slot of [...inputQuantizers, ...outputQuantizers, ...Object.values(paramQuantizers)]) placed.add(slot);
  return model
    .modules()
    .filter((module): module is QuantizerBase => module instanceof QuantizerBase && !placed.has(module));
}

/**
 * Calibrates a whole model, a quantized module or a quantizer: runs `fn`, which passes representative data through it, and
 * computes the encodings of all its quantizers.
 *
 * The encodings of parameters are computed first and used; activation quantizers only observe what passes. Where `fn` throws
 * or rejects, no quantizer changes; analyzers keep what they were shown, as AIMET's do. Where nothing passed although some quantizers wait for an encoding, it warns.
 * Without `fn`, returns the open calibration, for `using`.
 *
 * ```ts
 * computeEncodings(model, () => { for (const x of batches) model.forward(x); });
 * await computeEncodings(model, async () => { for await (const x of stream) model.forward(x); });
 * { using _ = computeEncodings(model); model.forward(x); }
 * ```
 */
export function computeEncodings(target: Module): CalibrationScope;
export function computeEncodings<T>(target: Module, fn: () => T): T;
export function computeEncodings<T>(target: Module, fn?: () => T): T | CalibrationScope {
  if (target instanceof QuantizerBase)
    return fn === undefined ? target.computeEncodings() : target.computeEncodings(fn);
  const modules = quantizedModules(target);
  return calibrate(target, modules, looseQuantizers(target, modules), fn);
}

/** Computes the encodings of all parameter quantizers of a model from its parameters as they are. */
export function computeParamEncodings(model: Module): void {
  computeParameters(quantizedModules(model));
}
