import { tensor, type Tensor, type TensorLike } from '@q/tensor';
import { isTensor } from '@q/tensor/internal';
import { operation } from './operation.js';

/**
 * Operations as modules, so that something (a quantizer, a hook of a user) can stand at their inputs and outputs. Named as
 * AIMET's custom modules; each is called with what the tensor method of the same meaning takes.
 */
type Binary = (x: TensorLike, y: TensorLike) => Tensor;

const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'boolean';

/** What stands on the right of a tensor, its methods check. */
const areOperands = (inputs: readonly unknown[]): boolean =>
  isTensor(inputs[0]) || (isNumber(inputs[0]) && (isTensor(inputs[1]) || isNumber(inputs[1])));

/** A class of modules that only call a function of two operands. */
const between = (fn: Binary) => operation(fn, areOperands);

/** A function of two operands, either of which may be a number. */
function binary(
  call: (x: Tensor, y: TensorLike) => Tensor,
  swapped: (y: Tensor, x: number | boolean) => Tensor,
): Binary {
  return (x, y) => {
    if (typeof x === 'object') return call(x, y);
    return typeof y === 'object' ? swapped(y, x) : call(tensor(x), y);
  };
}

/** A function of two operands whose order does not matter. */
const symmetric = (call: (x: Tensor, y: TensorLike) => Tensor): Binary => binary(call, call);

/** A function of two operands that has no form with a number on the left: the number becomes a tensor. */
const ordered = (call: (x: Tensor, y: TensorLike) => Tensor): Binary =>
  binary(call, (y, x) => call(tensor(x, { dtype: y.dtype }), y));

/** `x + y`. */
export class Add extends between(symmetric((x, y) => x.add(y))) {}

/** `x - y`. */
export class Subtract extends between(
  binary(
    (x, y) => x.sub(y),
    (y, x) => y.rsub(x),
  ),
) {}

/** `x * y`. */
export class Multiply extends between(symmetric((x, y) => x.mul(y))) {}

/** `x / y`. */
export class Divide extends between(
  binary(
    (x, y) => x.div(y),
    (y, x) => y.rdiv(x),
  ),
) {}

/** `x / y` rounded down. */
export class FloorDivide extends between(ordered((x, y) => x.floorDivide(y))) {}

/** Remainder of `x / y` with the sign of `y`. */
export class Remainder extends between(ordered((x, y) => x.remainder(y))) {}

/** Remainder of `x / y` with the sign of `x`. */
export class Fmod extends between(ordered((x, y) => x.fmod(y))) {}

/** `x` to the power of `y`. */
export class Pow extends between(
  binary(
    (x, y) => x.pow(y),
    (y, x) => y.rpow(x),
  ),
) {}

/** The larger of `x` and `y`. */
export class Maximum extends operation((x: Tensor, y: Tensor) => x.maximum(y)) {}

/** The smaller of `x` and `y`. */
export class Minimum extends operation((x: Tensor, y: Tensor) => x.minimum(y)) {}

/** True where `x == y`. */
export class Equal extends between(symmetric((x, y) => x.eq(y))) {}

/** True where `x != y`. */
export class NotEqual extends between(symmetric((x, y) => x.ne(y))) {}

/** True where `x > y`. */
export class Greater extends between(
  binary(
    (x, y) => x.gt(y),
    (y, x) => y.lt(x),
  ),
) {}

/** True where `x >= y`. */
export class GreaterEqual extends between(
  binary(
    (x, y) => x.ge(y),
    (y, x) => y.le(x),
  ),
) {}

/** True where `x < y`. */
export class Less extends between(
  binary(
    (x, y) => x.lt(y),
    (y, x) => y.gt(x),
  ),
) {}

/** True where `x <= y`. */
export class LessEqual extends between(
  binary(
    (x, y) => x.le(y),
    (y, x) => y.ge(x),
  ),
) {}

/** True where both are. */
export class LogicalAnd extends operation((x: Tensor, y: Tensor) => x.logicalAnd(y)) {}

/** True where one is. */
export class LogicalOr extends operation((x: Tensor, y: Tensor) => x.logicalOr(y)) {}

/** True where `x` is not. */
export class LogicalNot extends operation((x: Tensor) => x.logicalNot()) {}

/** `|x|`. */
export class Abs extends operation((x: Tensor) => x.abs()) {}

/** `-x`. */
export class Neg extends operation((x: Tensor) => x.neg()) {}

/** -1, 0 or 1. */
export class ElementwiseUnarySign extends operation((x: Tensor) => x.sign()) {}

/** The next integer above. */
export class ElementwiseCeil extends operation((x: Tensor) => x.ceil()) {}

/** The next integer below. */
export class ElementwiseFloor extends operation((x: Tensor) => x.floor()) {}

/** The nearest integer, the even one of two. */
export class Round extends operation((x: Tensor) => x.round()) {}

/** e to the power of `x`. */
export class Exponential extends operation((x: Tensor) => x.exp()) {}

/** Natural logarithm. */
export class Log extends operation((x: Tensor) => x.log()) {}

/** Square root. */
export class Sqrt extends operation((x: Tensor) => x.sqrt()) {}

/** 1 over the square root. */
export class RSqrt extends operation((x: Tensor) => x.rsqrt()) {}

/** `x * x`. */
export class Square extends operation((x: Tensor) => x.square()) {}

/** Error function. */
export class Erf extends operation((x: Tensor) => x.erf()) {}

/** Sine. */
export class Sin extends operation((x: Tensor) => x.sin()) {}

/** Cosine. */
export class Cos extends operation((x: Tensor) => x.cos()) {}

/** Inverse sine. */
export class Asin extends operation((x: Tensor) => x.asin()) {}

/** Inverse tangent. */
export class Atan extends operation((x: Tensor) => x.atan()) {}
