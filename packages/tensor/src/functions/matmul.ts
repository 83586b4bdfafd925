import { apply } from '../autograd.js';
import { ShapeError, shown } from '../errors.js';
import { matmulInteger as matmulIntegerOp } from '../ops/integer.js';
import type { Tensor } from '../tensor.js';
import { operand } from '../tensor/operand.js';

/** Matrix product of two tensors; see `Tensor.matmul`. */
export const matmul = (a: Tensor, b: Tensor): Tensor => a.matmul(b);

/** Zero points of `matmulInteger`: what stands for 0 in each operand. */
export interface MatmulIntegerOptions {
  /** One number, or one per row of `a` (`[m]` or `[..., m, 1]`). Default: 0. */
  readonly aZeroPoint?: Tensor | number;
  /** One number, or one per column of `b` (`[n]` or `[..., 1, n]`). Default: 0. */
  readonly bZeroPoint?: Tensor | number;
}

/**
 * `(a - aZeroPoint) @ (b - bZeroPoint)`, exact in int32 with wrap-around, as ONNX MatMulInteger. Operands are matrices, or
 * vectors as in `matmul`, of any integer dtypes; leading dims broadcast.
 *
 * @returns int32; not differentiable
 * @throws DTypeError where an operand is not an integer tensor; ShapeError where shapes do not fit
 */
export function matmulInteger(a: Tensor, b: Tensor, options: MatmulIntegerOptions = {}): Tensor<'int32'> {
  const { aZeroPoint = 0, bZeroPoint = 0 } = options;
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError(
      `matmulInteger: both operands need at least one dim, got ${shown(a.shape)} and ${shown(b.shape)}.`,
    );
  const left = a.ndim === 1 ? a.unsqueeze(0) : a;
  const right = b.ndim === 1 ? b.unsqueeze(1) : b;
  const product = apply(matmulIntegerOp, [left, right, operand(a, aZeroPoint), operand(b, bZeroPoint)], undefined);
  const shape = product.shape.filter(
    (_, d) => !(a.ndim === 1 && d === product.ndim - 2) && !(b.ndim === 1 && d === product.ndim - 1),
  );
  return product.reshape(shape).to('int32');
}
