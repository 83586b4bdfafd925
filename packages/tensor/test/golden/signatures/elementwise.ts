/** Element by element: functions of one tensor, of two with broadcasting, activations, comparisons. */
import { each } from './each.js';

export const elementwise: Readonly<Record<string, string>> = {
  ...each(
    `
    exp log log2 log10 log1p expm1 exp2 sqrt rsqrt square reciprocal abs neg sign sgn floor ceil trunc frac
    sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sinc erf erfc erfinv lgamma digamma sigmoid
    isnan isinf isfinite isposinf isneginf signbit logical_not bitwise_not deg2rad rad2deg positive
    logsigmoid softsign tanhshrink
    clone detach contiguous`,
    'x',
  ),
  ...each('relu relu6 silu mish hardswish hardsigmoid selu', 'x ~inplace'),
  ...each(
    `
    mul maximum minimum fmax fmin remainder fmod floor_divide atan2 hypot xlogy logaddexp copysign
    eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor
    bitwise_left_shift bitwise_right_shift heaviside`,
    'x other',
  ),
  add: 'x other {alpha}',
  sub: 'x other {alpha}',
  rsub: 'x other {alpha}',
  div: 'x other {rounding_mode}',
  absolute: 'x -> abs',
  negative: 'x -> neg',
  arcsin: 'x -> asin',
  arccos: 'x -> acos',
  arctan: 'x -> atan',
  arctan2: 'x other -> atan2',
  arcsinh: 'x -> asinh',
  arccosh: 'x -> acosh',
  arctanh: 'x -> atanh',
  fix: 'x -> trunc',
  subtract: 'x other {alpha} -> sub',
  multiply: 'x other -> mul',
  pow: 'x exponent',
  true_divide: 'x other -> div',
  divide: 'x other {rounding_mode} -> div',
  greater: 'x other -> gt',
  greater_equal: 'x other -> ge',
  less: 'x other -> lt',
  less_equal: 'x other -> le',
  not_equal: 'x other -> ne',
  round: 'x {decimals}',
  logit: 'x eps?',
  clamp: 'x {min max}',
  clip: 'x {min max} -> clamp',
  clamp_min: 'x min',
  clamp_max: 'x max',
  nan_to_num: 'x {nan posinf neginf}',
  isclose: 'x other {rtol atol equal_nan}',
  addcmul: 'x tensor1 tensor2 {value}',
  addcdiv: 'x tensor1 tensor2 {value}',
  lerp: 'x end weight',
  to: 'x dtype',
  type: 'x dtype -> to',
  gelu: 'x {approximate}',
  elu: 'x {alpha ~inplace}',
  celu: 'x {alpha ~inplace}',
  softplus: 'x {beta threshold}',
  leaky_relu: 'x {negative_slope ~inplace}',
  hardtanh: 'x {min_val max_val ~inplace}',
  hardshrink: 'x {lambd}',
  softshrink: 'x {lambd}',
  threshold: 'x threshold value ~inplace',
  glu: 'x {dim}',
  prelu: 'x weight',
};
