import { ArgumentError, described, type Tensor } from '@q/tensor';
import { checkTensor, isTensor } from '@q/tensor/internal';
import { withDefaults } from '../options.js';
import { Module } from '../module.js';
import type { ModuleStatics } from '../slots.js';

/** A module that takes one tensor and gives one. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** A module without parameters and options, whose forward is one function. */
export interface Operation<A extends unknown[], R> extends Module {
  forward(...inputs: A): R;
}

/** Class of an `Operation`. */
export interface OperationClass<A extends unknown[], R> extends ModuleStatics {
  new (): Operation<A, R>;
}

const noInputs = (layer: string, inputs: readonly unknown[]): ArgumentError =>
  new ArgumentError(`${layer}: wants tensors, got ${inputs.map(described).join(', ') || 'nothing'}.`);

const firstIsTensor = (inputs: readonly unknown[]): boolean => isTensor(inputs[0]);

/**
 * A class of modules that only call `fn`.
 *
 * @param takes whether `fn` can take its first inputs: it checks the rest itself
 */
export function operation<A extends unknown[], R>(
  fn: (...inputs: A) => R,
  takes: (inputs: readonly unknown[]) => boolean = firstIsTensor,
): OperationClass<A, R> {
  return class extends Module {
    forward(...inputs: A): R {
      if (!takes(inputs)) throw noInputs(this.constructor.name, inputs);
      return fn(...inputs);
    }
  };
}

/** Options as properties: each of them, and they may be changed. */
export type Settings<O> = { -readonly [K in keyof O]-?: O[K] };

/** Class of a module that keeps its options as properties. */
export interface ConfiguredClass<O extends object> extends ModuleStatics {
  new (options?: O): Layer & Settings<O>;
}

/**
 * A class of modules that call `fn` with their options, which are their properties.
 *
 * @param print what `extraRepr` gives for the options
 */
export function configured<O extends object>(
  defaults: Required<O>,
  fn: (x: Tensor, options: Settings<O>) => Tensor,
  print: (options: Settings<O>) => string,
): ConfiguredClass<O> {
  class Configured extends Module {
    constructor(options?: O) {
      super();
      Object.assign(this, withDefaults<object>(this.constructor.name, options ?? {}, defaults));
    }

    forward(this: Layer & Settings<O>, x: Tensor): Tensor {
      checkTensor(this.constructor.name, 'the input', x);
      return fn(x, this);
    }

    override extraRepr(this: Layer & Settings<O>): string {
      return print(this);
    }
  }
  // The constructor has given every instance the properties of `defaults`, which TypeScript cannot see.
  return Configured as unknown as ConfiguredClass<O>;
}
