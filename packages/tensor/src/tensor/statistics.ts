import { checkNumber, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described } from '../errors.js';
import * as softmax from '../ops/softmax.js';
import * as ops from '../ops/statistics.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { ExtremaMethods } from './extrema.js';
import { reducedDims, type AccumulateOptions, type Dims, type ReduceOptions } from './reduce.js';

/** Options of variances and standard deviations. */
export interface DispersionOptions extends ReduceOptions {
  /** Divide by n - 1 (true, the default) or by n. */
  readonly unbiased?: boolean;
  /** Divide by n - correction, instead of `unbiased`. */
  readonly correction?: number;
}

/** What `varMean` gives. */
export interface VarianceAndMean {
  /** The variances. */
  readonly var: Tensor;
  /** The means. */
  readonly mean: Tensor;
}

/** What `stdMean` gives. */
export interface DeviationAndMean {
  /** The standard deviations. */
  readonly std: Tensor;
  /** The means. */
  readonly mean: Tensor;
}

/** Options of `norm`. */
export interface NormOptions extends AccumulateOptions {
  /** Exponent; 0 counts, Infinity and -Infinity are the largest and smallest magnitude, 'fro' is 2. Default 2. */
  readonly p?: number | 'fro';
  /** The dims; all where left out. */
  readonly dim?: Dims;
}

/** Options of the softmax family. */
export interface SoftmaxOptions {
  /** Convert to this floating dtype first. */
  readonly dtype?: DType;
}

function dispersion(name: string, dim: Dims | undefined, ndim: number, options: DispersionOptions): ops.Dispersion {
  const { unbiased, correction, keepdim = false } = optionsOf(name, options, ['unbiased', 'correction', 'keepdim']);
  if (correction !== undefined) checkNumber(name, 'correction', correction);
  if (unbiased !== undefined && correction !== undefined)
    throw new ArgumentError(`${name}: unbiased and correction say the same thing. Pass one of them.`);
  return { dims: reducedDims(name, dim, ndim), keepdim, correction: correction ?? (unbiased === false ? 0 : 1) };
}

function exponent(p: unknown): number {
  if (p === 'fro') return 2;
  if (typeof p !== 'number' || Number.isNaN(p))
    throw new ArgumentError(`norm: p must be a number or 'fro', got ${described(p)}.`);
  return p;
}

/** Variances, norms and normalised exponentials of floating tensors (DTypeError for others). */
export abstract class StatisticsMethods<D extends DType = DType> extends ExtremaMethods<D> {
  /** Variance over `dim`, by default unbiased (divided by n - 1); NaN where that leaves nothing. */
  var(this: Tensor, dim?: Dims, options: DispersionOptions = {}): Tensor {
    return apply(ops.variance, [this], dispersion('var', dim, this.ndim, options));
  }

  /** Standard deviation over `dim`, the root of `var`; its gradient is 0 where it is 0. */
  std(this: Tensor, dim?: Dims, options: DispersionOptions = {}): Tensor {
    return apply(ops.std, [this], dispersion('std', dim, this.ndim, options));
  }

  /** Variance and mean over `dim` in one pass. */
  varMean(this: Tensor, dim?: Dims, options: DispersionOptions = {}): VarianceAndMean {
    const [variance, mean] = apply(ops.varMean, [this], dispersion('varMean', dim, this.ndim, options));
    return { var: variance, mean };
  }

  /** Standard deviation and mean over `dim`. */
  stdMean(this: Tensor, dim?: Dims, options: DispersionOptions = {}): DeviationAndMean {
    return { std: this.std(dim, options), mean: this.mean(dim, { keepdim: options.keepdim ?? false }) };
  }

  /** `(sum |x|^p)^(1/p)` over `dim` (all where left out); the gradient is 0 where the norm is 0. */
  norm(this: Tensor, options: NormOptions = {}): Tensor {
    const { p = 2, dim, keepdim = false, dtype } = optionsOf('norm', options, ['p', 'dim', 'dtype', 'keepdim']);
    return apply(ops.norm, [this], { p: exponent(p), dims: reducedDims('norm', dim, this.ndim), keepdim, dtype });
  }

  /** log(sum(exp(x))) over `dim` without overflow; -Infinity of nothing. */
  logsumexp(this: Tensor, dim: number | readonly number[], options: ReduceOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('logsumexp', options, ['keepdim']);
    return apply(ops.logsumexp, [this], { dims: reducedDims('logsumexp', dim, this.ndim), keepdim });
  }

  /** exp(x) / sum(exp(x)) along `dim`. */
  softmax(this: Tensor, dim: number, options: SoftmaxOptions = {}): Tensor {
    const { dtype } = optionsOf('softmax', options, ['dtype']);
    return apply(softmax.softmax, [this], { dim: wrapDim('softmax', dim, this.ndim), dtype });
  }

  /** The logarithm of `softmax`, without its rounding to 0. */
  logSoftmax(this: Tensor, dim: number, options: SoftmaxOptions = {}): Tensor {
    const { dtype } = optionsOf('logSoftmax', options, ['dtype']);
    return apply(softmax.logSoftmax, [this], { dim: wrapDim('logSoftmax', dim, this.ndim), dtype });
  }

  /** `softmax` of `-x`. */
  softmin(this: Tensor, dim: number, options: SoftmaxOptions = {}): Tensor {
    return this.neg().softmax(dim, options);
  }
}
