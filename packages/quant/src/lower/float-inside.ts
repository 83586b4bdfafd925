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
    if (!(y instanceof Tensor)) throw new NotOnIntegers(this, 'it gives several results');
    const on = quantized(y, this.outputGrid());
    const lacking = args.find((arg) => arg instanceof Tensor && integersOf(arg) === null);
    if (lacking !== undefined) return { y: numbers(on), route: 'float', why: this.lacking('an input', lacking) };
    return { y: numbers(on), route: 'float inside', why: 'computes with float32 between integers' };
  }
}
