import type { Tensor } from '@q/tensor';
import { checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import type { StateNames } from '../slots.js';

/** A module that takes one tensor and gives one. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

/** A module without parameters and options, whose forward is one function. */
export interface Operation<A extends unknown[], R> extends Module {
  forward(...inputs: A): R;
}

/** Class of an `Operation`. */
export interface OperationClass<A extends unknown[], R> {
  readonly stateNames: StateNames;
  new (): Operation<A, R>;
}

const firstIsTensor = (layer: string, inputs: readonly unknown[]): void => checkTensor(layer, 'the input', inputs[0]);

/**
 * A class of modules that only call `fn`.
 *
 * @param check what throws for inputs that `fn` cannot take, beyond what it checks itself
 */
export function operation<A extends unknown[], R>(
  fn: (...inputs: A) => R,
  check: (layer: string, inputs: readonly unknown[]) => void = firstIsTensor,
): OperationClass<A, R> {
  return class extends Module {
    forward(...inputs: A): R {
      check(this.constructor.name, inputs);
      return fn(...inputs);
    }
  };
}

/** Class of a module that keeps its options as properties. */
export interface ConfiguredClass<O extends object> {
  readonly stateNames: StateNames;
  new (options?: Partial<O>): Layer & O;
}

/**
 * A class of modules that call `fn` with their options, which are their properties.
 *
 * @param print what `extraRepr` gives for the options
 */
export function configured<O extends object>(
  defaults: O,
  fn: (x: Tensor, options: O) => Tensor,
  print: (options: O) => string,
): ConfiguredClass<O> {
  class Configured extends Module {
    constructor(options: Partial<O> = {}) {
      super();
      const given = Object.entries(optionsOf(this.constructor.name, options)).filter(
        ([key, value]) => Object.hasOwn(defaults, key) && value !== undefined,
      );
      Object.assign(this, defaults, Object.fromEntries(given));
    }

    forward(this: Layer & O, x: Tensor): Tensor {
      checkTensor(this.constructor.name, 'the input', x);
      return fn(x, this);
    }

    override extraRepr(this: Layer & O): string {
      return print(this);
    }
  }
  // The constructor has given every instance the properties of `defaults`, which TypeScript cannot see.
  return Configured as unknown as ConfiguredClass<O>;
}
