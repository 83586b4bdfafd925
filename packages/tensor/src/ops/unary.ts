import { apply } from '../autograd.js';
import { computeDType, floatDType, isFloat, type DType } from '../dtype.js';
import { AutogradError, DTypeError } from '../errors.js';
import type { UnaryName } from '../kernels/contract/elementwise.js';
import type { View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { cast, parametric, unary } from './elementwise.js';
import { op, type Single } from './op.js';

/** The upstream gradient times the derivative, from the input and the output. */
export type Derivative = (grad: Tensor, x: Tensor, y: Tensor) => Tensor;

/** What the derivative reads. */
type Saves = 'inputs' | 'output' | 'both' | 'none';

/** A function of a real number, into new memory or in place: integers and bools become float32 first. */
export const realInto = (name: UnaryName, x: Tensor, out?: Tensor): View => unary(name, x, floatDType(x.dtype), out);

const real = (name: UnaryName, saves: Saves, derivative: Derivative) =>
  op<Single>({
    name,
    forward: ([x]) => realInto(name, x),
    backward: (grad, [x], y) => [derivative(grad, x, y)],
    saves,
  });

/** The dtype itself, for functions that keep it; they are not defined for bool. */
export function numeric(operation: string, { dtype }: Tensor): DType {
  if (dtype === 'bool')
    throw new DTypeError(`${operation}: not defined for bool. Cast with to('int32') first, or use logicalNot().`);
  return computeDType(dtype);
}

/** A function that keeps integers integer, into new memory or in place. */
export const numericInto = (name: UnaryName, x: Tensor, out?: Tensor): View => unary(name, x, numeric(name, x), out);

const kept = (name: UnaryName, saves: Saves, derivative: Derivative) =>
  op<Single>({
    name,
    forward: ([x]) => numericInto(name, x),
    backward: (grad, [x], y) => [derivative(grad, x, y)],
    saves,
  });

const flat: Derivative = (grad) => grad.zerosLike();

export const neg = kept('neg', 'none', (grad) => grad.neg());
export const abs = kept('abs', 'inputs', (grad, x) => grad.mul(x.sign()));
export const floor = kept('floor', 'none', flat);
export const ceil = kept('ceil', 'none', flat);
export const trunc = kept('trunc', 'none', flat);
export const round = kept('round', 'none', flat);

/** -1, 0 or 1; bools stay. */
export const sign = op<Single>({
  name: 'sign',
  forward: ([x]) => unary('sign', x),
  backward: (grad) => [grad.zerosLike()],
  saves: 'none',
});

/** Bools square to int32, as to any other power. */
export const square = op<Single>({
  name: 'square',
  forward: ([x]) => unary('square', x, x.dtype === 'bool' ? 'int32' : computeDType(x.dtype)),
  backward: (grad, [x]) => [grad.mul(x.mul(2))],
  saves: 'inputs',
});

/** Rounded to a number of decimals, or to tens, hundreds ... where it is negative. */
export const roundTo = op<Single, number>({
  name: 'round',
  forward: ([x], decimals) => {
    if (!isFloat(x.dtype)) throw new DTypeError(`round: decimals are for floating tensors, got ${x.dtype}.`);
    return parametric('roundTo', x, [decimals]);
  },
  backward: (grad) => [grad.zerosLike()],
  saves: 'none',
});

export const exp = real('exp', 'output', (grad, _x, y) => grad.mul(y));
export const exp2 = real('exp2', 'output', (grad, _x, y) => grad.mul(y.mul(Math.LN2)));
export const expm1 = real('expm1', 'output', (grad, _x, y) => grad.mul(y.add(1)));
export const log = real('log', 'inputs', (grad, x) => grad.div(x));
export const log2 = real('log2', 'inputs', (grad, x) => grad.div(x.mul(Math.LN2)));
export const log10 = real('log10', 'inputs', (grad, x) => grad.div(x.mul(Math.LN10)));
export const log1p = real('log1p', 'inputs', (grad, x) => grad.div(x.add(1)));
export const sqrt = real('sqrt', 'output', (grad, _x, y) => grad.div(y.mul(2)));
export const rsqrt = real('rsqrt', 'output', (grad, _x, y) => grad.mul(y.pow(3).mul(-0.5)));
export const reciprocal = real('reciprocal', 'output', (grad, _x, y) => grad.neg().mul(y.square()));
export const frac = real('frac', 'none', (grad) => grad);

export const sin = real('sin', 'inputs', (grad, x) => grad.mul(x.cos()));
export const cos = real('cos', 'inputs', (grad, x) => grad.neg().mul(x.sin()));
export const tan = real('tan', 'output', (grad, _x, y) => grad.mul(y.square().add(1)));
export const asin = real('asin', 'inputs', (grad, x) => grad.mul(x.square().rsub(1).rsqrt()));
export const acos = real('acos', 'inputs', (grad, x) => grad.neg().mul(x.square().rsub(1).rsqrt()));
export const atan = real('atan', 'inputs', (grad, x) => grad.div(x.square().add(1)));
export const sinh = real('sinh', 'inputs', (grad, x) => grad.mul(x.cosh()));
export const cosh = real('cosh', 'inputs', (grad, x) => grad.mul(x.sinh()));
export const asinh = real('asinh', 'inputs', (grad, x) => grad.mul(x.square().add(1).rsqrt()));
export const acosh = real('acosh', 'inputs', (grad, x) => grad.mul(x.square().sub(1).rsqrt()));
export const atanh = real('atanh', 'inputs', (grad, x) => grad.div(x.square().rsub(1)));

/** sin(pi x) / (pi x), 1 at 0. */
export const sinc = real('sinc', 'inputs', (grad, x) => {
  const angle = x.mul(Math.PI);
  return grad.mul(angle.cos().sub(x.sinc()).div(x)).maskedFill(x.eq(0), 0);
});

export const erf = real('erf', 'inputs', (grad, x) =>
  grad.mul(
    x
      .square()
      .neg()
      .exp()
      .mul(2 / Math.sqrt(Math.PI)),
  ),
);
export const erfc = real('erfc', 'inputs', (grad, x) =>
  grad.mul(
    x
      .square()
      .neg()
      .exp()
      .mul(-2 / Math.sqrt(Math.PI)),
  ),
);
export const erfinv = real('erfinv', 'output', (grad, _x, y) =>
  grad.mul(
    y
      .square()
      .exp()
      .mul(Math.sqrt(Math.PI) / 2),
  ),
);
export const lgamma = real('lgamma', 'inputs', (grad, x) => grad.mul(x.digamma()));

/** The derivative of digamma; its own derivative is not available. */
const trigamma = op<Single>({
  name: 'trigamma',
  forward: ([x]) => realInto('trigamma', x),
  backward: () => {
    throw new AutogradError('digamma: its second derivative is not available.');
  },
});

/** The derivative of lgamma. */
export const digamma = real('digamma', 'inputs', (grad, x) => grad.mul(apply(trigamma, [x], undefined)));

/** log(x / (1 - x)); with `eps` the input is first clamped to [eps, 1 - eps]. NaN outside [0, 1] without. */
export const logit = op<Single, number | null>({
  name: 'logit',
  forward: ([x], eps) => {
    const dtype = floatDType(x.dtype);
    const view = eps === null ? cast(x, dtype) : parametric('clamp', x, [eps, 1 - eps], dtype);
    return unary('logit', x.wrap(view), dtype);
  },
  backward: (grad, [x], _y, eps) => {
    const slope = grad.div(x.mul(x.rsub(1)));
    const outside = x.lt(eps ?? 0).logicalOr(x.gt(1 - (eps ?? 0)));
    return [slope.maskedFill(outside, eps === null ? NaN : 0)];
  },
  saves: 'inputs',
});

/** The bits of integers inverted; bools negated. */
export const bitwiseNot = op<Single>({
  name: 'bitwiseNot',
  forward: ([x]) => {
    if (isFloat(x.dtype)) throw new DTypeError(`bitwiseNot: wants integers or bool, got ${x.dtype}.`);
    return unary('bitwiseNot', x);
  },
  backward: null,
});
