import type { Module } from '@q/nn';
import { Tensor } from '@q/tensor';
import { run } from './float-layer.js';
import { IntegerLayer, NotOnIntegers, type Computed } from './layer.js';
import { integersOf } from './operands.js';
import type { FloatParts } from './parts.js';

/** A layer that moves or picks elements (views, slices, the largest of each window): done to the integers as it is. */
export class IntegerMovement extends IntegerLayer {
  private readonly move: Module;

  constructor(parts: FloatParts) {
    super(parts);
    this.move = parts.float;
  }

  protected override compute([x, ...rest]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    if (integers === null)
      throw new NotOnIntegers(this, `its input arrives ${this.arrival(x)}: there are no integers to move.`);
    const { values, encoding } = integers;
    const moved = run(this.move, values, ...rest);
    const wrapped = (result: unknown): Tensor => {
      if (!(result instanceof Tensor)) throw new NotOnIntegers(this, 'it gives more than the integers it moves.');
      return this.given({ values: result, encoding });
    };
    return { y: Array.isArray(moved) ? moved.map(wrapped) : wrapped(moved), route: 'integer' };
  }
}
