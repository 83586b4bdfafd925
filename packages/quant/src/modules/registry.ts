import type { Module } from '@q/nn';
import * as activation from './activation.js';
import * as conv from './conv.js';
import * as dropout from './dropout.js';
import * as embedding from './embedding.js';
import * as linear from './linear.js';
import * as loss from './loss.js';
import { definitionOf, type ModuleClass, type QuantizedModule } from './quantized-module.js';

/** A class that one of the mixins made, or one that extends it. */
export type QuantizedClass = abstract new (...args: never[]) => Module & QuantizedModule;

/** The quantized classes of this package by the class they quantize. */
export const builtIn: ReadonlyMap<ModuleClass, QuantizedClass> = new Map(
  [activation, conv, dropout, embedding, linear, loss].flatMap((family) =>
    Object.values<QuantizedClass>(family).map((type) => [definitionOf(type.prototype)!.float, type] as const),
  ),
);
