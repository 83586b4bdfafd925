import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ShapeError, shown } from '../errors.js';
import * as ops from '../ops/matmul.js';
import type { Tensor } from '../tensor.js';
import { MovementMethods } from './movement.js';

/** Products of matrices and vectors. */
export abstract class MatmulMethods<D extends DType = DType> extends MovementMethods<D> {
  /**
   * Matrix product as `torch.matmul`: vectors get a dim that the result loses again, leading dims broadcast.
   *
   * @throws ShapeError where the inner sizes differ or an operand has no dim
   */
  matmul(this: Tensor, other: Tensor): Tensor {
    if (this.ndim === 0 || other.ndim === 0)
      throw new ShapeError(`matmul: both operands need at least one dim, got ${shown(this.shape)} and ${shown(other.shape)}.`);
    const left = this.ndim === 1 ? this.unsqueeze(0) : this;
    const right = other.ndim === 1 ? other.unsqueeze(1) : other;
    const product = apply(ops.matmul, [left, right], undefined);
    const shape = product.shape.filter(
      (_, d) => !(this.ndim === 1 && d === product.ndim - 2) && !(other.ndim === 1 && d === product.ndim - 1),
    );
    return shape.length === product.ndim ? product : product.reshape(shape);
  }
}
