import type { Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import {
  alphaDropout,
  checkProbability,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  type DropoutOptions,
} from '../functional/dropout.js';
import { Module } from '../module.js';
import { fields } from '../repr.js';
import type { ModuleStatics } from '../slots.js';
import type { Layer } from './operation.js';

/** Options of the dropout layers. */
export interface DropoutLayerOptions {
  /** Probability that an element, or a channel, is dropped. Default: 0.5. */
  readonly p?: number;
}

/** Probability of a dropout, as a number or as `{ p }`. */
export type DropoutProbability = number | DropoutLayerOptions;

/** A dropout layer. */
export interface DropoutLayer extends Layer {
  /** Probability that an element, or a channel, is dropped. */
  p: number;
}

/** Class of the dropout layers. */
export interface DropoutClass extends ModuleStatics {
  new (p?: DropoutProbability): DropoutLayer;
}

/** A layer that drops in training and passes its input through in evaluation. */
function dropping(fn: (x: Tensor, options: DropoutOptions) => Tensor): DropoutClass {
  return class extends Module {
    p: number;

    constructor(p: DropoutProbability = 0.5) {
      super();
      this.p = typeof p === 'number' ? p : (optionsOf(this.constructor.name, p, ['p']).p ?? 0.5);
      checkProbability(this.constructor.name, this.p);
    }

    forward(x: Tensor): Tensor {
      return fn(x, { p: this.p, training: this.training });
    }

    override extraRepr(): string {
      return fields({ p: this.p, inplace: false });
    }
  };
}

/** In training, sets elements to 0 with probability `p` and scales the others by 1 / (1 - p). */
export class Dropout extends dropping(dropout) {}

/** `Dropout` of whole channels of `[N, C, L]` or `[C, L]`. */
export class Dropout1d extends dropping(dropout1d) {}

/** `Dropout` of whole channels of `[N, C, H, W]`. */
export class Dropout2d extends dropping(dropout2d) {}

/** `Dropout` of whole channels of `[N, C, D, H, W]` or `[C, D, H, W]`. */
export class Dropout3d extends dropping(dropout3d) {}

/** Dropout that keeps mean and variance of self-normalizing networks (Klambauer et al., 2017). */
export class AlphaDropout extends dropping(alphaDropout) {}

/** `AlphaDropout` of whole channels of `[N, C, ...]`. */
export class FeatureAlphaDropout extends dropping(featureAlphaDropout) {}
