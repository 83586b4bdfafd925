import { checkInteger, checkNumber, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import type { Op, Single } from '../ops/op.js';
import * as ops from '../ops/unary.js';
import type { View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { TensorCore } from './core.js';

/** Options of `round`. */
export interface RoundOptions {
  /** Decimals to keep; negative for tens, hundreds ... */
  readonly decimals?: number;
}

const run = (op: Op<Single, void, View>, x: Tensor): Tensor => apply(op, [x], undefined);

/**
 * Functions of each element. Functions of real numbers make float32 of integers and bools; the others keep integers and
 * throw DTypeError for bool.
 */
export abstract class UnaryMethods<D extends DType = DType> extends TensorCore<D> {
  /** `-this`; unsigned integers wrap around. */
  neg(this: Tensor): Tensor {
    return run(ops.neg, this);
  }

  /** Absolute value. */
  abs(this: Tensor): Tensor {
    return run(ops.abs, this);
  }

  /** -1, 0 or 1; 0 for NaN. */
  sign(this: Tensor): Tensor {
    return run(ops.sign, this);
  }

  /** As `sign`: for real numbers `torch.sgn` is the same. */
  sgn(this: Tensor): Tensor {
    return run(ops.sign, this);
  }

  /** The elements as they are; throws DTypeError for bool, as `torch.positive`. */
  positive(this: Tensor): Tensor {
    ops.numeric('positive', this);
    return this;
  }

  /** `this * this`. */
  square(this: Tensor): Tensor {
    return run(ops.square, this);
  }

  /** Largest integer that is not above. */
  floor(this: Tensor): Tensor {
    return run(ops.floor, this);
  }

  /** Smallest integer that is not below. */
  ceil(this: Tensor): Tensor {
    return run(ops.ceil, this);
  }

  /** The integer part, rounded towards zero. */
  trunc(this: Tensor): Tensor {
    return run(ops.trunc, this);
  }

  /** The fractional part, with the sign of the element. */
  frac(this: Tensor): Tensor {
    return run(ops.frac, this);
  }

  /** The nearest integer, ties to even; with `decimals` the nearest multiple of 10^-decimals. */
  round(this: Tensor, options: RoundOptions = {}): Tensor {
    const { decimals = 0 } = optionsOf('round', options, ['decimals']);
    checkInteger('round', 'decimals', decimals);
    return decimals === 0 ? run(ops.round, this) : apply(ops.roundTo, [this], decimals);
  }

  /** e to the power of each element. */
  exp(this: Tensor): Tensor {
    return run(ops.exp, this);
  }

  /** 2 to the power of each element. */
  exp2(this: Tensor): Tensor {
    return run(ops.exp2, this);
  }

  /** exp(x) - 1, accurate near 0. */
  expm1(this: Tensor): Tensor {
    return run(ops.expm1, this);
  }

  /** Natural logarithm. */
  log(this: Tensor): Tensor {
    return run(ops.log, this);
  }

  /** Logarithm to base 2. */
  log2(this: Tensor): Tensor {
    return run(ops.log2, this);
  }

  /** Logarithm to base 10. */
  log10(this: Tensor): Tensor {
    return run(ops.log10, this);
  }

  /** log(1 + x), accurate near 0. */
  log1p(this: Tensor): Tensor {
    return run(ops.log1p, this);
  }

  /** Square root. */
  sqrt(this: Tensor): Tensor {
    return run(ops.sqrt, this);
  }

  /** 1 / sqrt(x). */
  rsqrt(this: Tensor): Tensor {
    return run(ops.rsqrt, this);
  }

  /** 1 / x. */
  reciprocal(this: Tensor): Tensor {
    return run(ops.reciprocal, this);
  }

  /** Sine, of radians. */
  sin(this: Tensor): Tensor {
    return run(ops.sin, this);
  }

  /** Cosine. */
  cos(this: Tensor): Tensor {
    return run(ops.cos, this);
  }

  /** Tangent. */
  tan(this: Tensor): Tensor {
    return run(ops.tan, this);
  }

  /** Inverse sine. */
  asin(this: Tensor): Tensor {
    return run(ops.asin, this);
  }

  /** Inverse cosine. */
  acos(this: Tensor): Tensor {
    return run(ops.acos, this);
  }

  /** Inverse tangent. */
  atan(this: Tensor): Tensor {
    return run(ops.atan, this);
  }

  /** Hyperbolic sine. */
  sinh(this: Tensor): Tensor {
    return run(ops.sinh, this);
  }

  /** Hyperbolic cosine. */
  cosh(this: Tensor): Tensor {
    return run(ops.cosh, this);
  }

  /** Inverse hyperbolic sine. */
  asinh(this: Tensor): Tensor {
    return run(ops.asinh, this);
  }

  /** Inverse hyperbolic cosine. */
  acosh(this: Tensor): Tensor {
    return run(ops.acosh, this);
  }

  /** Inverse hyperbolic tangent. */
  atanh(this: Tensor): Tensor {
    return run(ops.atanh, this);
  }

  /** sin(pi x) / (pi x), 1 at 0. */
  sinc(this: Tensor): Tensor {
    return run(ops.sinc, this);
  }

  /** log(x / (1 - x)); `eps` clamps to [eps, 1 - eps] first. */
  logit(this: Tensor, eps: number | null = null): Tensor {
    if (eps !== null) checkNumber('logit', 'eps', eps);
    return apply(ops.logit, [this], eps);
  }

  /** The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
  erf(this: Tensor): Tensor {
    return run(ops.erf, this);
  }

  /** 1 - erf(x), accurate for large x. */
  erfc(this: Tensor): Tensor {
    return run(ops.erfc, this);
  }

  /** Inverse of `erf`; infinite at -1 and 1, NaN beyond. */
  erfinv(this: Tensor): Tensor {
    return run(ops.erfinv, this);
  }

  /** Logarithm of the absolute value of the gamma function. */
  lgamma(this: Tensor): Tensor {
    return run(ops.lgamma, this);
  }

  /** Derivative of `lgamma`; not differentiable itself. */
  digamma(this: Tensor): Tensor {
    return run(ops.digamma, this);
  }

  /** Degrees to radians. */
  deg2rad(this: Tensor): Tensor {
    return this.mul(Math.PI / 180);
  }

  /** Radians to degrees. */
  rad2deg(this: Tensor): Tensor {
    return this.mul(180 / Math.PI);
  }

  /** All bits of integers inverted; bools negated. */
  bitwiseNot(this: Tensor): Tensor {
    return run(ops.bitwiseNot, this);
  }
}
