import { checkTensor, isTensor } from './arguments.js';
import * as autograd from './autograd.js';
import { ArgumentError, described } from './errors.js';
import type { Op, Outputs, Result, Upstream } from './ops/op.js';
import type { Tensor } from './tensor.js';

function checkOp(operation: string, record: unknown): void {
  const { name, forward, backward } = (record as Partial<Op> | null | undefined) ?? {};
  if (typeof name !== 'string')
    throw new ArgumentError(`${operation}: an operation needs a name, got ${described(name)}.`);
  if (typeof forward !== 'function' || (backward !== null && typeof backward !== 'function'))
    throw new ArgumentError(
      `${operation}: ${described(name)} needs a forward function and a backward function (or null).`,
    );
}

/**
 * Runs an operation on tensors and records it for `backward()` where a gradient is wanted: what the call of a defined
 * operation does, for records that are used as they are.
 *
 * @param inputs what the derivative is taken in, at least one tensor
 * @param attrs everything else, handed to `forward` and `backward` as it is
 * @throws ArgumentError for anything but an operation and tensors
 */
export function apply<I extends readonly Tensor[], A, R extends Result>(
  op: Op<I, A, R>,
  inputs: I,
  attrs: A,
): Outputs<R> {
  checkOp('apply', op);
  return applyOp(op, inputs, attrs);
}

function applyOp<I extends readonly Tensor[], A, R extends Result>(op: Op<I, A, R>, inputs: I, attrs: A): Outputs<R> {
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new ArgumentError(`${op.name}: wants its inputs as an array of tensors, got ${described(inputs)}.`);
  for (let i = 0; i < inputs.length; i++) checkTensor(op.name, `input ${i}`, inputs[i]);
  return autograd.apply(op, inputs, attrs);
}

/** The arguments of a defined operation: its input tensors, then its attributes, where it has them. */
export type OpArguments<I extends readonly Tensor[], A> = [A] extends [void] ? [...I] : [...I, attrs: A];

/** What `defineOp` takes: an operation whose derivative gives one gradient, or null, for each of its inputs. */
export interface OpRecord<I extends readonly Tensor[], A, R extends Result> extends Omit<Op<I, A, R>, 'backward'> {
  /** Gradients for the inputs, written with tensor operations; null where the operation has none. */
  readonly backward:
    | ((
        grad: Upstream<R>,
        inputs: I,
        output: Outputs<R>,
        attrs: A,
      ) => { readonly [K in keyof I]: Tensor | null | undefined })
    | null;
}

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
 *
 * Say `transient: true` where `backward` keeps none of its tensors, so that their memory is used again at once.
 */
export function defineOp<I extends readonly Tensor[] = readonly Tensor[], A = void, R extends Result = Tensor>(
  record: OpRecord<I, A, R>,
): CallableOp<I, A, R> {
  checkOp('defineOp', record);
  // Whether there is a gradient for every input, which the type of the record asks for, is seen when they are there.
  const op = record as Op<I, A, R>;
  const call = (...args: readonly unknown[]): Outputs<R> => {
    const last = args.length > 0 && !isTensor(args[args.length - 1]) ? args.length - 1 : args.length;
    return applyOp(op, args.slice(0, last) as unknown as I, args[last] as A);
  };
  // A function's own `name` is read-only, so the record's fields are defined, not assigned.
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(op)) as unknown as CallableOp<I, A, R>;
}
