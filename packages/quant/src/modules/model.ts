import { Identity, Module, ModuleDict, ModuleList, Sequential, slots } from '@q/nn';
import { checkInstance } from '../arguments.js';
import { QuantizerBase } from '../quantizers/quantizer.js';
import { isQuantized, situationOf } from './quantized-module.js';
import { quantizedFrom, refuseUndefined } from './quantization-mixin.js';

/** The name in a model of what a module at a path calls `name`. */
export const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Puts modules in the place of others, everywhere in a tree; returns the root. */
export function replaced(root: Module, by: ReadonlyMap<Module, Module>): Module {
  for (const module of root.modules())
    for (const { kind, owner, key, value } of [...slots(module)])
      if (kind === 'module' && by.has(value)) owner[key] = by.get(value);
  return by.get(root) ?? root;
}

/** A module that holds others and computes nothing but through them. */
const isContainer = (module: Module): boolean =>
  module.children().length > 0 || [Identity, Sequential, ModuleList, ModuleDict].some((type) => module instanceof type);

/**
 * Replaces every layer of a model by its quantized module, in place, and returns the model (or what replaces it, where it is
 * a layer itself). Parameters are shared, quantizer places are empty. Containers, `Identity` and what is quantized already stay.
 *
 * @throws ModuleError that names every class without a quantized one, with definitions to paste; nothing is replaced then
 */
export function toQuantized<M extends Module>(model: M): M {
  checkInstance('toQuantized', 'the model', model, Module);
  const replacements = new Map<Module, Module>();
  const undefinedOnes: Module[] = [];
  const names = new Map(model.namedModules().map(([name, module]) => [module, name]));
  const visit = (module: Module): void => {
    if (replacements.has(module) || isQuantized(module) || module instanceof QuantizerBase) return;
    const made = quantizedFrom(module);
    replacements.set(module, made ?? module);
    if (made !== null) situationOf(made).path = names.get(module) || null;
    else if (isContainer(module)) module.children().forEach(visit);
    else undefinedOnes.push(module);
  };
  visit(model);
  refuseUndefined(undefinedOnes);
  for (const [module, made] of replacements)
    if (module === made)
      for (const { kind, owner, key, value } of [...slots(module)])
        if (kind === 'module') owner[key] = replacements.get(value) ?? value;
  // A quantized class extends the class of the layer it is made of.
  return (replacements.get(model) as M | undefined) ?? model;
}
