import { localResponseNorm, type Tensor } from '@q/tensor';
import { optionsOf } from '@q/tensor/internal';
import { Module } from '../../module.js';
import { fields, float } from '../../repr.js';
import { checkSizes } from '../../sizes.js';

/** Options of `LocalResponseNorm`. */
export interface LocalResponseOptions {
  /** Default: 1e-4. */
  readonly alpha?: number;
  /** Default: 0.75. */
  readonly beta?: number;
  /** Default: 1. */
  readonly k?: number;
}

/** Divides by `(k + alpha * mean of x^2 over size neighbouring channels) ** beta` (Krizhevsky et al., 2012). */
export class LocalResponseNorm extends Module {
  /** Number of neighbouring channels. */
  size: number;
  /** Factor of the mean square. */
  alpha: number;
  /** Exponent of the divisor. */
  beta: number;
  /** Added to the divisor before the power. */
  k: number;

  constructor(size: number, options: LocalResponseOptions = {}) {
    const { alpha = 1e-4, beta = 0.75, k = 1 } = optionsOf('LocalResponseNorm', options, ['alpha', 'beta', 'k']);
    super();
    checkSizes('LocalResponseNorm', { size });
    this.size = size;
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this);
  }

  override extraRepr(): string {
    return `${this.size}, ${fields({ alpha: this.alpha, beta: this.beta, k: float(this.k) })}`;
  }
}
