import { optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import * as ops from '../ops/comparison.js';
import type { Tensor } from '../tensor.js';
import { operand, type TensorLike } from './operand.js';
import { UnaryMethods } from './unary.js';

/** How near counts as close: |this - other| <= atol + rtol * |other|. */
export interface CloseOptions {
  /** Default 1e-5. */
  readonly rtol?: number;
  /** Default 1e-8. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; default false. */
  readonly equalNan?: boolean;
}

/** Comparisons, logic and bits. Operands broadcast and are compared in the dtype they promote to. */
export abstract class ComparisonMethods<D extends DType = DType> extends UnaryMethods<D> {
  /** 1 where the elements are equal. */
  eq(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.eq, [this, operand(this, other, 'eq')], undefined);
  }

  /** 1 where the elements differ. */
  ne(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.ne, [this, operand(this, other, 'ne')], undefined);
  }

  /** 1 where `this < other`. */
  lt(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.lt, [this, operand(this, other, 'lt')], undefined);
  }

  /** 1 where `this <= other`. */
  le(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.le, [this, operand(this, other, 'le')], undefined);
  }

  /** 1 where `this > other`. */
  gt(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.gt, [this, operand(this, other, 'gt')], undefined);
  }

  /** 1 where `this >= other`. */
  ge(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.ge, [this, operand(this, other, 'ge')], undefined);
  }

  /** 1 where both elements are other than 0. */
  logicalAnd(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.logicalAnd, [this, operand(this, other, 'logicalAnd')], undefined);
  }

  /** 1 where an element is other than 0. */
  logicalOr(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.logicalOr, [this, operand(this, other, 'logicalOr')], undefined);
  }

  /** 1 where exactly one element is other than 0. */
  logicalXor(this: Tensor, other: TensorLike): Tensor<'bool'> {
    return apply(ops.logicalXor, [this, operand(this, other, 'logicalXor')], undefined);
  }

  /** 1 where the element is 0. */
  logicalNot(this: Tensor): Tensor<'bool'> {
    return apply(ops.logicalNot, [this], undefined);
  }

  /** Bits set in both. Integers and bools only, else DTypeError. */
  bitwiseAnd(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.bitwiseAnd, [this, operand(this, other, 'bitwiseAnd')], undefined);
  }

  /** Bits set in either. Integers and bools only, else DTypeError. */
  bitwiseOr(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.bitwiseOr, [this, operand(this, other, 'bitwiseOr')], undefined);
  }

  /** Bits set in exactly one. Integers and bools only, else DTypeError. */
  bitwiseXor(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.bitwiseXor, [this, operand(this, other, 'bitwiseXor')], undefined);
  }

  /** Bits moved up; what leaves the dtype's width is lost. Integers only, else DTypeError. */
  bitwiseLeftShift(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.bitwiseLeftShift, [this, operand(this, other, 'bitwiseLeftShift')], undefined);
  }

  /** Bits moved down, the sign repeated. Integers only, else DTypeError. */
  bitwiseRightShift(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.bitwiseRightShift, [this, operand(this, other, 'bitwiseRightShift')], undefined);
  }

  /** 1 where the element is NaN. */
  isnan(this: Tensor): Tensor<'bool'> {
    return apply(ops.isnan, [this], undefined);
  }

  /** 1 where the element is infinite. */
  isinf(this: Tensor): Tensor<'bool'> {
    return apply(ops.isinf, [this], undefined);
  }

  /** 1 where the element is neither infinite nor NaN. */
  isfinite(this: Tensor): Tensor<'bool'> {
    return apply(ops.isfinite, [this], undefined);
  }

  /** 1 where the element is plus infinity. */
  isposinf(this: Tensor): Tensor<'bool'> {
    return apply(ops.isposinf, [this], undefined);
  }

  /** 1 where the element is minus infinity. */
  isneginf(this: Tensor): Tensor<'bool'> {
    return apply(ops.isneginf, [this], undefined);
  }

  /** 1 where the sign is negative, that of -0 included. */
  signbit(this: Tensor): Tensor<'bool'> {
    return apply(ops.signbit, [this], undefined);
  }

  /** 1 where the elements are equal or near. Throws DTypeError for tensors of different dtypes. */
  isclose(this: Tensor, other: TensorLike, options: CloseOptions = {}): Tensor<'bool'> {
    const { rtol = 1e-5, atol = 1e-8, equalNan = false } = optionsOf('isclose', options, ['rtol', 'atol', 'equalNan']);
    return apply(ops.isclose, [this, operand(this, other, 'isclose')], { rtol, atol, equalNan });
  }

  /** Whether all elements are near. */
  allclose(this: Tensor, other: TensorLike, options: CloseOptions = {}): boolean {
    return ops.every(this.isclose(other, options));
  }

  /** Whether shape and elements are the same. Throws DTypeError for different dtypes. */
  equal(this: Tensor, other: Tensor): boolean {
    return ops.equal(this, operand(this, other, 'equal'));
  }
}
