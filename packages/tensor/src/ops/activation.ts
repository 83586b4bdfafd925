import { apply } from '../autograd.js';
import { floatDType } from '../dtype.js';
import type { BinaryName, ParametricName, UnaryName } from '../kernels/contract/elementwise.js';
import { ShapeError, shown } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { binary, parametric, unary } from './elementwise.js';
import { op, type Pair, type Single } from './op.js';
import { numericInto, type Derivative } from './unary.js';

/** An activation without parameters; integers become float32. */
const activation = (name: UnaryName, saves: 'inputs' | 'output', derivative: Derivative) =>
  op<Single>({
    name,
    forward: ([x]) => unary(name, x, floatDType(x.dtype)),
    backward: (grad, [x], y) => [derivative(grad, x, y)],
    saves,
  });

/** An activation with numbers as parameters; integers become float32. */
const shaped = <A>(
  name: ParametricName,
  params: (attrs: A) => readonly number[],
  derivative: (grad: Tensor, x: Tensor, attrs: A) => Tensor,
) =>
  op<Single, A>({
    name,
    forward: ([x], attrs) => parametric(name, x, params(attrs)),
    backward: (grad, [x], _y, attrs) => [derivative(grad, x, attrs)],
    saves: 'inputs',
  });

/**
 * The derivative of an activation times the upstream gradient, in one pass. It is linear in the gradient, so that its own
 * derivative is itself again and `curvature`, the second derivative of the activation, from what the pass reads.
 */
function derivativeOf(
  name: BinaryName,
  curvature: ((value: Tensor) => Tensor) | null,
): (grad: Tensor, value: Tensor) => Tensor {
  const record = op<Pair>({
    name,
    forward: ([grad, value]) => binary(name, grad, value),
    backward: (upstream, [grad, value]) => [
      grad.requiresGrad ? slope(upstream, value) : null,
      value.requiresGrad && curvature ? upstream.mul(grad).mul(curvature(value)) : null,
    ],
    saves: 'inputs',
  });
  const slope = (grad: Tensor, value: Tensor): Tensor => apply(record, [grad, value], undefined);
  return slope;
}

export const reluSlope = derivativeOf('reluGrad', null);
const sigmoidSlope = derivativeOf('sigmoidGrad', (y) => y.mul(-2).add(1));
const tanhSlope = derivativeOf('tanhGrad', (y) => y.mul(-2));
const siluSlope = derivativeOf('siluGrad', (x) => {
  const gate = x.sigmoid();
  return gate.mul(gate.rsub(1)).mul(x.mul(gate.mul(-2).add(1)).add(2));
});
const geluSlope = derivativeOf('geluGrad', (x) => {
  // Farther out the density is 0, whatever infinity it is multiplied with.
  const square = x.clamp({ min: -99, max: 99 }).square();
  return square
    .mul(-0.5)
    .exp()
    .mul(1 / Math.sqrt(2 * Math.PI))
    .mul(square.rsub(2));
});

/** max(x, 0); NaN stays and passes its gradient, as in PyTorch. */
export const relu = op<Single>({
  name: 'relu',
  forward: ([x]) => numericInto('relu', x),
  backward: (grad, _inputs, y) => [reluSlope(grad, y)],
  saves: 'output',
});

export const sigmoid = activation('sigmoid', 'output', (grad, _x, y) => sigmoidSlope(grad, y));
export const tanh = activation('tanh', 'output', (grad, _x, y) => tanhSlope(grad, y));
export const logsigmoid = activation('logsigmoid', 'inputs', (grad, x) => grad.mul(x.neg().sigmoid()));

export const silu = activation('silu', 'inputs', siluSlope);

export const mish = activation('mish', 'inputs', (grad, x) => {
  const inner = x.softplus().tanh();
  return grad.mul(inner.add(x.mul(x.sigmoid()).mul(inner.square().rsub(1))));
});

/** x times the normal distribution function of x. */
export const gelu = activation('gelu', 'inputs', geluSlope);

/** The tanh approximation of gelu. */
export const geluTanh = activation('geluTanh', 'inputs', (grad, x) => {
  const beta = Math.sqrt(2 / Math.PI);
  const square = x.square();
  const t = square.mul(0.044715).add(1).mul(x).mul(beta).tanh();
  const inner = square
    .mul(3 * 0.044715)
    .add(1)
    .mul(beta);
  return grad.mul(
    t
      .add(1)
      .mul(0.5)
      .add(x.mul(0.5).mul(t.square().rsub(1)).mul(inner)),
  );
});

/** clamp(x + 3, 0, 6) / 6. */
export const hardsigmoid = activation('hardsigmoid', 'inputs', (grad, x) =>
  grad.div(6).maskedFill(x.le(-3).logicalOr(x.ge(3)), 0),
);

/** x * clamp(x + 3, 0, 6) / 6. */
export const hardswish = activation('hardswish', 'inputs', (grad, x) =>
  grad.mul(x.div(3).add(0.5)).where(x.le(3), grad).maskedFill(x.lt(-3), 0),
);

export const softsign = activation('softsign', 'inputs', (grad, x) => grad.div(x.abs().add(1).square()));
export const tanhshrink = activation('tanhshrink', 'inputs', (grad, x) => grad.mul(x.tanh().square()));

/** Bounds of `hardtanh`. */
export interface Bounds {
  readonly minVal: number;
  readonly maxVal: number;
}

/** As clamp, but the gradient is 0 at the bounds, too. */
export const hardtanh = op<Single, Bounds>({
  name: 'hardtanh',
  forward: ([x], { minVal, maxVal }) => parametric('clamp', x, [minVal, maxVal]),
  backward: (grad, [x], _y, { minVal, maxVal }) => [grad.maskedFill(x.le(minVal).logicalOr(x.ge(maxVal)), 0)],
  saves: 'inputs',
});

/** Parameters of the elu family: scale * (x > 0 ? x : alpha * expm1(inputScale * x)). */
export interface Elu {
  readonly alpha: number;
  readonly scale: number;
  readonly inputScale: number;
}

export const elu = shaped<Elu>(
  'elu',
  ({ alpha, scale, inputScale }) => [alpha, scale, inputScale],
  (grad, x, { alpha, scale, inputScale }) => {
    // Only what is negative counts: the exponential of the rest may be infinite, and its own derivative no number.
    const negative = x
      .clamp({ max: 0 })
      .mul(inputScale)
      .exp()
      .mul(inputScale * alpha * scale);
    return grad.mul(scale).where(x.gt(0), grad.mul(negative));
  },
);

/** log(1 + exp(beta x)) / beta, x itself where beta x > threshold. */
export const softplus = shaped<{ readonly beta: number; readonly threshold: number }>(
  'softplus',
  ({ beta, threshold }) => [beta, threshold],
  (grad, x, { beta, threshold }) => {
    const scaled = x.mul(beta);
    return grad.where(scaled.gt(threshold), grad.mul(scaled.sigmoid()));
  },
);

export const leakyRelu = shaped<number>(
  'leakyRelu',
  (slope) => [slope],
  (grad, x, slope) => grad.where(x.gt(0), grad.mul(slope)),
);

export const hardshrink = shaped<number>(
  'hardshrink',
  (lambd) => [lambd],
  (grad, x, lambd) => grad.maskedFill(x.ge(-lambd).logicalAnd(x.le(lambd)), 0),
);

export const softshrink = shaped<number>(
  'softshrink',
  (lambd) => [lambd],
  (grad, x, lambd) => grad.maskedFill(x.ge(-lambd).logicalAnd(x.le(lambd)), 0),
);

export const threshold = shaped<{ readonly threshold: number; readonly value: number }>(
  'threshold',
  ({ threshold, value }) => [threshold, value],
  (grad, x, { threshold }) => grad.maskedFill(x.le(threshold), 0),
);

/** A weight of one element, or of one per channel (dim 1), as `x` broadcasts with it. */
function perChannel(x: Tensor, weight: Tensor): Tensor {
  const channels = x.ndim < 2 ? 1 : x.shape[1]!;
  if (weight.ndim > 1 || (weight.numel !== 1 && weight.numel !== channels))
    throw new ShapeError(
      `prelu: wants one weight, or one for each of the ${channels} channels of ${shown(x.shape)}, got shape ${shown(weight.shape)}.`,
    );
  return weight.reshape(
    x.ndim < 2 ? new Array<number>(x.ndim).fill(1) : [1, -1, ...new Array<number>(x.ndim - 2).fill(1)],
  );
}

/** x > 0 ? x : weight * x with a learned weight. */
export const prelu = op<Pair>({
  name: 'prelu',
  forward: ([x, weight]) => x.where(x.gt(0), x.mul(perChannel(x, weight))),
  backward: (grad, [x, weight]) => {
    const slopes = perChannel(x, weight);
    const positive = x.gt(0);
    return [
      x.requiresGrad ? grad.where(positive, grad.mul(slopes)) : null,
      weight.requiresGrad ? grad.mul(x).maskedFill(positive, 0).sumTo(slopes.shape).reshape(weight.shape) : null,
    ];
  },
  saves: 'inputs',
});
