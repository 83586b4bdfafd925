import type { Tensor } from '../tensor.js';
import type { View } from '../storage.js';

/** What `forward` returns: one view, or several for an op with several outputs. A Tensor is a view too. */
export type Result = View | readonly View[];

/** The tensors that `apply` makes of a result. */
export type Outputs<R extends Result> = R extends readonly View[]
  ? { [K in keyof R]: R[K] extends View<infer D> ? Tensor<D> : never }
  : R extends View<infer D>
    ? Tensor<D>
    : never;

/** Upstream gradients: one tensor, or one per output with null where an output was not used. */
export type Upstream<R extends Result> = R extends readonly View[] ? { [K in keyof R]: Tensor | null } : Tensor;

/** Gradients for the inputs, in their order: null or undefined where there is none. */
export type InputGrads = readonly (Tensor | null | undefined)[];

/**
 * An operation and its derivative, in one place. `forward` computes from views (nothing inside it is recorded);
 * `backward` is written with tensor operations and gets the upstream gradient, the inputs, the output and the attributes.
 * `null` says that the operation is not differentiable. A gradient must have the shape of its input; its dtype is matched.
 */
export interface Op<I extends readonly Tensor[] = readonly Tensor[], A = unknown, R extends Result = Result> {
  /** How messages call it. */
  readonly name: string;
  /** Computes the result; nothing inside it is recorded. */
  forward(inputs: I, attrs: A): R;
  /** Gradients for the inputs, written with tensor operations; null where there are none. */
  readonly backward: Derivative<I, A, R>['backward'] | null;
  /**
   * The values `backward` reads: changing them in place before it runs is an error. A list names single inputs by their
   * positions; `'others'` are inputs that are read for the gradients of other inputs only. Default: 'both'.
   */
  readonly saves?: 'inputs' | 'others' | 'output' | 'both' | 'none' | readonly number[];
  /**
   * True where `backward` keeps none of the tensors that it is given, makes or returns: their memory is used again at once, not
   * when the garbage collector finds it.
   */
  readonly transient?: boolean;
  /** True where every output element is an input element, unchanged: a subclass of Tensor may carry its meaning over. */
  readonly moves?: boolean;
}

/** Declared as a method so that ops on fixed tuples are ops on arrays too. */
interface Derivative<I extends readonly Tensor[], A, R extends Result> {
  /** Gradients for the inputs. */
  backward(grad: Upstream<R>, inputs: I, output: Outputs<R>, attrs: A): InputGrads;
}

export type Single = readonly [Tensor];
export type Pair = readonly [Tensor, Tensor];
export type Triple = readonly [Tensor, Tensor, Tensor];

/** An operation of the engine, whose derivative keeps no tensors: `op<Pair>({ name: 'mul', ... })`. */
export const op = <I extends readonly Tensor[], A = void, R extends Result = View>(
  record: Op<I, A, R>,
): Op<I, A, R> => ({ transient: true, ...record });
