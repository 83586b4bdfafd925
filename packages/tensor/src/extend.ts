import { apply } from './autograd.js';
import { ArgumentError } from './errors.js';
import type { Op, Outputs, Result } from './ops/op.js';
import type { Tensor } from './tensor.js';

/** The arguments of a defined operation: its input tensors, then its attributes if it has any. */
export type OpArguments<I extends readonly Tensor[], A> = [A] extends [void] ? [...I] : [...I, attrs: A];

/** An operation that can be called, and read as a record. */
export type CallableOp<I extends readonly Tensor[], A, R extends Result> = ((
  ...args: OpArguments<I, A>
) => Outputs<R>) &
  Op<I, A, R>;

/**
 * Adds a differentiable operation to the engine, as `torch.autograd.Function` does.
 *
 * ```ts
 * const square = defineOp<readonly [Tensor]>({
 *   name: 'square',
 *   forward: ([x]) => x.mul(x),
 *   backward: (grad, [x]) => [grad.mul(x).mul(2)],
 * });
 * square(tensor([3], { requiresGrad: true })).backward();
 * ```
 */
export function defineOp<I extends readonly Tensor[] = readonly Tensor[], A = void, R extends Result = Tensor>(
  record: Op<I, A, R>,
): CallableOp<I, A, R> {
  if (typeof record.forward !== 'function' || (record.backward !== null && typeof record.backward !== 'function'))
    throw new ArgumentError(`defineOp: ${record.name} needs a forward function and a backward function (or null).`);
  const call = (...args: readonly unknown[]): Outputs<R> => {
    const isTensor = (value: unknown): boolean => typeof value === 'object' && value !== null && 'storage' in value;
    const last = args.length > 0 && !isTensor(args[args.length - 1]) ? args.length - 1 : args.length;
    return apply(record, args.slice(0, last) as unknown as I, args[last] as A);
  };
  // A function's own `name` is read-only, so the record's fields are defined, not assigned.
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(record)) as unknown as CallableOp<I, A, R>;
}
