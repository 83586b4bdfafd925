import { checkFunction, checkSynchronous, checkTensor } from './arguments.js';
import { adoptBirths, withBirths, type Storage } from './storage.js';
import type { Tensor } from './tensor.js';
import { TensorCore } from './tensor/core.js';

/** Adds a storage and those that its elements come from. */
function addWithOrigins(storage: Storage, found: Set<Storage>): void {
  for (let next: Storage | null = storage; next !== null; next = next.origin) found.add(next);
}

/** Storages of the tensors in a result: itself, or in arrays, maps, sets and plain objects, however deep. */
function storagesIn(value: unknown, found: Set<Storage>, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof TensorCore) {
    addWithOrigins(value.storage, found);
    if (value.gradient) addWithOrigins(value.gradient.storage, found);
    for (let node = value.node, nodes = node ? [node] : []; (node = nodes.pop() ?? null);) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const tensor of [...node.inputs, ...node.outputs]) addWithOrigins(tensor.storage, found);
      for (const edge of node.edges) if (edge?.node) nodes.push(edge.node);
    }
    return;
  }
  const parts = value instanceof Map || value instanceof Set || Array.isArray(value) ? value : Object.values(value);
  for (const part of parts) storagesIn(part, found, seen);
}

/**
 * Runs a synchronous function and frees the memory of the tensors made in it at once, all but those in its result (with
 * the graph they come from), gradients of tensors from outside, and those that were kept. Never necessary: without it
 * memory is bounded too, but large intermediate results are then copied out before their place is used again.
 *
 * @throws ArgumentError for an async function; MemoryError later, where a freed tensor is read
 * @example
 * const loss = scope(() => {
 *   const loss = crossEntropy(model.forward(x), y);
 *   loss.backward();
 *   return loss.item();
 * });
 */
export function scope<T>(fn: () => T): T {
  checkFunction('scope', fn);
  const { result, born } = withBirths(fn);
  checkSynchronous(
    result,
    'scope: an async function would run on after its tensors are freed. Await first, then wrap the synchronous part.',
  );
  const found = new Set<Storage>();
  storagesIn(result, found, new Set());
  for (const storage of born) if (!found.has(storage)) storage.free();
  adoptBirths(born.filter((storage) => found.has(storage)));
  return result;
}

/** Lets a tensor outlive the `scope` it is made in without being part of the result. Returns the tensor. */
export function keep<T extends Tensor>(tensor: T): T {
  checkTensor('keep', 'its argument', tensor);
  tensor.storage.keep();
  return tensor;
}
