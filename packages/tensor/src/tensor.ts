import type { DType } from './dtype.js';
import { format } from './format.js';
import type { View } from './storage.js';
import { SortMethods } from './tensor/sort.js';

/**
 * A strided array of numbers of one dtype that can remember how it was computed.
 *
 * ```ts
 * const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
 * x.mul(x).sum().backward();
 * x.grad; // [[2, 4], [6, 8]]
 * ```
 */
export class Tensor<D extends DType = DType> extends SortMethods<D> {
  /** @internal */
  override wrap<E extends DType>(view: View<E>): Tensor<E> {
    return new Tensor(view.storage, view.layout);
  }

  /** The elements in columns, shortened beyond 1000 of them, and the dtype. */
  override toString(this: Tensor): string {
    return format(this);
  }

  /** What Node's console prints. */
  [Symbol.for('nodejs.util.inspect.custom')](this: Tensor): string {
    return format(this);
  }
}
