import { checkChoice, checkNumber, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/activation.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { ComparisonMethods } from './comparison.js';

/** Options of `gelu`. */
export interface GeluOptions {
  /** `'none'` (default): the exact formula; `'tanh'`: its approximation. */
  readonly approximate?: 'none' | 'tanh';
}

/** Options of `elu` and `celu`. */
export interface EluOptions {
  /** Default 1. */
  readonly alpha?: number;
}

/** Options of `softplus`. */
export interface SoftplusOptions {
  /** Default 1. */
  readonly beta?: number;
  /** Above it, for beta * x, the function is the identity; default 20. */
  readonly threshold?: number;
}

/** Options of `leakyRelu`. */
export interface LeakyReluOptions {
  /** Default 0.01. */
  readonly negativeSlope?: number;
}

/** Options of `hardtanh`. */
export interface HardtanhOptions {
  /** Default -1. */
  readonly minVal?: number;
  /** Default 1. */
  readonly maxVal?: number;
}

/** Options of `hardshrink` and `softshrink`. */
export interface ShrinkOptions {
  /** Default 0.5. */
  readonly lambd?: number;
}

/** Options of `glu`. */
export interface GluOptions {
  /** The dim that is halved; default the last. */
  readonly dim?: number;
}

/** Options of `rrelu`. */
export interface RreluOptions {
  /** Default 1/8. */
  readonly lower?: number;
  /** Default 1/3. */
  readonly upper?: number;
}

// Klambauer et al., Self-Normalizing Neural Networks (2017), with the digits of PyTorch.
const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805, inputScale: 1 };

/** Activation functions, as in `torch.nn.functional`. Integers become float32, but for `relu`. */
export abstract class ActivationMethods<D extends DType = DType> extends ComparisonMethods<D> {
  /** max(x, 0); NaN stays. Keeps integers. */
  relu(this: Tensor): Tensor {
    return apply(ops.relu, [this], undefined);
  }

  /** min(max(x, 0), 6). */
  relu6(this: Tensor): Tensor {
    return this.hardtanh({ minVal: 0, maxVal: 6 });
  }

  /** 1 / (1 + exp(-x)). */
  sigmoid(this: Tensor): Tensor {
    return apply(ops.sigmoid, [this], undefined);
  }

  /** Hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return apply(ops.tanh, [this], undefined);
  }

  /** log(sigmoid(x)), without overflow. */
  logsigmoid(this: Tensor): Tensor {
    return apply(ops.logsigmoid, [this], undefined);
  }

  /** x * sigmoid(x), also called swish. */
  silu(this: Tensor): Tensor {
    return apply(ops.silu, [this], undefined);
  }

  /** x * tanh(softplus(x)). */
  mish(this: Tensor): Tensor {
    return apply(ops.mish, [this], undefined);
  }

  /** x times the normal distribution function of x. */
  gelu(this: Tensor, options: GeluOptions = {}): Tensor {
    const { approximate = 'none' } = optionsOf('gelu', options, ['approximate']);
    checkChoice('gelu', 'approximate', approximate, ['none', 'tanh']);
    return apply(approximate === 'tanh' ? ops.geluTanh : ops.gelu, [this], undefined);
  }

  /** x where positive, else alpha * (exp(x) - 1). */
  elu(this: Tensor, options: EluOptions = {}): Tensor {
    const { alpha = 1 } = optionsOf('elu', options, ['alpha']);
    return apply(ops.elu, [this], { alpha, scale: 1, inputScale: 1 });
  }

  /** The self-normalizing elu with its two fixed constants. */
  selu(this: Tensor): Tensor {
    return apply(ops.elu, [this], SELU);
  }

  /** x where positive, else alpha * (exp(x / alpha) - 1): elu with a continuous derivative. Throws ArgumentError for alpha 0. */
  celu(this: Tensor, options: EluOptions = {}): Tensor {
    const { alpha = 1 } = optionsOf('celu', options, ['alpha']);
    checkNumber('celu', 'alpha', alpha);
    if (alpha === 0) throw new ArgumentError('celu: alpha must not be 0.');
    return apply(ops.elu, [this], { alpha, scale: 1, inputScale: 1 / alpha });
  }

  /** log(1 + exp(beta * x)) / beta. */
  softplus(this: Tensor, options: SoftplusOptions = {}): Tensor {
    const { beta = 1, threshold = 20 } = optionsOf('softplus', options, ['beta', 'threshold']);
    return apply(ops.softplus, [this], { beta, threshold });
  }

  /** x / (1 + |x|). */
  softsign(this: Tensor): Tensor {
    return apply(ops.softsign, [this], undefined);
  }

  /** x - tanh(x). */
  tanhshrink(this: Tensor): Tensor {
    return apply(ops.tanhshrink, [this], undefined);
  }

  /** x between two bounds; unlike `clamp` with gradient 0 at the bounds. Throws ArgumentError unless minVal < maxVal. */
  hardtanh(this: Tensor, options: HardtanhOptions = {}): Tensor {
    const { minVal = -1, maxVal = 1 } = optionsOf('hardtanh', options, ['minVal', 'maxVal']);
    checkNumber('hardtanh', 'minVal', minVal);
    checkNumber('hardtanh', 'maxVal', maxVal);
    if (!(minVal < maxVal))
      throw new ArgumentError(`hardtanh: minVal must be below maxVal, got ${minVal} and ${maxVal}.`);
    return apply(ops.hardtanh, [this], { minVal, maxVal });
  }

  /** relu6(x + 3) / 6. */
  hardsigmoid(this: Tensor): Tensor {
    return apply(ops.hardsigmoid, [this], undefined);
  }

  /** x * relu6(x + 3) / 6. */
  hardswish(this: Tensor): Tensor {
    return apply(ops.hardswish, [this], undefined);
  }

  /** x, but 0 between -lambd and lambd. */
  hardshrink(this: Tensor, options: ShrinkOptions = {}): Tensor {
    const { lambd = 0.5 } = optionsOf('hardshrink', options, ['lambd']);
    return apply(ops.hardshrink, [this], lambd);
  }

  /** x moved towards 0 by lambd, and 0 between. Throws ArgumentError for a negative lambd. */
  softshrink(this: Tensor, options: ShrinkOptions = {}): Tensor {
    const { lambd = 0.5 } = optionsOf('softshrink', options, ['lambd']);
    checkNumber('softshrink', 'lambd', lambd, 0);
    return apply(ops.softshrink, [this], lambd);
  }

  /** x where above the threshold, else `value`. */
  threshold(this: Tensor, threshold: number, value: number): Tensor {
    return apply(ops.threshold, [this], { threshold, value });
  }

  /** x where positive, else negativeSlope * x. */
  leakyRelu(this: Tensor, options: LeakyReluOptions = {}): Tensor {
    const { negativeSlope = 0.01 } = optionsOf('leakyRelu', options, ['negativeSlope']);
    return apply(ops.leakyRelu, [this], negativeSlope);
  }

  /** Leaky relu with the mean of the slopes that training would draw from [lower, upper]. */
  rrelu(this: Tensor, options: RreluOptions = {}): Tensor {
    const { lower = 1 / 8, upper = 1 / 3 } = optionsOf('rrelu', options, ['lower', 'upper']);
    checkNumber('rrelu', 'lower', lower);
    checkNumber('rrelu', 'upper', upper);
    if (!(lower <= upper)) throw new ArgumentError(`rrelu: lower must not be above upper, got ${lower} and ${upper}.`);
    return apply(ops.leakyRelu, [this], (lower + upper) / 2);
  }

  /**
   * x where positive, else weight * x.
   *
   * @param weight a tensor of one element, or of one per channel (dim 1 of this tensor)
   * @throws ShapeError for a weight of any other size
   */
  prelu(this: Tensor, weight: Tensor): Tensor {
    checkTensor('prelu', 'weight', weight);
    return apply(ops.prelu, [this, weight], undefined);
  }

  /** The first half of a dim times the sigmoid of the second. Throws ShapeError for an odd size. */
  glu(this: Tensor, options: GluOptions = {}): Tensor {
    const { dim = -1 } = optionsOf('glu', options, ['dim']);
    const d = wrapDim('glu', dim, this.ndim);
    const size = this.shape[d] ?? 1;
    if (size % 2 !== 0) throw new ShapeError(`glu: dim ${d} of ${shown(this.shape)} cannot be halved.`);
    return this.narrow(d, 0, size / 2).mul(this.narrow(d, size / 2, size / 2).sigmoid());
  }
}
