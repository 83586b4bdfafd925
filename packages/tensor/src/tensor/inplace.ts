import { checkChoice, checkTensor, optionsOf } from '../arguments.js';
import { isGradEnabled } from '../autograd.js';
import type { DType } from '../dtype.js';
import { AutogradError, described, DTypeError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import * as ops from '../ops/arithmetic.js';
import { binary, deliver, destination, ternary } from '../ops/elementwise.js';
import * as select from '../ops/select.js';
import { numericInto, realInto } from '../ops/unary.js';
import type { Tensor } from '../tensor.js';
import { ActivationMethods } from './activation.js';
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

/** An operand of an in-place form: its gradient could not be recorded, so it must not want one. */
function source(self: Tensor, operation: string, other: TensorLike): Tensor {
  const tensor = operand(self, other, operation);
  if (tensor.requiresGrad && isGradEnabled())
    throw new AutogradError(
      `${operation}: in-place operations are not recorded, and an operand requires a gradient. Use the form without '_', or noGrad().`,
    );
  return tensor;
}

/**
 * Operations that write their result into this tensor and return it. The result must have this tensor's shape and a dtype
 * of its kind or a lower one (bool < integer < float), else ShapeError or DTypeError; AutogradError where a gradient would
 * be needed. Nothing is changed when they throw.
 */
export abstract class InplaceMethods<D extends DType = DType> extends ActivationMethods<D> {
  /** Adds `alpha * other`. */
  add_(this: Tensor<D>, other: TensorLike, options?: AlphaOptions): Tensor<D> {
    ops.addInto([this, source(this, 'add_', other)], alphaOf('add_', options), this);
    return this;
  }

  /** Subtracts `alpha * other`. */
  sub_(this: Tensor<D>, other: TensorLike, options?: AlphaOptions): Tensor<D> {
    ops.subInto([this, source(this, 'sub_', other)], alphaOf('sub_', options), this);
    return this;
  }

  /** Multiplies by `other`. */
  mul_(this: Tensor<D>, other: TensorLike): Tensor<D> {
    binary('mul', this, source(this, 'mul_', other), undefined, this);
    return this;
  }

  /** Divides by `other`. */
  div_(this: Tensor<D>, other: TensorLike, options: DivOptions = {}): Tensor<D> {
    const { roundingMode = null } = optionsOf('div_', options, ['roundingMode']);
    const inputs = [this, source(this, 'div_', other)] as const;
    checkChoice('div_', 'roundingMode', roundingMode, ['floor', 'trunc', null]);
    if (roundingMode === null) ops.divInto(inputs, this);
    else ops.divideInto(roundingMode === 'floor' ? 'divFloor' : 'divTrunc', inputs, this);
    return this;
  }

  /** Raises to the power of `exponent`. */
  pow_(this: Tensor<D>, exponent: TensorLike): Tensor<D> {
    const other = source(this, 'pow_', exponent);
    if (other.weak === null) ops.powInto([this, other], this);
    else ops.powNumberInto(this, other, this);
    return this;
  }

  /** Keeps the larger of this and `other`. */
  maximum_(this: Tensor<D>, other: TensorLike): Tensor<D> {
    binary('maximum', this, source(this, 'maximum_', other), undefined, this);
    return this;
  }

  /** Keeps the smaller of this and `other`. */
  minimum_(this: Tensor<D>, other: TensorLike): Tensor<D> {
    binary('minimum', this, source(this, 'minimum_', other), undefined, this);
    return this;
  }

  /** Changes the sign. */
  neg_(this: Tensor<D>): Tensor<D> {
    numericInto('neg', this, this);
    return this;
  }

  /** Takes the absolute value. */
  abs_(this: Tensor<D>): Tensor<D> {
    numericInto('abs', this, this);
    return this;
  }

  /** Takes the square root. Throws DTypeError for integers. */
  sqrt_(this: Tensor<D>): Tensor<D> {
    realInto('sqrt', this, this);
    return this;
  }

  /** Raises e to the power of each element. Throws DTypeError for integers. */
  exp_(this: Tensor<D>): Tensor<D> {
    realInto('exp', this, this);
    return this;
  }

  /** Sets negative elements to 0. */
  relu_(this: Tensor<D>): Tensor<D> {
    numericInto('relu', this, this);
    return this;
  }

  /** Clamps between bounds. */
  clamp_(this: Tensor<D>, options: ClampOptions): Tensor<D> {
    const { min = null, max = null } = optionsOf('clamp_', options, ['min', 'max']);
    const bounds = clampBounds(this, 'clamp_', min, max);
    if ((bounds.min === null || bounds.min.weak) && (bounds.max === null || bounds.max.weak)) {
      select.clampInto(this, bounds, this);
      return this;
    }
    const checked = (bound: Tensor | null): Tensor | null => {
      if (bound === null) return null;
      const tensor = source(this, 'clamp_', bound);
      return tensor.weak === null ? tensor.detach() : tensor;
    };
    const clamped = this.detach().clamp({ min: checked(bounds.min), max: checked(bounds.max) });
    destination('clamp', clamped.shape, clamped.dtype, [clamped], this);
    deliver(clamped, this);
    return this;
  }

  /** Adds `value * tensor1 * tensor2`. */
  addcmul_(this: Tensor<D>, tensor1: Tensor, tensor2: Tensor, options: ValueOptions = {}): Tensor<D> {
    const { value = 1 } = optionsOf('addcmul_', options, ['value']);
    ternary('addcmul', [this, source(this, 'addcmul_', tensor1), source(this, 'addcmul_', tensor2)], value, this);
    return this;
  }

  /** Adds `value * tensor1 / tensor2`. */
  addcdiv_(this: Tensor<D>, tensor1: Tensor, tensor2: Tensor, options: ValueOptions = {}): Tensor<D> {
    const { value = 1 } = optionsOf('addcdiv_', options, ['value']);
    ternary('addcdiv', [this, source(this, 'addcdiv_', tensor1), source(this, 'addcdiv_', tensor2)], value, this);
    return this;
  }

  /** Moves towards `end` by the fraction `weight`. */
  lerp_(this: Tensor<D>, end: Tensor, weight: TensorLike): Tensor<D> {
    ternary('lerp', [this, source(this, 'lerp_', end), source(this, 'lerp_', weight)], 1, this);
    return this;
  }

  /** Writes `value` where the bool tensor `mask` is 1. */
  maskedFill_(this: Tensor<D>, mask: Tensor, value: TensorLike): Tensor<D> {
    checkTensor('maskedFill_', 'mask', mask);
    select.maskedFillInto([this, mask, source(this, 'maskedFill_', value)], this);
    return this;
  }

  /** Writes one number everywhere. */
  fill_(this: Tensor<D>, value: number | boolean): Tensor<D> {
    if (typeof value !== 'number' && typeof value !== 'boolean')
      throw new DTypeError(`fill_: wants a number or a boolean, got ${described(value)}. Use copy_() for a tensor.`);
    this.beginWrite('fill_');
    kernels.fill(Number(value), this);
    return this;
  }

  /** Writes 0 everywhere. */
  zero_(this: Tensor<D>): Tensor<D> {
    return this.fill_(0);
  }

  /** Writes the elements of `other`, broadcast and cast to this dtype. */
  copy_(this: Tensor<D>, other: Tensor): Tensor<D> {
    select.copyInto(this, source(this, 'copy_', other));
    return this;
  }
}
