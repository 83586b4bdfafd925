import { checkOptionalTensor, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ShapeError, shown } from '../errors.js';
import { matmulInteger as matmulIntegerOp } from '../ops/integer.js';
import { linear as linearOp, linearRelu as linearReluOp } from '../ops/matmul.js';
import type { Tensor } from '../tensor.js';
import { operand } from '../tensor/operand.js';
import { requantizationOf, type Requantization } from './integer.js';

/** Matrix product of two tensors; see `Tensor.matmul`. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensor('matmul', 'a', a);
  return a.matmul(b);
}

/**
 * `x @ weight.T + bias` over the last dim of `x`; `weight` is `[out, in]` or `[in]`, `bias` `[out]`.
 *
 * @returns `[..., out]`, or `[...]` for a weight without outputs
 * @throws ShapeError where the last dim of x is not `in`, the weight has other ranks, or the bias does not fit
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  checkLinear('linear', x, weight, bias);
  if (weight.ndim === 2 && isRow(bias, weight))
    return apply(linearOp, bias ? [x, weight, bias] : [x, weight], undefined);
  const y = x.matmul(weight.transpose(0, -1));
  return bias ? y.add(bias) : y;
}

/**
 * `relu(linear(x, weight, bias))` in one pass, as `torch.ao.nn.intrinsic.LinearReLU`; `Sequential` takes it for the two layers.
 *
 * @throws as `linear`
 */
export function linearRelu(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  checkLinear('linearRelu', x, weight, bias);
  if (weight.ndim === 2 && isRow(bias, weight))
    return apply(linearReluOp, bias ? [x, weight, bias] : [x, weight], undefined);
  return linear(x, weight, bias).relu();
}

/** True where a bias has an element per output. */
const isRow = (bias: Tensor | null, weight: Tensor): boolean =>
  bias === null || (bias.ndim === 1 && bias.shape[0] === weight.shape[0]);

function checkLinear(operation: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  checkTensor(operation, 'x', x);
  checkTensor(operation, 'weight', weight);
  checkOptionalTensor(operation, 'bias', bias);
  if (weight.ndim === 0 || weight.ndim > 2)
    throw new ShapeError(`${operation}: wants a weight [out, in] or [in], got shape ${shown(weight.shape)}.`);
  if (x.ndim === 0 || x.shape[x.ndim - 1] !== weight.shape[weight.ndim - 1])
    throw new ShapeError(
      `${operation}: the last dim of the input must be ${weight.shape[weight.ndim - 1]}, got shape ${shown(x.shape)} for a weight of shape ${shown(weight.shape)}.`,
    );
}

/** Options of `matmulInteger`. */
export interface MatmulIntegerOptions<D extends DType = DType> {
  /** What stands for 0 in `a`: one number, or one per row (`[m]` or `[..., m, 1]`). Default: 0. */
  readonly aZeroPoint?: Tensor | number;
  /** What stands for 0 in `b`: one number, or one per column (`[n]` or `[..., 1, n]`). Default: 0. */
  readonly bZeroPoint?: Tensor | number;
  /** Puts the products on a grid, as `requantize` does; multiplier and bias broadcast with them. */
  readonly requantize?: Requantization<D> | null;
}

/**
 * `(a - aZeroPoint) @ (b - bZeroPoint)`, exact in int32 with wrap-around, as ONNX MatMulInteger. Operands are matrices, or
 * vectors as in `matmul`, of any integer dtypes; leading dims broadcast.
 *
 * @returns int32, or the dtype of the grid; not differentiable
 * @throws DTypeError where an operand is not an integer tensor; ShapeError where shapes do not fit; ArgumentError for a grid that is
 * none
 */
export function matmulInteger<D extends DType = 'int32'>(
  a: Tensor,
  b: Tensor,
  options: MatmulIntegerOptions<D> = {},
): Tensor<D> {
  const {
    aZeroPoint = 0,
    bZeroPoint = 0,
    requantize,
  } = optionsOf('matmulInteger', options, ['aZeroPoint', 'bZeroPoint', 'requantize']);
  checkTensor('matmulInteger', 'a', a);
  checkTensor('matmulInteger', 'b', b);
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError(
      `matmulInteger: both operands need at least one dim, got ${shown(a.shape)} and ${shown(b.shape)}.`,
    );
  const left = a.ndim === 1 ? a.unsqueeze(0) : a;
  const right = b.ndim === 1 ? b.unsqueeze(1) : b;
  const { inputs, onGrid } = requantizationOf('matmulInteger', a, requantize);
  const zeros = [operand(a, aZeroPoint, 'matmulInteger'), operand(b, bZeroPoint, 'matmulInteger')] as const;
  const product = apply(matmulIntegerOp, [left, right, ...zeros, ...inputs], { onGrid });
  const shape = product.shape.filter(
    (_, d) => !(a.ndim === 1 && d === product.ndim - 2) && !(b.ndim === 1 && d === product.ndim - 1),
  );
  return product.reshape(shape) as Tensor as Tensor<D>;
}
