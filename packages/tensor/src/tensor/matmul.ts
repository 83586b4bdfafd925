import { checkNumber, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { isFloat, type DType } from '../dtype.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/matmul.js';
import { numel, sameShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { RandomMethods } from './random.js';

/** Factors of `addmm` and its relatives. */
export interface AddmmOptions {
  /** Factor of the tensor itself; 0 ignores it, NaN included. Default: 1. */
  readonly beta?: number;
  /** Factor of the product. Default: 1. */
  readonly alpha?: number;
}

/** Throws unless the operands have the given ranks. */
function checkRanks(operation: string, tensors: readonly Tensor[], ranks: readonly number[]): void {
  tensors.forEach((tensor, i) => checkTensor(operation, `operand ${i}`, tensor));
  if (tensors.some((tensor, i) => tensor.ndim !== ranks[i]))
    throw new ShapeError(
      `${operation}: wants operands of rank ${ranks.join(' and ')}, got ${tensors.map(({ shape }) => shown(shape)).join(' and ')}.`,
    );
}

/** `beta * self + alpha * product`. */
function addProduct(operation: string, self: Tensor, product: Tensor, options: AddmmOptions): Tensor {
  const { beta = 1, alpha = 1 } = optionsOf(operation, options, ['beta', 'alpha']);
  checkNumber(operation, 'beta', beta);
  checkNumber(operation, 'alpha', alpha);
  if (!isFloat(product.dtype) && !(Number.isInteger(beta) && Number.isInteger(alpha)))
    throw new ArgumentError(
      `${operation}: beta and alpha must be integers for ${product.dtype}, got ${beta} and ${alpha}.`,
    );
  if (self.ndim > product.ndim)
    throw new ShapeError(
      `${operation}: shape ${shown(self.shape)} does not broadcast to the product's ${shown(product.shape)}.`,
    );
  const scaled = alpha === 1 ? product : product.mul(alpha);
  const spread = self.broadcastTo(product.shape);
  return beta === 0 ? scaled : scaled.add(beta === 1 ? spread : spread.mul(beta));
}

/** Products of matrices and vectors. */
export abstract class MatmulMethods<D extends DType = DType> extends RandomMethods<D> {
  /**
   * Matrix product as `torch.matmul`: vectors get a dim that the result loses again, leading dims broadcast.
   *
   * @throws ShapeError where the inner sizes differ or an operand has no dim
   */
  matmul(this: Tensor, other: Tensor): Tensor {
    checkTensor('matmul', 'the other operand', other);
    if (this.ndim === 0 || other.ndim === 0)
      throw new ShapeError(
        `matmul: both operands need at least one dim, got ${shown(this.shape)} and ${shown(other.shape)}.`,
      );
    const left = this.ndim === 1 ? this.unsqueeze(0) : this;
    const right = other.ndim === 1 ? other.unsqueeze(1) : other;
    // One matrix for a whole batch: the batch joins the rows, so that the product and its gradients are single ones.
    const fold = left.ndim > 2 && right.ndim === 2 && left.shape.at(-1) === right.shape[0];
    const rows = fold ? left.reshape([numel(left.shape.slice(0, -1)), left.shape.at(-1)!]) : left;
    const product = apply(ops.matmul, [rows, right], undefined);
    const full = fold ? [...left.shape.slice(0, -1), right.shape[1]!] : product.shape;
    const shape = full.filter(
      (_, d) => !(this.ndim === 1 && d === full.length - 2) && !(other.ndim === 1 && d === full.length - 1),
    );
    return sameShape(shape, product.shape) ? product : product.reshape(shape);
  }

  /** Product of two matrices. */
  mm(this: Tensor, mat2: Tensor): Tensor {
    checkRanks('mm', [this, mat2], [2, 2]);
    return this.matmul(mat2);
  }

  /** Product of a matrix and a vector. */
  mv(this: Tensor, vec: Tensor): Tensor {
    checkRanks('mv', [this, vec], [2, 1]);
    return this.matmul(vec);
  }

  /** Products of two batches of matrices, `[b, m, k]` and `[b, k, n]`; batches do not broadcast. */
  bmm(this: Tensor, mat2: Tensor): Tensor {
    checkRanks('bmm', [this, mat2], [3, 3]);
    if (this.shape[0] !== mat2.shape[0])
      throw new ShapeError(
        `bmm: batch sizes differ: ${shown(this.shape)} and ${shown(mat2.shape)}. Use matmul() to broadcast.`,
      );
    return this.matmul(mat2);
  }

  /** Sum of the products of two vectors. */
  dot(this: Tensor, other: Tensor): Tensor {
    checkRanks('dot', [this, other], [1, 1]);
    return this.matmul(other);
  }

  /** Sums of products over the last dims, as `torch.inner`; a product where an operand is 0-d. */
  inner(this: Tensor, other: Tensor): Tensor {
    checkTensor('inner', 'the other operand', other);
    if (this.ndim === 0 || other.ndim === 0) return this.mul(other);
    const [k, inner] = [this.shape.at(-1)!, other.shape.at(-1)!];
    if (k !== inner)
      throw new ShapeError(
        `inner: last sizes differ: ${shown(this.shape)} and ${shown(other.shape)} (${k} against ${inner}).`,
      );
    const rows = [numel(this.shape.slice(0, -1)), k];
    const columns = [numel(other.shape.slice(0, -1)), k];
    const product = this.reshape(rows).matmul(other.reshape(columns).transpose(0, 1));
    return product.reshape([...this.shape.slice(0, -1), ...other.shape.slice(0, -1)]);
  }

  /** Products of each element of a vector with each of another, `[n]` and `[m]` to `[n, m]`. */
  outer(this: Tensor, vec2: Tensor): Tensor {
    checkRanks('outer', [this, vec2], [1, 1]);
    return this.unsqueeze(1).mul(vec2.unsqueeze(0));
  }

  /** `beta * this + alpha * (mat1 @ mat2)`; this broadcasts to the product. */
  addmm(this: Tensor, mat1: Tensor, mat2: Tensor, options: AddmmOptions = {}): Tensor {
    checkRanks('addmm', [mat1, mat2], [2, 2]);
    return addProduct('addmm', this, mat1.matmul(mat2), options);
  }

  /** `beta * this + alpha * (mat @ vec)`. */
  addmv(this: Tensor, mat: Tensor, vec: Tensor, options: AddmmOptions = {}): Tensor {
    checkRanks('addmv', [mat, vec], [2, 1]);
    return addProduct('addmv', this, mat.matmul(vec), options);
  }

  /** `beta * this + alpha * (batch1 @ batch2)`, a product per batch entry. */
  baddbmm(this: Tensor, batch1: Tensor, batch2: Tensor, options: AddmmOptions = {}): Tensor {
    checkRanks('baddbmm', [batch1, batch2], [3, 3]);
    return addProduct('baddbmm', this, batch1.bmm(batch2), options);
  }

  /** `beta * this + alpha * sum(batch1 @ batch2)`, summed over the batch. */
  addbmm(this: Tensor, batch1: Tensor, batch2: Tensor, options: AddmmOptions = {}): Tensor {
    checkRanks('addbmm', [batch1, batch2], [3, 3]);
    const product = batch1.bmm(batch2);
    const batches = product.sumTo([1, ...product.shape.slice(1)]);
    return addProduct('addbmm', this, batches.reshape(product.shape.slice(1)), options);
  }
}
