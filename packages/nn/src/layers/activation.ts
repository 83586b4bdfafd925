import {
  full,
  ShapeError,
  shown,
  type EluOptions,
  type GeluOptions,
  type GluOptions,
  type HardtanhOptions,
  type LeakyReluOptions,
  type ShrinkOptions,
  type SoftplusOptions,
  type Tensor,
} from '@q/tensor';
import { checkNumber, checkTensor, optionsOf } from '@q/tensor/internal';
import { rrelu } from '../functional/dropout.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields, float, repr } from '../repr.js';
import { checkSizes } from '../sizes.js';
import { configured, operation } from './operation.js';

/** `max(x, 0)`. */
export class ReLU extends operation((x: Tensor) => x.relu()) {}

/** `min(max(x, 0), 6)`. */
export class ReLU6 extends operation((x: Tensor) => x.relu6()) {}

/** `scale * (max(x, 0) + min(alpha * (exp(x) - 1), 0))` with the constants of Klambauer et al. (2017). */
export class SELU extends operation((x: Tensor) => x.selu()) {}

/** `x * sigmoid(x)`. */
export class SiLU extends operation((x: Tensor) => x.silu()) {}

/** `x * tanh(softplus(x))`. */
export class Mish extends operation((x: Tensor) => x.mish()) {}

/** `1 / (1 + exp(-x))`. */
export class Sigmoid extends operation((x: Tensor) => x.sigmoid()) {}

/** `log(sigmoid(x))`. */
export class LogSigmoid extends operation((x: Tensor) => x.logsigmoid()) {}

/** Hyperbolic tangent. */
export class Tanh extends operation((x: Tensor) => x.tanh()) {}

/** `x - tanh(x)`. */
export class Tanhshrink extends operation((x: Tensor) => x.tanhshrink()) {}

/** `relu6(x + 3) / 6`. */
export class Hardsigmoid extends operation((x: Tensor) => x.hardsigmoid()) {}

/** `x * relu6(x + 3) / 6`. */
export class Hardswish extends operation((x: Tensor) => x.hardswish()) {}

/** `x / (1 + |x|)`. */
export class Softsign extends operation((x: Tensor) => x.softsign()) {}

/** `x` where positive, `negativeSlope * x` elsewhere. */
export class LeakyReLU extends configured<LeakyReluOptions>(
  { negativeSlope: 0.01 },
  (x, { negativeSlope }) => x.leakyRelu({ negativeSlope }),
  ({ negativeSlope }) => fields({ negative_slope: negativeSlope }),
) {}

/** `x` where positive, `alpha * (exp(x) - 1)` elsewhere. */
export class ELU extends configured<EluOptions>(
  { alpha: 1 },
  (x, { alpha }) => x.elu({ alpha }),
  ({ alpha }) => fields({ alpha: float(alpha) }),
) {}

/** `max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`. */
export class CELU extends configured<EluOptions>(
  { alpha: 1 },
  (x, { alpha }) => x.celu({ alpha }),
  ({ alpha }) => fields({ alpha: float(alpha) }),
) {}

/** `x * Phi(x)` with the cumulative normal distribution Phi. */
export class GELU extends configured<GeluOptions>(
  { approximate: 'none' },
  (x, { approximate }) => x.gelu({ approximate }),
  ({ approximate }) => `approximate='${approximate}'`,
) {}

/** `x` limited to `minVal` ... `maxVal`. */
export class Hardtanh extends configured<HardtanhOptions>(
  { minVal: -1, maxVal: 1 },
  (x, { minVal, maxVal }) => x.hardtanh({ minVal, maxVal }),
  ({ minVal, maxVal }) => fields({ min_val: float(minVal), max_val: float(maxVal) }),
) {}

/** `x`, or 0 where `|x| <= lambd`. */
export class Hardshrink extends configured<ShrinkOptions>(
  { lambd: 0.5 },
  (x, { lambd }) => x.hardshrink({ lambd }),
  ({ lambd }) => repr(lambd),
) {}

/** `x` moved towards 0 by `lambd`, 0 where it is nearer than that. */
export class Softshrink extends configured<ShrinkOptions>(
  { lambd: 0.5 },
  (x, { lambd }) => x.softshrink({ lambd }),
  ({ lambd }) => repr(lambd),
) {}

/** `log(1 + exp(beta * x)) / beta`; the input itself where `beta * x > threshold`. */
export class Softplus extends configured<SoftplusOptions>(
  { beta: 1, threshold: 20 },
  (x, { beta, threshold }) => x.softplus({ beta, threshold }),
  ({ beta, threshold }) => fields({ beta, threshold }),
) {}

/** `a * sigmoid(b)` of the two halves of `dim`. */
export class GLU extends configured<GluOptions>(
  { dim: -1 },
  (x, { dim }) => x.glu({ dim }),
  ({ dim }) => fields({ dim }),
) {}

/** `x` where greater than `threshold`, `value` elsewhere. */
export class Threshold extends Module {
  /** What an element must exceed to stay. */
  threshold: number;
  /** What the others become. */
  value: number;

  constructor(threshold: number, value: number) {
    super();
    checkNumber('Threshold', 'threshold', threshold);
    checkNumber('Threshold', 'value', value);
    this.threshold = threshold;
    this.value = value;
  }

  forward(x: Tensor): Tensor {
    checkTensor('Threshold', 'the input', x);
    return x.threshold(this.threshold, this.value);
  }

  override extraRepr(): string {
    return fields({ threshold: this.threshold, value: this.value });
  }
}

/** Options of `PReLU`. */
export interface PReLUOptions {
  /** One slope for all channels, or one for each of dim 1. Default: 1. */
  readonly numParameters?: number;
  /** Value the slopes start at. Default: 0.25. */
  readonly init?: number;
}

/** `x` where positive, `weight * x` elsewhere; the slopes `weight` are learned. */
export class PReLU extends Module {
  /** Number of slopes: one, or one per channel. */
  numParameters: number;
  /** The slopes, `[numParameters]`. */
  weight: Parameter;

  constructor(options: PReLUOptions = {}) {
    const { numParameters = 1, init = 0.25 } = optionsOf('PReLU', options, ['numParameters', 'init']);
    super();
    checkSizes('PReLU', { numParameters });
    this.numParameters = numParameters;
    this.weight = new Parameter(full([numParameters], init, { dtype: 'float32' }));
  }

  forward(x: Tensor): Tensor {
    checkTensor('PReLU', 'the input', x);
    return x.prelu(this.weight);
  }

  override extraRepr(): string {
    return fields({ num_parameters: this.numParameters });
  }
}

/** Options of `RReLU`. */
export interface RReLUOptions {
  /** Smallest slope. Default: 1/8. */
  readonly lower?: number;
  /** Largest slope. Default: 1/3. */
  readonly upper?: number;
}

/** Leaky ReLU whose slope is drawn between `lower` and `upper` per element in training, and their mean in evaluation. */
export class RReLU extends Module {
  /** Smallest slope. */
  lower: number;
  /** Largest slope. */
  upper: number;

  constructor(options: RReLUOptions = {}) {
    const { lower = 1 / 8, upper = 1 / 3 } = optionsOf('RReLU', options, ['lower', 'upper']);
    super();
    this.lower = lower;
    this.upper = upper;
  }

  forward(x: Tensor): Tensor {
    return rrelu(x, { lower: this.lower, upper: this.upper, training: this.training });
  }

  override extraRepr(): string {
    return fields({ lower: this.lower, upper: this.upper });
  }
}

/** The dim of a softmax by name. */
export interface SoftmaxDimOptions {
  /** The dim; null for the one PyTorch takes by the rank of the input. Default: null. */
  readonly dim?: number | null;
}

/** The dim of a softmax, as a number or as `{ dim }`. */
export type SoftmaxDim = number | SoftmaxDimOptions | null;

/** The dim PyTorch takes where none is given: 0 for 0, 1 or 3 dims, else 1. */
const implicitDim = ({ ndim }: Tensor): number => (ndim === 0 || ndim === 1 || ndim === 3 ? 0 : 1);

abstract class AlongDim extends Module {
  /** The dim; null for the one PyTorch takes by the rank of the input. */
  dim: number | null;

  constructor(dim: SoftmaxDim = null) {
    super();
    this.dim = (typeof dim === 'object' ? dim?.dim : dim) ?? null;
  }

  /** The dim for an input. */
  dimOf(x: Tensor): number {
    checkTensor(this.constructor.name, 'the input', x);
    return this.dim ?? implicitDim(x);
  }

  override extraRepr(): string {
    return fields({ dim: this.dim });
  }
}

/** `exp(x) / sum(exp(x))` along a dim. */
export class Softmax extends AlongDim {
  forward(x: Tensor): Tensor {
    const dim = this.dimOf(x);
    return x.softmax(dim);
  }
}

/** `log(softmax(x))` along a dim, without the rounding of the two steps. */
export class LogSoftmax extends AlongDim {
  forward(x: Tensor): Tensor {
    const dim = this.dimOf(x);
    return x.logSoftmax(dim);
  }
}

/** `softmax(-x)` along a dim. */
export class Softmin extends AlongDim {
  forward(x: Tensor): Tensor {
    const dim = this.dimOf(x);
    return x.softmin(dim);
  }
}

/** Softmax over the channels of every position: `[N, C, H, W]` or `[C, H, W]`. */
export class Softmax2d extends operation((x: Tensor) => {
  if (x.ndim !== 3 && x.ndim !== 4)
    throw new ShapeError(`Softmax2d: wants [N, C, H, W] or [C, H, W], got shape ${shown(x.shape)}.`);
  return x.softmax(-3);
}) {}
