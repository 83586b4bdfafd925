import { cat, Tensor } from '@q/tensor';
import { IntegerLayer, NotOnIntegers, type Computed } from './layer.js';
import { Gate, integersOf, numbers } from './operands.js';
import type { PartsWith } from './parts.js';

/** `Concat` on integers: every input moves to the grid of the result. */
export class IntegerConcat extends IntegerLayer {
  declare readonly parts: PartsWith<'dim'>;
  private readonly movers: Gate[] = [];

  constructor(parts: PartsWith<'dim'>) {
    super(parts);
  }

  protected override compute(args: readonly unknown[]): Computed {
    const encoding = this.outputGrid();
    const inputs = args.flat().filter((x): x is Tensor => x instanceof Tensor);
    const values = inputs.map((x, i) => {
      const integers = integersOf(x);
      if (integers === null) throw new NotOnIntegers(this, this.lacking(`input ${i}`, x));
      return (this.movers[i] ??= new Gate(encoding)).moved(integers).values;
    });
    return { y: numbers({ values: cat(values, this.parts.dim), encoding }), route: 'integer' };
  }
}
