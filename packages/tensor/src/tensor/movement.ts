import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import * as ops from '../ops/movement.js';
import { wrapDim, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { ElementwiseMethods } from './elementwise.js';

/** Views and copies that move elements without changing them. */
export abstract class MovementMethods<D extends DType = DType> extends ElementwiseMethods<D> {
  /** A copy in memory of its own. */
  clone(this: Tensor<D>): Tensor<D> {
    return apply(ops.clone, [this], undefined) as Tensor<D>;
  }

  /** The elements in order under another shape; one size may be -1. A view where possible, else a copy. */
  reshape(this: Tensor<D>, shape: Shape): Tensor<D> {
    return apply(ops.reshape, [this], shape) as Tensor<D>;
  }

  /** The dims in another order. */
  permute(this: Tensor<D>, dims: readonly number[]): Tensor<D> {
    return apply(ops.permute, [this], dims) as Tensor<D>;
  }

  /** Two dims exchanged. */
  transpose(this: Tensor<D>, dim0: number, dim1: number): Tensor<D> {
    const a = wrapDim('transpose', dim0, this.ndim);
    const b = wrapDim('transpose', dim1, this.ndim);
    if (this.ndim === 0) return this;
    return this.permute(this.shape.map((_, d) => (d === a ? b : d === b ? a : d)));
  }

  /** A new dim of size 1. */
  unsqueeze(this: Tensor<D>, dim: number): Tensor<D> {
    const at = wrapDim('unsqueeze', dim, this.ndim + 1);
    return this.reshape(this.shape.toSpliced(at, 0, 1));
  }

  /** Stretched to `shape` without copying. */
  broadcastTo(this: Tensor<D>, shape: Shape): Tensor<D> {
    return apply(ops.broadcastTo, [this], shape) as Tensor<D>;
  }
}
