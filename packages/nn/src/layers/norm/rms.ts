import { ones, rmsNorm, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, checkIntegers, checkNumber, checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../../module.js';
import { Parameter } from '../../parameter.js';
import { fields, repr } from '../../repr.js';
import { normalizedSizes } from '../../sizes.js';

/** Options of `RMSNorm`. */
export interface RMSNormOptions {
  /** Added to the mean square; null for the epsilon of the input's dtype. Default: null. */
  readonly eps?: number | null;
  /** Whether a weight is learned. Default: true. */
  readonly elementwiseAffine?: boolean;
}

/** Divides by the root mean square over the last dims, which must be `normalizedShape` (Zhang and Sennrich, 2019). */
export class RMSNorm extends Module {
  /** The last dims, which are normalized together. */
  normalizedShape: number[];
  /** Added to the mean square; null for the epsilon of the input's dtype. */
  eps: number | null;
  /** Whether a weight is learned. */
  elementwiseAffine: boolean;
  /** Factor of each element, of shape `normalizedShape`, or null. */
  weight: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: RMSNormOptions = {}) {
    const { eps = null, elementwiseAffine = true } = optionsOf('RMSNorm', options, ['eps', 'elementwiseAffine']);
    super();
    checkBoolean('RMSNorm', 'elementwiseAffine', elementwiseAffine);
    if (eps !== null) checkNumber('RMSNorm', 'eps', eps, 0);
    this.normalizedShape = normalizedSizes('RMSNorm', normalizedShape);
    this.eps = eps;
    this.elementwiseAffine = elementwiseAffine;
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape)) : null;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, { weight: this.weight, eps: this.eps });
  }

  override extraRepr(): string {
    return `${repr(this.normalizedShape)}, ${fields({ eps: this.eps, elementwise_affine: this.elementwiseAffine })}`;
  }
}

/**
 * RMS normalization as AIMET's custom module: over `axes`, with a weight and a bias of their sizes.
 *
 * @param inputShape shape of which `axes` picks the normalized sizes
 */
export class RmsNorm extends Module {
  /** The dims that are normalized together. */
  axes: number[];
  /** Added to the mean square. */
  epsilon: number;
  /** Factor of each element. */
  weight: Parameter;
  /** What is added to each element. */
  bias: Parameter;

  constructor(inputShape: readonly number[], axes: readonly number[], epsilon: number) {
    super();
    checkIntegers('RmsNorm', 'axes', axes);
    checkIntegers('RmsNorm', 'inputShape', inputShape);
    const sizes = axes.map((axis) => inputShape.at(axis) ?? 0);
    this.axes = [...axes];
    this.epsilon = epsilon;
    this.weight = new Parameter(ones(normalizedSizes('RmsNorm', sizes)));
    this.bias = new Parameter(zeros(sizes));
  }

  forward(x: Tensor): Tensor {
    checkTensor('RmsNorm', 'the input', x);
    const input = x.to(this.weight.dtype);
    const rms = input.mul(input).mean(this.axes, { keepdim: true }).add(this.epsilon).sqrt();
    return input.div(rms).mul(this.weight).add(this.bias).to(x.dtype);
  }
}
