import type { Module } from '@q/nn';
import { Tensor } from '@q/tensor';
import { run } from './float-layer.js';
import { IntegerLayer, NotOnIntegers, type Computed } from './layer.js';
import { floats, integersOf, numbers, quantized } from './operands.js';
import type { FloatParts } from './parts.js';

/** A layer that takes and gives integers and computes with floats between: norms, softmax, what has no kernel of its own. */
export class FloatInside extends IntegerLayer {
  /** The float layer with its parameters on their grids. */
  readonly inside: Module;

  constructor(parts: FloatParts) {
    super(parts);
    this.inside = parts.float;
  }

  protected override compute(args: readonly unknown[]): Computed {
    const y = run(this.inside, ...args.map(floats));
    if (!(y instanceof Tensor)) throw new NotOnIntegers(this, `gives several results.`);
    const on = quantized(y, this.outputGrid());
    const entered = args.every((arg) => !(arg instanceof Tensor) || integersOf(arg) !== null);
    return {
      y: numbers(on),
      route: entered ? 'float inside' : 'float',
      why: entered ? 'computes with float32 between integers' : 'an input arrives as floats',
    };
  }
}
