import { cat, DTypeError, isInt, Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import type { Module } from '@q/nn';
import { IntegerLayer, NotOnIntegers, type Computed, type Places } from './layer.js';
import { floats, Gate, integersOf, numbers, quantized, type Integers } from './operands.js';
import { run } from './pointwise.js';

/** A layer that moves or picks elements (views, slices, the largest of each window): done to the integers as it is. */
export class IntegerMovement extends IntegerLayer {
  constructor(
    kind: string,
    places: Places,
    private readonly move: Module,
  ) {
    super(kind, places);
  }

  protected override compute([x, ...rest]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    if (integers === null)
      throw new NotOnIntegers(this, `its input arrives ${this.arrival(x)}: there are no integers to move.`);
    const { values, encoding } = integers;
    const moved: unknown = run(this.move, values, ...rest);
    const wrapped = (result: unknown): Tensor => {
      if (!(result instanceof Tensor)) throw new NotOnIntegers(this, 'it gives more than the integers it moves.');
      return this.given({ values: result, encoding });
    };
    return { y: Array.isArray(moved) ? moved.map(wrapped) : wrapped(moved), route: 'integer' };
  }
}

/** `Concat` on integers: every input moves to the grid of the result. */
export class IntegerConcat extends IntegerLayer {
  private readonly movers: Gate[] = [];

  constructor(
    kind: string,
    places: Places,
    private readonly dim: number,
  ) {
    super(kind, places);
  }

  protected override compute(args: readonly unknown[]): Computed {
    const encoding = this.outputGrid();
    const inputs = args.flat().filter((x): x is Tensor => x instanceof Tensor);
    const values = inputs.map((x, i) => {
      const integers = integersOf(x);
      if (integers === null)
        throw new NotOnIntegers(this, `input ${i} arrives ${this.arrival(x)}. Set an input quantizer.`);
      return (this.movers[i] ??= new Gate(encoding)).moved(integers).values;
    });
    return { y: numbers({ values: cat(values, this.dim), encoding }), route: 'integer' };
  }
}

/** `Embedding` on integers: the rows of its weight are put on the output's grid once. */
export class IntegerEmbedding extends IntegerLayer {
  constructor(
    kind: string,
    places: Places,
    /** Rows on the grid of the output. */
    readonly rows: Integers,
  ) {
    super(kind, places);
  }

  protected override compute([index]: readonly unknown[]): Computed {
    checkTensor(this.name, 'the indices', index);
    if (!isInt(index.dtype)) throw new DTypeError(`${this.name}: indices must be integers, got ${index.dtype}.`);
    const { values, encoding } = this.rows;
    const picked = values.indexSelect(0, index.reshape([-1]).to('int32'));
    return { y: numbers({ values: picked.reshape([...index.shape, values.shape[1]!]), encoding }), route: 'integer' };
  }
}

/** A layer that takes and gives integers and computes with floats between: averages, norms, softmax. */
export class FloatInside extends IntegerLayer {
  constructor(
    kind: string,
    places: Places,
    /** The float layer with its parameters on their grids. */
    readonly inside: Module,
  ) {
    super(kind, places);
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
