import { checkNumber } from '../arguments.js';
import { isFloat, type DType } from '../dtype.js';
import { ArgumentError, DTypeError } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { BinaryName } from '../kernels/contract/elementwise.js';
import { empty, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { addScaled, binary, meet, meetFloat, operand, ternary, unary } from './elementwise.js';
import { op, type InputGrads, type Pair, type Single, type Triple } from './op.js';

/** The gradient reduced to the shape of `x`, computed only where `x` wants one. */
const towards = (x: Tensor, gradient: () => Tensor): Tensor | null =>
  x.requiresGrad ? gradient().sumTo(x.shape) : null;

/** Gradients of a pair, each computed only where wanted. */
const pair = ([a, b]: Pair, forA: () => Tensor, forB: () => Tensor): InputGrads => [towards(a, forA), towards(b, forB)];

/** For steps: the derivative is zero wherever it exists. */
const zeros = (inputs: readonly Tensor[]): InputGrads => inputs.map((x) => (x.requiresGrad ? x.zerosLike() : null));

function rejectBool(operation: string, dtype: DType): void {
  if (dtype === 'bool') throw new DTypeError(`${operation}: not defined for bool. Cast with to('int32') first.`);
}

function checkAlpha(operation: string, alpha: number, dtype: DType): void {
  if (alpha === 1) return;
  checkNumber(operation, 'alpha', alpha);
  if (!isFloat(dtype) && !Number.isInteger(alpha))
    throw new DTypeError(
      `${operation}: alpha ${alpha} must be an integer for ${dtype} tensors. Cast with to('float32') first.`,
    );
}

/** `a + alpha * b` into new memory, or in place into `out`. */
export function addInto([a, b]: Pair, alpha: number, out?: Tensor): View {
  const dtype = meet(a, b);
  checkAlpha('add', alpha, dtype);
  if (alpha === 1 || (dtype === 'bool' && alpha !== 0)) return binary('add', a, b, dtype, out);
  return dtype === 'bool'
    ? binary('bitwiseOr', a, b.fullLike(0), dtype, out, 'add')
    : addScaled('add', a, b, alpha, dtype, out);
}

/** `a - alpha * b`, likewise. */
export function subInto([a, b]: Pair, alpha: number, out?: Tensor): View {
  if ([a, b].some((x) => (x.weak ?? x.dtype) === 'bool'))
    throw new DTypeError('sub: not defined for bool. Use logicalXor() or logicalNot(), or cast with to().');
  const dtype = meet(a, b);
  checkAlpha('sub', alpha, dtype);
  return alpha === 1 ? binary('sub', a, b, dtype, out) : addScaled('sub', a, b, -alpha, dtype, out);
}

export const add = op<Pair, number>({
  name: 'add',
  forward: (inputs, alpha) => addInto(inputs, alpha),
  backward: (grad, inputs, _y, alpha) =>
    pair(
      inputs,
      () => grad,
      () => (alpha === 1 ? grad : grad.mul(alpha)),
    ),
  saves: 'none',
});

export const sub = op<Pair, number>({
  name: 'sub',
  forward: (inputs, alpha) => subInto(inputs, alpha),
  backward: (grad, inputs, _y, alpha) =>
    pair(
      inputs,
      () => grad,
      () => (alpha === 1 ? grad.neg() : grad.mul(-alpha)),
    ),
  saves: 'none',
});

export const mul = op<Pair>({
  name: 'mul',
  forward: ([a, b]) => binary('mul', a, b),
  backward: (grad, [a, b]) =>
    pair(
      [a, b],
      () => grad.mul(b),
      () => grad.mul(a),
    ),
  saves: 'others',
});

/** `a / b` in floating point, into new memory or in place. */
export const divInto = ([a, b]: Pair, out?: Tensor): View => binary('div', a, b, meetFloat(a, b), out);

export const div = op<Pair>({
  name: 'div',
  forward: (inputs) => divInto(inputs),
  backward: (grad, [a, b], y) =>
    pair(
      [a, b],
      () => grad.div(b),
      () => grad.neg().mul(y.div(b)),
    ),
});

/** Throws where an integer would be divided by zero. */
function checkDivisor(operation: string, b: Tensor, dtype: DType): void {
  rejectBool(operation, dtype);
  if (isFloat(dtype) || b.numel === 0) return;
  const zero = empty(b.shape, 'bool');
  // A number such as 256 is 0 in uint8.
  kernels.test('logicalNot', operand(b, dtype, b.shape, operation), zero);
  const found = empty([], 'bool');
  kernels.reduce('amax', zero, found);
  if (found.storage.array[found.storage.base] !== 0)
    throw new ArgumentError(`${operation}: integer division by zero. Cast to a floating dtype for infinities.`);
}

/** A division that leaves integers integer. */
export function divideInto(name: 'divFloor' | 'divTrunc' | 'remainder' | 'fmod', [a, b]: Pair, out?: Tensor): View {
  const dtype = meet(a, b);
  const operation = name.startsWith('div') ? 'div' : name;
  checkDivisor(operation, b, dtype);
  return binary(name, a, b, dtype, out, operation);
}

/** How a rounded division rounds. */
export type RoundingMode = 'floor' | 'trunc';

/** The quotient rounded down or towards zero. */
export const divRounded = op<Pair, RoundingMode>({
  name: 'div',
  forward: (inputs, mode) => divideInto(mode === 'floor' ? 'divFloor' : 'divTrunc', inputs),
  backward: (_grad, inputs) => zeros(inputs),
  saves: 'none',
});

export const remainder = op<Pair>({
  name: 'remainder',
  forward: (inputs) => divideInto('remainder', inputs),
  backward: (grad, [a, b]) =>
    pair(
      [a, b],
      () => grad,
      () => grad.neg().mul(a.div(b, { roundingMode: 'floor' })),
    ),
  saves: 'inputs',
});

export const fmod = op<Pair>({
  name: 'fmod',
  forward: (inputs) => divideInto('fmod', inputs),
  backward: (grad, [a, b]) =>
    pair(
      [a, b],
      () => grad,
      () => grad.neg().mul(a.div(b, { roundingMode: 'trunc' })),
    ),
  saves: 'inputs',
});

/** `a` to the power of `b`, into new memory or in place. */
export function powInto([a, b]: Pair, out?: Tensor): View {
  const dtype = meet(a, b);
  rejectBool('pow', dtype);
  if (b.weak !== null && !isFloat(dtype) && b.storage.array[0]! < 0)
    throw new ArgumentError(
      'pow: integers to negative powers are not integers. Cast with to() to a floating dtype first.',
    );
  return binary('pow', a, b, dtype, out);
}

export const pow = op<Pair>({
  name: 'pow',
  forward: (inputs) => powInto(inputs),
  backward: (grad, [a, b], y) =>
    pair(
      [a, b],
      () => grad.mul(b.mul(a.pow(b.sub(1)))).maskedFill(b.eq(0), 0),
      // 0^b is constant for b >= 0, where log 0 would make NaN of it.
      () => grad.mul(y.mul(a.log()).maskedFill(a.eq(0).logicalAnd(b.ge(0)), 0)),
    ),
});

/** Powers with an exact or faster form of their own. */
const powers = new Map<number, 'square' | 'cube' | 'sqrt' | 'rsqrt' | 'reciprocal'>([
  [2, 'square'],
  [3, 'cube'],
  [0.5, 'sqrt'],
  [-0.5, 'rsqrt'],
  [-1, 'reciprocal'],
]);

/** `x` to the power of a plain number, into new memory or in place; `exponent` is that number as an operand. */
export function powNumberInto(x: Tensor, exponent: Tensor, out?: Tensor): View {
  const dtype = meet(x, exponent);
  const special = isFloat(dtype) ? powers.get(exponent.storage.array[0]!) : undefined;
  return special ? unary(special, x, dtype, out) : powInto([x, exponent], out);
}

export const powNumber = op<Single, Tensor>({
  name: 'pow',
  forward: ([x], exponent) => powNumberInto(x, exponent),
  backward: (grad, [x], _y, exponent) => {
    const n = exponent.storage.array[0]!;
    return [n === 0 ? x.zerosLike() : n === 1 ? grad : n === 2 ? grad.mul(x.mul(2)) : grad.mul(x.pow(n - 1).mul(n))];
  },
  saves: 'inputs',
});

/** A choice between two values: the gradient goes to the chosen one, half to each where they are equal. */
const extremum = (name: 'maximum' | 'minimum') =>
  op<Pair>({
    name,
    forward: ([a, b]) => binary(name, a, b),
    backward: (grad, [a, b]) => {
      const shared = grad.mul(0.5).where(a.eq(b), grad);
      const loses = (x: Tensor, other: Tensor): Tensor => (name === 'maximum' ? x.lt(other) : x.gt(other));
      return pair(
        [a, b],
        () => shared.maskedFill(loses(a, b), 0),
        () => shared.maskedFill(loses(b, a), 0),
      );
    },
    saves: 'inputs',
  });

export const maximum = extremum('maximum');
export const minimum = extremum('minimum');

/** A choice in which a number wins over NaN; the first operand wins ties. */
const numericExtremum = (name: 'fmax' | 'fmin') =>
  op<Pair>({
    name,
    forward: ([a, b]) => binary(name, a, b),
    backward: (grad, [a, b]) => {
      const first = (name === 'fmax' ? a.ge(b) : a.le(b)).logicalOr(b.isnan());
      return pair(
        [a, b],
        () => grad.maskedFill(first.logicalNot(), 0),
        () => grad.maskedFill(first, 0),
      );
    },
    saves: 'inputs',
  });

export const fmax = numericExtremum('fmax');
export const fmin = numericExtremum('fmin');

/** A function of two real numbers with its partial derivatives times the upstream gradient. */
const real = (
  name: BinaryName,
  forA: (grad: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
  forB: (grad: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor,
) =>
  op<Pair>({
    name,
    forward: ([a, b]) => binary(name, a, b, meetFloat(a, b)),
    backward: (grad, [a, b], y) =>
      pair(
        [a, b],
        () => forA(grad, a, b, y),
        () => forB(grad, a, b, y),
      ),
  });

const squares = (a: Tensor, b: Tensor): Tensor => a.square().add(b.square());

export const atan2 = real(
  'atan2',
  (grad, a, b) => grad.mul(b.div(squares(a, b))),
  (grad, a, b) => grad.mul(a.neg().div(squares(a, b))),
);
export const hypot = real(
  'hypot',
  (grad, a, _b, y) => grad.mul(a.div(y)),
  (grad, _a, b, y) => grad.mul(b.div(y)),
);
export const copysign = real(
  'copysign',
  (grad, a, _b, y) => grad.mul(y.div(a).maskedFill(a.eq(0), 0)),
  (grad) => grad.zerosLike(),
);
export const xlogy = real(
  'xlogy',
  (grad, a, b) => grad.xlogy(b).maskedFill(a.eq(0).logicalAnd(b.le(0)), 0),
  (grad, a, b) => grad.mul(a.div(b)),
);
export const logaddexp = real(
  'logaddexp',
  (grad, a, b) => grad.mul(a.sub(b).sigmoid()),
  (grad, a, b) => grad.mul(b.sub(a).sigmoid()),
);
export const logaddexp2 = real(
  'logaddexp2',
  (grad, a, b) => grad.mul(a.sub(b).mul(Math.LN2).sigmoid()),
  (grad, a, b) => grad.mul(b.sub(a).mul(Math.LN2).sigmoid()),
);

export const heaviside = op<Pair>({
  name: 'heaviside',
  forward: ([a, b]) => binary('heaviside', a, b),
  backward: null,
});

/** `x + value * a * b`. */
export const addcmul = op<Triple, number>({
  name: 'addcmul',
  forward: (inputs, value) => ternary('addcmul', inputs, value),
  backward: (grad, [x, a, b], _y, value) => [
    towards(x, () => grad),
    towards(a, () => grad.mul(b.mul(value))),
    towards(b, () => grad.mul(a.mul(value))),
  ],
  saves: 'inputs',
});

/** `x + value * a / b`. */
export const addcdiv = op<Triple, number>({
  name: 'addcdiv',
  forward: (inputs, value) => ternary('addcdiv', inputs, value),
  backward: (grad, [x, a, b], _y, value) => [
    towards(x, () => grad),
    towards(a, () => grad.mul(b.rdiv(value))),
    towards(b, () => grad.neg().mul(a.mul(value).div(b.square()))),
  ],
  saves: 'inputs',
});

/** `x + weight * (end - x)`. */
export const lerp = op<Triple>({
  name: 'lerp',
  forward: (inputs) => ternary('lerp', inputs, 1),
  backward: (grad, [x, end, weight]) => [
    towards(x, () => grad.mul(weight.rsub(1))),
    towards(end, () => grad.mul(weight)),
    towards(weight, () => grad.mul(end.sub(x))),
  ],
  saves: 'inputs',
});
