import { checkChoice, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { checkDType, isHalf, type DType } from '../dtype.js';
import * as ops from '../ops/arithmetic.js';
import { to } from '../ops/elementwise.js';
import * as select from '../ops/select.js';
import type { Tensor } from '../tensor.js';
import { InplaceMethods } from './inplace.js';
import {
  alphaOf,
  clampBounds,
  operand,
  type AlphaOptions,
  type ClampOptions,
  type DivOptions,
  type TensorLike,
  type ValueOptions,
} from './operand.js';

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** In place of NaN; default 0. */
  readonly nan?: number;
  /** In place of infinity; default the largest value of the dtype. */
  readonly posinf?: number | null;
  /** In place of minus infinity; default the lowest value of the dtype. */
  readonly neginf?: number | null;
}

/**
 * Arithmetic, selection and casts. Operands broadcast and promote as in PyTorch; a plain number takes part as a Python
 * number does: integers as int, others as float, neither widening a tensor of its kind.
 */
export abstract class ElementwiseMethods<D extends DType = DType> extends InplaceMethods<D> {
  /** The elements in another dtype (itself where it has it already); integers truncate and wrap as C casts. */
  to<E extends DType>(this: Tensor, dtype: E): Tensor<E> {
    checkDType('to', dtype);
    return (this.dtype === dtype ? this : apply(to, [this], dtype)) as Tensor<E>;
  }

  /** The elements in the dtype of another tensor. */
  typeAs<E extends DType>(this: Tensor, other: Tensor<E>): Tensor<E> {
    checkTensor('typeAs', 'other', other);
    return this.to(other.dtype);
  }

  /** As float32. */
  float(this: Tensor): Tensor<'float32'> {
    return this.to('float32');
  }

  /** As float64. */
  double(this: Tensor): Tensor<'float64'> {
    return this.to('float64');
  }

  /** As float16. */
  half(this: Tensor): Tensor<'float16'> {
    return this.to('float16');
  }

  /** As bfloat16. */
  bfloat16(this: Tensor): Tensor<'bfloat16'> {
    return this.to('bfloat16');
  }

  /** As int32. */
  int(this: Tensor): Tensor<'int32'> {
    return this.to('int32');
  }

  /** As int16. */
  short(this: Tensor): Tensor<'int16'> {
    return this.to('int16');
  }

  /** As int8. */
  char(this: Tensor): Tensor<'int8'> {
    return this.to('int8');
  }

  /** As uint8. */
  byte(this: Tensor): Tensor<'uint8'> {
    return this.to('uint8');
  }

  /** As bool: 1 where the element is not 0. */
  bool(this: Tensor): Tensor<'bool'> {
    return this.to('bool');
  }

  /** `this + alpha * other`. */
  add(this: Tensor, other: TensorLike, options?: AlphaOptions): Tensor {
    return apply(ops.add, [this, operand(this, other, 'add')], alphaOf('add', options));
  }

  /** `this - alpha * other`. Throws DTypeError for bools. */
  sub(this: Tensor, other: TensorLike, options?: AlphaOptions): Tensor {
    return apply(ops.sub, [this, operand(this, other, 'sub')], alphaOf('sub', options));
  }

  /** `other - alpha * this`. */
  rsub(this: Tensor, other: TensorLike, options?: AlphaOptions): Tensor {
    return apply(ops.sub, [operand(this, other, 'rsub'), this], alphaOf('rsub', options));
  }

  /** `this * other`. */
  mul(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.mul, [this, operand(this, other, 'mul')], undefined);
  }

  /** `this / other`, in floating point unless `roundingMode` is given. Throws ArgumentError for an integer division by 0. */
  div(this: Tensor, other: TensorLike, options: DivOptions = {}): Tensor {
    const { roundingMode = null } = optionsOf('div', options, ['roundingMode']);
    const inputs = [this, operand(this, other, 'div')] as const;
    if (roundingMode === null) return apply(ops.div, inputs, undefined);
    checkChoice('div', 'roundingMode', roundingMode, ['floor', 'trunc', null]);
    return apply(ops.divRounded, inputs, roundingMode);
  }

  /** `other / this`, in floating point. */
  rdiv(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.div, [operand(this, other, 'rdiv'), this], undefined);
  }

  /** `this / other` rounded down, as Python's `//`. Throws ArgumentError for an integer division by 0. */
  floorDivide(this: Tensor, other: TensorLike): Tensor {
    return this.div(other, { roundingMode: 'floor' });
  }

  /** The rest of a division, with the sign of `other`, as Python's `%`. Throws ArgumentError for an integer division by 0. */
  remainder(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.remainder, [this, operand(this, other, 'remainder')], undefined);
  }

  /** The rest of a division, with the sign of this. Throws ArgumentError for an integer division by 0. */
  fmod(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.fmod, [this, operand(this, other, 'fmod')], undefined);
  }

  /** `this` to the power of `exponent`. Throws ArgumentError for integers to the power of a negative number. */
  pow(this: Tensor, exponent: TensorLike): Tensor {
    const other = operand(this, exponent, 'pow');
    return other.weak === null ? apply(ops.pow, [this, other], undefined) : apply(ops.powNumber, [this], other);
  }

  /** `base` to the power of this. */
  rpow(this: Tensor, base: TensorLike): Tensor {
    return apply(ops.pow, [operand(this, base, 'rpow'), this], undefined);
  }

  /** The larger of two; NaN where either is. */
  maximum(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.maximum, [this, operand(this, other, 'maximum')], undefined);
  }

  /** The smaller of two; NaN where either is. */
  minimum(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.minimum, [this, operand(this, other, 'minimum')], undefined);
  }

  /** The larger of two; NaN only where both are. */
  fmax(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.fmax, [this, operand(this, other, 'fmax')], undefined);
  }

  /** The smaller of two; NaN only where both are. */
  fmin(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.fmin, [this, operand(this, other, 'fmin')], undefined);
  }

  /** Angle of the point (other, this) in radians, from -pi to pi. */
  atan2(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.atan2, [this, operand(this, other, 'atan2')], undefined);
  }

  /** sqrt(this^2 + other^2), without overflow. */
  hypot(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.hypot, [this, operand(this, other, 'hypot')], undefined);
  }

  /** The size of this with the sign of `other`. */
  copysign(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.copysign, [this, operand(this, other, 'copysign')], undefined);
  }

  /** this * log(other), 0 where this is 0. */
  xlogy(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.xlogy, [this, operand(this, other, 'xlogy')], undefined);
  }

  /** log(exp(this) + exp(other)), without overflow. */
  logaddexp(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.logaddexp, [this, operand(this, other, 'logaddexp')], undefined);
  }

  /** log2(2^this + 2^other), without overflow. */
  logaddexp2(this: Tensor, other: TensorLike): Tensor {
    return apply(ops.logaddexp2, [this, operand(this, other, 'logaddexp2')], undefined);
  }

  /** 0 where negative, 1 where positive, `values` at 0. Not differentiable. */
  heaviside(this: Tensor, values: TensorLike): Tensor {
    return apply(ops.heaviside, [this, operand(this, values, 'heaviside')], undefined);
  }

  /** `this + value * tensor1 * tensor2`. */
  addcmul(this: Tensor, tensor1: Tensor, tensor2: Tensor, options: ValueOptions = {}): Tensor {
    const { value = 1 } = optionsOf('addcmul', options, ['value']);
    return apply(ops.addcmul, [this, operand(this, tensor1, 'addcmul'), operand(this, tensor2, 'addcmul')], value);
  }

  /** `this + value * tensor1 / tensor2`. Throws DTypeError for integers. */
  addcdiv(this: Tensor, tensor1: Tensor, tensor2: Tensor, options: ValueOptions = {}): Tensor {
    const { value = 1 } = optionsOf('addcdiv', options, ['value']);
    return apply(ops.addcdiv, [this, operand(this, tensor1, 'addcdiv'), operand(this, tensor2, 'addcdiv')], value);
  }

  /** `this + weight * (end - this)`. Throws DTypeError for integers. */
  lerp(this: Tensor, end: Tensor, weight: TensorLike): Tensor {
    return apply(ops.lerp, [this, operand(this, end, 'lerp'), operand(this, weight, 'lerp')], undefined);
  }

  /** `min(max(this, min), max)`; NaN stays. Throws ArgumentError without bounds, DTypeError for bounds the dtype cannot hold. */
  clamp(this: Tensor, options: ClampOptions): Tensor {
    const { min = null, max = null } = optionsOf('clamp', options, ['min', 'max']);
    const bounds = clampBounds(this, 'clamp', min, max);
    if ((bounds.min === null || bounds.min.weak) && (bounds.max === null || bounds.max.weak))
      return apply(select.clamp, [this], bounds);
    const raised = bounds.min ? apply(select.clampMin, [this, bounds.min], undefined) : this;
    return bounds.max ? apply(select.clampMax, [raised, bounds.max], undefined) : raised;
  }

  /** `max(this, min)`; NaN stays. */
  clampMin(this: Tensor, min: TensorLike): Tensor {
    return this.clamp({ min });
  }

  /** `min(this, max)`; NaN stays. */
  clampMax(this: Tensor, max: TensorLike): Tensor {
    return this.clamp({ max });
  }

  /** Finite numbers in place of NaN and the infinities. */
  nanToNum(this: Tensor, options: NanToNumOptions = {}): Tensor {
    const { nan = 0, posinf = null, neginf = null } = optionsOf('nanToNum', options, ['nan', 'posinf', 'neginf']);
    return apply(select.nanToNum, [this], { nan, posinf, neginf });
  }

  /** This where the bool tensor `condition` is 1, `other` elsewhere. */
  where(this: Tensor, condition: Tensor, other: TensorLike): Tensor {
    checkTensor('where', 'condition', condition);
    return apply(select.where, [condition, this, operand(this, other, 'where')], undefined);
  }

  /** `value` (a number or 0-d tensor) where the bool tensor `mask` is 1; the dtype stays. */
  maskedFill(this: Tensor, mask: Tensor, value: TensorLike): Tensor {
    const filled = apply(
      select.maskedFill,
      [this, operand(this, mask, 'maskedFill'), operand(this, value, 'maskedFill')],
      undefined,
    );
    return isHalf(this.dtype) ? filled.to(this.dtype) : filled;
  }
}
