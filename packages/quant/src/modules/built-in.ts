import type { Module } from '@q/nn';
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

/** The quantized classes of this package by the class they quantize. */
export const builtIn: ReadonlyMap<ModuleClass, QuantizedClass> = new Map(
  [
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
  ].flatMap((family) =>
    Object.values<QuantizedClass>(family).map((type) => [definitionOf(type.prototype)!.float, type] as const),
  ),
);
