import { apply } from '../autograd.js';
import { checkDType, type DType } from '../dtype.js';
import * as ops from '../ops/elementwise.js';
import type { Tensor } from '../tensor.js';
import { TensorCore } from './core.js';
import { operand, type TensorLike } from './operand.js';

/** Element-wise operations; operands broadcast and promote as in PyTorch. */
export abstract class ElementwiseMethods<D extends DType = DType> extends TensorCore<D> {
  /** The elements in another dtype (itself where it has it already); integers truncate and wrap as C casts. */
  to<E extends DType>(this: Tensor, dtype: E): Tensor<E> {
    checkDType('to', dtype);
    return (this.dtype === dtype ? this : apply(ops.to, [this], dtype)) as Tensor<E>;
  }

  /** `this + other`. */
  add(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.add, [this, operand(this, other)], undefined);
  }

  /** `this - other`. */
  sub(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.sub, [this, operand(this, other)], undefined);
  }

  /** `this * other`. */
  mul(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.mul, [this, operand(this, other)], undefined);
  }

  /** `-this`. */
  neg(this: Tensor<D>): Tensor<D> {
    return apply(ops.neg, [this], undefined) as Tensor<D>;
  }

  /** e to the power of each element. */
  exp(this: Tensor): Tensor {
    return apply(ops.exp, [this], undefined);
  }

  /** 1 where the elements are equal. */
  eq(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.eq, [this, operand(this, other)], undefined) as Tensor<'bool'>;
  }

  /** 1 where `this > other`. */
  gt(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.gt, [this, operand(this, other)], undefined) as Tensor<'bool'>;
  }
}
