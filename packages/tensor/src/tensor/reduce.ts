import { optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import * as ops from '../ops/reduce.js';
import { checkList, sameShape, wrapDims, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { MatmulMethods } from './matmul.js';

/** One dim, several, or all of them (left out, null or an empty list). */
export type Dims = number | readonly number[] | null;

/** Options of a reduction. */
export interface ReduceOptions {
  /** Keep the reduced dims with size 1; default false. */
  readonly keepdim?: boolean;
}

/** Options of a reduction that accumulates. */
export interface AccumulateOptions extends ReduceOptions {
  /** Convert to this dtype first. */
  readonly dtype?: DType;
}

/** Dims from the front; no dims mean all, as in PyTorch. */
export const reducedDims = (operation: string, dim: Dims | undefined, ndim: number): number[] =>
  wrapDims(operation, Array.isArray(dim) && dim.length === 0 ? null : dim, ndim);

/** Folds over dims. */
export abstract class ReduceMethods<D extends DType = DType> extends MatmulMethods<D> {
  /** Sum over `dim`, 0 of nothing. Integers and bools sum to int32 (wrapping). */
  sum(this: Tensor, dim?: Dims, options: AccumulateOptions = {}): Tensor {
    const { keepdim = false, dtype } = optionsOf('sum', options, ['dtype', 'keepdim']);
    return apply(ops.sum, [this], { dims: reducedDims('sum', dim, this.ndim), keepdim, dtype });
  }

  /** As `sum`, with NaN counting as 0. */
  nansum(this: Tensor, dim?: Dims, options: AccumulateOptions = {}): Tensor {
    return this.where(this.eq(this), 0).sum(dim, options);
  }

  /** Arithmetic mean over `dim`, NaN of nothing. @throws DTypeError for integers without a floating `dtype` */
  mean(this: Tensor, dim?: Dims, options: AccumulateOptions = {}): Tensor {
    const { keepdim = false, dtype } = optionsOf('mean', options, ['dtype', 'keepdim']);
    return apply(ops.mean, [this], { dims: reducedDims('mean', dim, this.ndim), keepdim, dtype });
  }

  /** Mean of the elements that are not NaN. */
  nanmean(this: Tensor, dim?: Dims, options: AccumulateOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('nanmean', options, ['dtype', 'keepdim']);
    const count = this.eq(this).sum(dim, { keepdim });
    return this.nansum(dim, options).div(count);
  }

  /** Product over `dim`, 1 of nothing. Integers and bools multiply to int32 (wrapping). */
  prod(this: Tensor, dim?: Dims, options: AccumulateOptions = {}): Tensor {
    const { keepdim = false, dtype } = optionsOf('prod', options, ['dtype', 'keepdim']);
    return apply(ops.prod, [this], { dims: reducedDims('prod', dim, this.ndim), keepdim, dtype });
  }

  /** Whether all elements are not zero (NaN is not). A bool tensor; uint8 for uint8, as in PyTorch. */
  all(this: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('all', options, ['keepdim']);
    return apply(ops.all, [this], { dims: reducedDims('all', dim, this.ndim), keepdim });
  }

  /** Whether any element is not zero. A bool tensor; uint8 for uint8, as in PyTorch. */
  any(this: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('any', options, ['keepdim']);
    return apply(ops.any, [this], { dims: reducedDims('any', dim, this.ndim), keepdim });
  }

  /** How many elements are not zero, as int32. */
  countNonzero(this: Tensor, dim?: Dims): Tensor<'int32'> {
    const reduction = { dims: reducedDims('countNonzero', dim, this.ndim), keepdim: false };
    return apply(ops.countNonzero, [this], reduction);
  }

  /** Sum over the dims that broadcasting to this shape had stretched, so that the result has `shape`. */
  sumTo(this: Tensor, shape: Shape): Tensor {
    checkList('sumTo', shape);
    return sameShape(this.shape, shape) ? this : apply(ops.sumTo, [this], shape);
  }
}
