import type { View } from '../../storage.js';

/** Functions of one element. */
export type UnaryName =
  // For every dtype but bool; integers wrap.
  | 'neg'
  | 'abs'
  | 'sign'
  | 'square'
  | 'cube'
  | 'relu'
  | 'floor'
  | 'ceil'
  | 'trunc'
  /** To the nearest integer, ties to even. */
  | 'round'
  /** All bits inverted; bool: not. */
  | 'bitwiseNot'
  // For float32 and float64.
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log10'
  | 'log1p'
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'frac'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'sinc'
  | 'logit'
  | 'erf'
  | 'erfc'
  | 'erfinv'
  | 'lgamma'
  | 'digamma'
  | 'trigamma'
  | 'sigmoid'
  | 'logsigmoid'
  | 'silu'
  | 'mish'
  | 'gelu'
  | 'geluTanh'
  | 'hardsigmoid'
  | 'hardswish'
  | 'softsign'
  | 'tanhshrink';

/** Functions of one element with parameters, given as `params` in the order written here. */
export type ParametricName =
  /** [low, high]: min(max(x, low), high); NaN stays. Every dtype. */
  | 'clamp'
  /** [threshold, value]: x > threshold ? x : value; NaN stays. Every dtype but bool. */
  | 'threshold'
  /** [slope]: x > 0 ? x : slope * x. */
  | 'leakyRelu'
  /** [alpha, scale, inputScale]: x > 0 ? scale * x : scale * alpha * expm1(inputScale * x). */
  | 'elu'
  /** [beta, threshold]: beta * x > threshold ? x : log1p(exp(beta * x)) / beta. */
  | 'softplus'
  /** [lambd]: |x| <= lambd ? 0 : x. */
  | 'hardshrink'
  /** [lambd]: x > lambd ? x - lambd : x < -lambd ? x + lambd : 0; NaN stays. */
  | 'softshrink'
  /** [nan, posinf, neginf] in place of the non-finite values. */
  | 'nanToNum'
  /** [decimals]: rounded to a multiple of 10^-decimals, each step in the dtype's precision. */
  | 'roundTo';

/** Functions of two elements of one dtype. */
export type BinaryName =
  // For every dtype; integers wrap, bools add as "or" and multiply as "and".
  | 'add'
  | 'sub'
  | 'mul'
  | 'maximum'
  | 'minimum'
  /** As maximum and minimum, but a number wins over NaN. */
  | 'fmax'
  | 'fmin'
  // For every dtype but bool; the caller sees to it that no integer is divided by zero.
  | 'divFloor'
  | 'divTrunc'
  /** Sign of the divisor. */
  | 'remainder'
  /** Sign of the dividend. */
  | 'fmod'
  | 'pow'
  // For float32 and float64.
  | 'div'
  | 'atan2'
  | 'hypot'
  | 'copysign'
  | 'xlogy'
  | 'logaddexp'
  | 'logaddexp2'
  /** a is 0 ? b : a > 0 ? 1 : 0. Every dtype. */
  | 'heaviside'
  // Derivatives of activations times the upstream gradient a, for float32 and float64.
  /** b is the output: b <= 0 ? 0 : a. */
  | 'reluGrad'
  /** b is the output: a * (1 - b) * b. */
  | 'sigmoidGrad'
  /** b is the output: a * (1 - b * b). */
  | 'tanhGrad'
  /** b is the input. */
  | 'siluGrad'
  | 'geluGrad'
  // For bool and the integers.
  | 'bitwiseAnd'
  | 'bitwiseOr'
  | 'bitwiseXor'
  // For the integers; a shift by the width or more leaves 0, or the sign to the right.
  | 'leftShift'
  | 'rightShift';

/** Comparisons and connectives of one dtype; the output is bool. */
export type CompareName = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'logicalAnd' | 'logicalOr' | 'logicalXor';

/** Questions about one element of any dtype but the half precision ones; the output is bool. */
export type TestName =
  | 'isnan'
  | 'isinf'
  | 'isfinite'
  | 'isposinf'
  | 'isneginf'
  | 'signbit'
  /** True for zero. */
  | 'logicalNot';

/** Functions of three elements of one dtype and a number. */
export type TernaryName =
  /** a + value * b * c. */
  | 'addcmul'
  /** a + value * b / c; floats. */
  | 'addcdiv'
  /** a + c * (b - a), exact at both ends; floats. */
  | 'lerp';

/**
 * All inputs are broadcast to the output's shape by their layouts; layouts are arbitrary, dtypes as each kernel says. An
 * output may be one of the inputs (same storage, same layout), but must not overlap one otherwise.
 */
export interface ElementwiseKernels {
  /** Writes `x` into `out`, converting the dtype as PyTorch casts (truncation and wrap-around for integers). */
  copy(x: View, out: View): void;
  fill(value: number, out: View): void;
  unary(name: UnaryName, x: View, out: View): void;
  parametric(name: ParametricName, x: View, out: View, params: readonly number[]): void;
  binary(name: BinaryName, a: View, b: View, out: View): void;
  /** `a + alpha * b`, for every dtype but bool. */
  addScaled(a: View, b: View, out: View, alpha: number): void;
  ternary(name: TernaryName, a: View, b: View, c: View, out: View, value: number): void;
  compare(name: CompareName, a: View, b: View, out: View): void;
  test(name: TestName, x: View, out: View): void;
  /** `condition ? a : b` with a bool condition. */
  where(condition: View, a: View, b: View, out: View): void;
}
