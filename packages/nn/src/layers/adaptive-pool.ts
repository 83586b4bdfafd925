import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  adaptiveMaxPool3d,
  type AdaptiveSize,
  type Tensor,
  type ValuesAndIndices,
} from '@q/tensor';
import { checkBoolean, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import { fields } from '../repr.js';
import type { ModuleStatics } from '../slots.js';
import type { Layer } from './operation.js';
import type { PoolResult } from './pool.js';

/** An adaptive average pooling layer. */
export interface AdaptiveAvgPoolLayer extends Layer {
  /** Spatial sizes of the result; null keeps a dim's size. */
  outputSize: AdaptiveSize;
}

/** Class of the adaptive average pooling layers. */
export interface AdaptiveAvgPoolClass extends ModuleStatics {
  new (outputSize: AdaptiveSize): AdaptiveAvgPoolLayer;
}

function adaptiveAvgPooling(fn: (x: Tensor, outputSize: AdaptiveSize) => Tensor): AdaptiveAvgPoolClass {
  return class extends Module {
    outputSize: AdaptiveSize;

    constructor(outputSize: AdaptiveSize) {
      super();
      this.outputSize = outputSize;
    }

    forward(x: Tensor): Tensor {
      return fn(x, this.outputSize);
    }

    override extraRepr(): string {
      return fields({ output_size: this.outputSize });
    }
  };
}

/** Means of `outputSize` even parts of the last dim. */
export class AdaptiveAvgPool1d extends adaptiveAvgPooling(adaptiveAvgPool1d) {}

/** Means of even parts of the last 2 dims; null keeps a dim's size. */
export class AdaptiveAvgPool2d extends adaptiveAvgPooling(adaptiveAvgPool2d) {}

/** Means of even parts of the last 3 dims; null keeps a dim's size. */
export class AdaptiveAvgPool3d extends adaptiveAvgPooling(adaptiveAvgPool3d) {}

/** An adaptive max pooling layer. */
export interface AdaptiveMaxPoolLayer<R extends boolean> extends Module {
  /** Spatial sizes of the result; null keeps a dim's size. */
  outputSize: AdaptiveSize;
  /** Whether `{ values, indices }` are returned. */
  returnIndices: boolean;
  forward(x: Tensor): PoolResult<R>;
}

/** Class of the adaptive max pooling layers. */
export interface AdaptiveMaxPoolClass extends ModuleStatics {
  new <R extends boolean = false>(
    outputSize: AdaptiveSize,
    options?: { readonly returnIndices?: R },
  ): AdaptiveMaxPoolLayer<R>;
}

type AdaptiveMaxPool = (
  x: Tensor,
  outputSize: AdaptiveSize,
  options: { readonly returnIndices?: boolean },
) => Tensor | ValuesAndIndices;

function adaptiveMaxPooling(fn: AdaptiveMaxPool): AdaptiveMaxPoolClass {
  return class<R extends boolean> extends Module {
    outputSize: AdaptiveSize;
    returnIndices: boolean;

    constructor(outputSize: AdaptiveSize, options: { readonly returnIndices?: R } = {}) {
      super();
      const { returnIndices = false } = optionsOf(this.constructor.name, options, ['returnIndices']);
      checkBoolean(this.constructor.name, 'returnIndices', returnIndices);
      this.outputSize = outputSize;
      this.returnIndices = returnIndices;
    }

    forward(x: Tensor): PoolResult<R> {
      return fn(x, this.outputSize, this) as PoolResult<R>;
    }

    override extraRepr(): string {
      return fields({ output_size: this.outputSize });
    }
  };
}

/** Maxima of `outputSize` even parts of the last dim. */
export class AdaptiveMaxPool1d<R extends boolean = false> extends adaptiveMaxPooling(adaptiveMaxPool1d)<R> {}

/** Maxima of even parts of the last 2 dims; null keeps a dim's size. */
export class AdaptiveMaxPool2d<R extends boolean = false> extends adaptiveMaxPooling(adaptiveMaxPool2d)<R> {}

/** Maxima of even parts of the last 3 dims; null keeps a dim's size. */
export class AdaptiveMaxPool3d<R extends boolean = false> extends adaptiveMaxPooling(adaptiveMaxPool3d)<R> {}
