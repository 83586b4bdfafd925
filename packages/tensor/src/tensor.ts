import type { DType } from './dtype.js';
import type { View } from './storage.js';
import { ReduceMethods } from './tensor/reduce.js';

/**
 * A strided array of numbers of one dtype that can remember how it was computed.
 *
 * ```ts
 * const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * x.mul(x).sum().backward();
 * x.grad; // [[2, 4], [6, 8]]
 * ```
 */
export class Tensor<D extends DType = DType> extends ReduceMethods<D> {
  override wrap<E extends DType>(view: View<E>): Tensor<E> {
    return new Tensor(view.storage, view.layout);
  }
}
