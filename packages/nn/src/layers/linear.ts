import { linear, zeros, type Tensor } from '@q/tensor';
import { checkBoolean, optionsOf } from '@q/tensor/internal';
import { bilinear } from '../functional/bilinear.js';
import { kaimingUniform, uniform } from '../init.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields } from '../repr.js';
import { checkSizes } from '../sizes.js';

/** Options of layers whose only choice is a bias. */
export interface BiasOptions {
  /** Whether a bias is learned. Default: true. */
  readonly bias?: boolean;
}

/** Passes its input through. Takes and ignores any arguments, as PyTorch's. */
export class Identity extends Module {
  constructor(..._ignored: readonly unknown[]) {
    super();
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

/**
 * `x @ weight.T + bias` over the last dim: `[..., inFeatures]` to `[..., outFeatures]`.
 *
 * `weight` is `[outFeatures, inFeatures]`, `bias` `[outFeatures]`; both start uniform within 1 / sqrt(inFeatures).
 *
 * @throws ArgumentError for sizes that are not positive integers
 * @example
 * new Linear(64, 10).forward(randn([32, 64])); // [32, 10]
 */
export class Linear extends Module {
  /** Size of the input's last dim. */
  inFeatures: number;
  /** Size of the result's last dim. */
  outFeatures: number;
  /** `[outFeatures, inFeatures]`. */
  weight: Parameter;
  /** `[outFeatures]`, or null. */
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: BiasOptions = {}) {
    const { bias = true } = optionsOf('Linear', options, ['bias']);
    super();
    checkSizes('Linear', { inFeatures, outFeatures });
    checkBoolean('Linear', 'bias', bias);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(zeros([outFeatures, inFeatures]));
    this.bias = bias ? new Parameter(zeros([outFeatures])) : null;
    this.resetParameters();
  }

  /** Draws new weights, as PyTorch does. */
  resetParameters(): void {
    kaimingUniform(this.weight, { a: Math.sqrt(5) });
    const bound = 1 / Math.sqrt(this.inFeatures);
    if (this.bias) uniform(this.bias, -bound, bound);
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return fields({ in_features: this.inFeatures, out_features: this.outFeatures, bias: this.bias !== null });
  }
}

/**
 * `x1 @ weight[k] @ x2 + bias[k]` for every output `k`: `[..., in1Features]` and `[..., in2Features]` to `[..., outFeatures]`.
 *
 * `weight` is `[outFeatures, in1Features, in2Features]`.
 */
export class Bilinear extends Module {
  /** Size of the first input's last dim. */
  in1Features: number;
  /** Size of the second input's last dim. */
  in2Features: number;
  /** Size of the result's last dim. */
  outFeatures: number;
  /** `[outFeatures, in1Features, in2Features]`. */
  weight: Parameter;
  /** `[outFeatures]`, or null. */
  bias: Parameter | null;

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: BiasOptions = {}) {
    const { bias = true } = optionsOf('Bilinear', options, ['bias']);
    super();
    checkSizes('Bilinear', { in1Features, in2Features, outFeatures });
    checkBoolean('Bilinear', 'bias', bias);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(zeros([outFeatures, in1Features, in2Features]));
    this.bias = bias ? new Parameter(zeros([outFeatures])) : null;
    this.resetParameters();
  }

  /** Draws new weights, as PyTorch does. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    uniform(this.weight, -bound, bound);
    if (this.bias) uniform(this.bias, -bound, bound);
  }

  forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return fields({
      in1_features: this.in1Features,
      in2_features: this.in2Features,
      out_features: this.outFeatures,
      bias: this.bias !== null,
    });
  }
}
