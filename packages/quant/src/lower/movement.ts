import { Flatten, Reshape, Unflatten, type Module } from '@q/nn';
import { Tensor } from '@q/tensor';
import { DequantizedTensor } from '../tensor.js';
import { run } from './float-layer.js';
import { IntegerLayer, NotOnIntegers, type Computed } from './layer.js';
import { integersOf, tie } from './operands.js';
import type { FloatParts } from './parts.js';

/** Layers that copy elements only where these lie in another order, as those of convolutions on integers do. */
const reshapes = [Flatten, Reshape, Unflatten] as const;

/** A layer that moves or picks elements (views, slices, the largest of each window): done to the integers as it is. */
export class IntegerMovement extends IntegerLayer {
  private readonly move: Module;

  constructor(parts: FloatParts) {
    super(parts);
    this.move = parts.float;
  }

  protected override compute([x, ...rest]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    if (integers === null) throw new NotOnIntegers(this, this.lacking('its input', x));
    const { values, encoding } = integers;
    const moved = run(this.move, values, ...rest);
    const results = Array.isArray(moved) ? moved : [moved];
    if (!results.every((result) => result instanceof Tensor))
      throw new NotOnIntegers(this, 'it gives more than the integers it moves');
    const looks = results.every(({ storage }) => storage === values.storage);
    // A view stays one of the tensor that was given, so that what is written to either is seen in both.
    if (looks && this.output === null && x instanceof DequantizedTensor)
      return { y: run(this.move, x, ...rest) as Tensor | Tensor[], route: 'integer' };
    const given = results.map((result) => this.given({ values: result, encoding }));
    if (!looks && this.output === null && reshapes.some((type) => this.move instanceof type))
      for (const { storage } of given) tie(this.name, (x as Tensor).storage, storage);
    return { y: Array.isArray(moved) ? given : given[0]!, route: 'integer' };
  }
}
