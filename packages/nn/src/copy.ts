import { Tensor } from '@q/tensor';
import { isRecord } from '@q/tensor/internal';
import { Parameter } from './parameter.js';

/** A leaf with the elements of `tensor` in a storage of its own. */
function copyOfTensor(tensor: Tensor): Tensor {
  const elements = tensor.detach().clone();
  if (tensor instanceof Parameter) return new Parameter(elements, { requiresGrad: tensor.requiresGrad });
  elements.requiresGrad = tensor.isLeaf && tensor.requiresGrad;
  return elements;
}

/**
 * A copy of modules, arrays and plain records with all tensors in them; what appears twice is copied once. Objects of any
 * other class are shared with the original. `ownCopy` copies modules that hide state, and gives null for all others.
 */
export function deepCopy(
  value: unknown,
  isModule: (value: unknown) => boolean,
  ownCopy: (value: object) => object | null,
  seen = new Map<object, object>(),
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (value instanceof Tensor) {
    const copy = copyOfTensor(value);
    seen.set(value, copy);
    return copy;
  }
  const own = ownCopy(value);
  if (own !== null) {
    seen.set(value, own);
    return own;
  }
  if (!Array.isArray(value) && !isModule(value) && !isRecord(value)) return value;
  const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
  seen.set(value, copy);
  for (const [key, place] of Object.entries(Object.getOwnPropertyDescriptors(value)))
    Object.defineProperty(
      copy,
      key,
      'value' in place ? { ...place, value: deepCopy(place.value, isModule, ownCopy, seen) } : place,
    );
  return copy;
}
