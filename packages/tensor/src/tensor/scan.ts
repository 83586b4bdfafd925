import { checkInteger, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError } from '../errors.js';
import * as ops from '../ops/scan.js';
import { sizeOf } from '../ops/sort.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { paired, type ValuesAndIndices } from './extrema.js';
import { StatisticsMethods } from './statistics.js';

/** Options of cumulative sums and products. */
export interface CumulateOptions {
  /** Convert to this dtype first. */
  readonly dtype?: DType;
}

/** Folds that keep every step. */
export abstract class ScanMethods<D extends DType = DType> extends StatisticsMethods<D> {
  /** Sums of all elements up to each, along `dim`. Integers and bools sum to int32 (wrapping). */
  cumsum(this: Tensor, dim: number, options: CumulateOptions = {}): Tensor {
    const { dtype } = optionsOf('cumsum', options, ['dtype']);
    return apply(ops.cumsum, [this], { dim: wrapDim('cumsum', dim, this.ndim), reverse: false, dtype });
  }

  /** Products of all elements up to each, along `dim`. Integers and bools multiply to int32 (wrapping). */
  cumprod(this: Tensor, dim: number, options: CumulateOptions = {}): Tensor {
    const { dtype } = optionsOf('cumprod', options, ['dtype']);
    return apply(ops.cumprod, [this], { dim: wrapDim('cumprod', dim, this.ndim), reverse: false, dtype });
  }

  /** `log(cumsum(exp(x)))` along `dim` without overflow. */
  logcumsumexp(this: Tensor, dim: number): Tensor {
    return apply(ops.logcumsumexp, [this], { dim: wrapDim('logcumsumexp', dim, this.ndim), reverse: false });
  }

  /** Largest element up to each along `dim`, and its latest position; NaN stays once met. */
  cummax(this: Tensor, dim: number): ValuesAndIndices {
    return paired(apply(ops.cummax, [this], { dim: wrapDim('cummax', dim, this.ndim) }));
  }

  /** Smallest element up to each along `dim`, and its latest position; NaN stays once met. */
  cummin(this: Tensor, dim: number): ValuesAndIndices {
    return paired(apply(ops.cummin, [this], { dim: wrapDim('cummin', dim, this.ndim) }));
  }

  /** Differences of neighbours along `dim`, `n` times over. */
  diff(this: Tensor, options: { readonly n?: number; readonly dim?: number } = {}): Tensor {
    const { n = 1, dim = -1 } = optionsOf('diff', options, ['n', 'dim']);
    checkInteger('diff', 'n', n, 0);
    if (this.ndim === 0) throw new ArgumentError('diff: wants at least one dim, got a 0-d tensor.');
    const d = wrapDim('diff', dim, this.ndim);
    let result: Tensor = this;
    for (let i = 0; i < n && sizeOf(result, d) > 0; i++) {
      const steps = result.shape[d]! - 1;
      const [behind, ahead] = [result.narrow(d, 0, steps), result.narrow(d, 1, steps)];
      result = result.dtype === 'bool' ? ahead.ne(behind) : ahead.sub(behind);
    }
    return result === this ? this.clone() : result;
  }
}
