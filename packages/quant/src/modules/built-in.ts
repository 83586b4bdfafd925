import { Identity, ModuleDict, ModuleList, Sequential, type Module } from '@q/nn';
import * as activation from './activation.js';
import * as conv from './conv.js';
import * as distance from './distance.js';
import * as dropout from './dropout.js';
import * as elementwise from './elementwise.js';
import * as embedding from './embedding.js';
import * as linear from './linear.js';
import * as loss from './loss.js';
import * as movement from './movement.js';
import * as norm from './norm.js';
import * as padding from './padding.js';
import * as pool from './pool.js';
import * as product from './product.js';
import * as recurrent from './recurrent.js';
import * as reduction from './reduction.js';
import * as resample from './resample.js';
import * as shape from './shape.js';
import { definitionOf, type ModuleClass, type QuantizedModule } from './quantized-module.js';

/** A class that one of the mixins made, or one that extends it. */
export type QuantizedClass = abstract new (...args: never[]) => Module & QuantizedModule;

/** Every quantized class under the name by which it is exported. */
const exported: readonly (readonly [string, QuantizedClass])[] = [
  activation,
  conv,
  distance,
  dropout,
  elementwise,
  embedding,
  linear,
  loss,
  movement,
  norm,
  padding,
  pool,
  product,
  recurrent,
  reduction,
  resample,
  shape,
].flatMap((family) => Object.entries<QuantizedClass>(family));

const floatOf = (type: QuantizedClass): ModuleClass => definitionOf(type.prototype)!.float;

/** The quantized classes of this package by the class they quantize. */
export const builtIn: ReadonlyMap<ModuleClass, QuantizedClass> = new Map(
  exported.map(([, type]) => [floatOf(type), type] as const),
);

/** Classes of @q/nn that have no quantized one and may stand in a model without children. */
const containers: Readonly<Record<string, ModuleClass>> = { Identity, Sequential, ModuleList, ModuleDict };

/** Names by class. Minifiers rename classes, but not what a module exports, nor the keys of a record. */
const names: ReadonlyMap<ModuleClass, string> = new Map([
  ...Object.entries(containers).map(([name, type]) => [type, name] as const),
  ...exported.flatMap(([name, type]) => [
    [type, name] as const,
    [floatOf(type), name.replace('Quantized', '')] as const,
  ]),
]);

/** The name of a class of layers of @q/nn, or of a quantized one of this package, whatever a minifier calls it; null for any other class. */
export const stableNameOf = (type: ModuleClass): string | null => names.get(type) ?? null;

/** The same, and for any other class the name that it has. */
export const nameOf = (type: ModuleClass): string => stableNameOf(type) ?? type.name;
