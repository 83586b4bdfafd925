import { Tensor, type DType } from '@q/tensor';
import { checkTensor, optionsOf } from '@q/tensor/internal';

/** Options of `Parameter`. */
export interface ParameterOptions {
  /** Whether `backward()` computes a gradient for it; must be false for dtypes that have none. Default: true. */
  readonly requiresGrad?: boolean;
}

/**
 * A tensor that a module learns: found by `parameters()`, updated by optimizers, stored in the state dict.
 *
 * It shares the storage of `tensor` and is a leaf of the autograd graph. Operations on it give plain tensors.
 *
 * @throws DTypeError for a dtype without gradients, unless `requiresGrad` is false
 * @example
 * class Scale extends Module {
 *   factor = new Parameter(ones([3]));
 *   forward(x: Tensor) { return x.mul(this.factor); }
 * }
 */
export class Parameter<D extends DType = DType> extends Tensor<D> {
  constructor(tensor: Tensor<D>, options: ParameterOptions = {}) {
    const { requiresGrad = true } = optionsOf('Parameter', options, ['requiresGrad']);
    checkTensor('Parameter', 'its argument', tensor);
    super(tensor.storage, tensor.layout);
    this.requiresGrad = requiresGrad;
  }

  /** Tells it from other tensors, so that none can be assigned where a parameter stands. */
  get isParameter(): true {
    return true;
  }
}

/** Whether several elements of a tensor share one place, so that it cannot be written to. */
export function isExpanded({ shape, strides }: Tensor): boolean {
  for (let d = 0; d < shape.length; d++) if (strides[d] === 0 && shape[d]! > 1) return true;
  return false;
}
