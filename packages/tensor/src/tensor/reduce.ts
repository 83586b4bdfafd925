import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import * as ops from '../ops/reduce.js';
import { sameShape, wrapDims, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { MatmulMethods } from './matmul.js';

/** One dim, several, or all of them (left out). */
export type Dims = number | readonly number[] | null;

/** Reductions over dims. */
export abstract class ReduceMethods<D extends DType = DType> extends MatmulMethods<D> {
  /** Sum over `dim` (all dims where left out). Integers and bools sum to int32; `dtype` casts first. */
  sum(this: Tensor, dim?: Dims, options: { readonly keepdim?: boolean; readonly dtype?: DType } = {}): Tensor {
    const { keepdim = false, dtype } = options;
    return apply(ops.sum, [this], { dims: wrapDims('sum', dim, this.ndim), keepdim, dtype });
  }

  /** Sum over the dims that broadcasting to this shape had stretched, so that the result has `shape`. */
  sumTo(this: Tensor, shape: Shape): Tensor {
    return sameShape(this.shape, shape) ? this : apply(ops.sumTo, [this], shape);
  }
}
