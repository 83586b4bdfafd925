import { layerNorm, ones, zeros, type Tensor } from '@q/tensor';
import { checkNumber, optionsOf } from '@q/tensor/internal';
import { Module } from '../../module.js';
import { checkBooleans } from '../../options.js';
import { Parameter } from '../../parameter.js';
import { fields, repr } from '../../repr.js';
import { normalizedSizes } from '../../sizes.js';

/** Options of `LayerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number;
  /** Whether a weight (and a bias) are learned. Default: true. */
  readonly elementwiseAffine?: boolean;
  /** Whether a bias is learned, with `elementwiseAffine`. Default: true. */
  readonly bias?: boolean;
}

/**
 * Normalizes over the last dims, which must be `normalizedShape` (Ba et al., 2016). `weight` and `bias` have that shape.
 *
 * @example
 * new LayerNorm([32]).forward(randn([8, 10, 32])); // mean 0 and variance 1 over the last dim
 */
export class LayerNorm extends Module {
  /** The last dims, which are normalized together. */
  normalizedShape: number[];
  /** Added to the variance. */
  eps: number;
  /** Whether weight and bias are learned. */
  elementwiseAffine: boolean;
  /** Factor of each element, of shape `normalizedShape`, or null. */
  weight: Parameter | null;
  /** What is added to each element, of shape `normalizedShape`, or null. */
  bias: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    const {
      eps = 1e-5,
      elementwiseAffine = true,
      bias = true,
    } = optionsOf('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias']);
    super();
    checkBooleans('LayerNorm', { elementwiseAffine, bias });
    checkNumber('LayerNorm', 'eps', eps, 0);
    this.normalizedShape = normalizedSizes('LayerNorm', normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape)) : null;
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return layerNorm(x, this.normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    return `${repr(this.normalizedShape)}, ${fields({ eps: this.eps, elementwise_affine: this.elementwiseAffine })}`;
  }
}
