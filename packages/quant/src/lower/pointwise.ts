import type { Module } from '@q/nn';
import { noGrad, tensor, type Tensor } from '@q/tensor';
import { broadcastShapes } from '@q/tensor/internal';
import { look, lookPairs, pairTableOf, tableOf, tabulates, type PairTable, type Table } from '../kernels/table.js';
import { Accumulated } from './accumulated.js';
import { IntegerLayer, type Computed, type Places } from './layer.js';
import { integersOf, numbers, quantized, type Integers } from './operands.js';

type Encoding = Integers['encoding'];

/** Runs a float layer. */
export const run = (module: Module, ...args: readonly unknown[]): Tensor =>
  noGrad(() => module.forward(...args)) as Tensor;

/** A function of single elements, by a table of all positions of the input's grid. */
export class IntegerFunction extends IntegerLayer {
  private table: { readonly of: Encoding; readonly table: Table } | null = null;

  constructor(
    kind: string,
    places: Places,
    protected readonly fn: Module,
  ) {
    super(kind, places);
  }

  protected override compute([x]: readonly unknown[]): Computed {
    const integers = integersOf(x);
    const output = this.outputGrid();
    if (integers === null) return this.fromFloats(x as Tensor);
    const { encoding } = integers;
    if (!tabulates(encoding)) return this.fromFloats(x as Tensor);
    if (this.table?.of !== encoding)
      this.table = { of: encoding, table: tableOf(encoding, output, (values) => run(this.fn, values)) };
    return { y: numbers({ values: look(this.table.table, integers.values), encoding: output }), route: 'integer' };
  }

  protected fromFloats(x: Tensor): Computed {
    const y = numbers(quantized(run(this.fn, x), this.outputGrid()));
    const accumulated = x instanceof Accumulated;
    return {
      y,
      route: accumulated ? 'float inside' : 'float',
      why: accumulated ? 'its input has no grid, it reads the accumulators as floats' : 'its input arrives as floats',
    };
  }
}

/** `ReLU`, `ReLU6` and `Hardtanh`: as `IntegerFunction`, and on accumulators a narrower grid for them to be put on. */
export class IntegerClamp extends IntegerFunction {
  private ends: { readonly low: number; readonly high: number } | null = null;

  protected override fromFloats(x: Tensor): Computed {
    if (!(x instanceof Accumulated)) return super.fromFloats(x);
    const encoding = this.outputGrid();
    this.ends ??= this.positions(encoding);
    const { low, high } = this.ends;
    return {
      y: numbers({ values: x.onGrid(encoding, low, high), encoding }),
      route: 'integer',
      why: 'in the layer before it',
    };
  }

  /** Rounding never changes the order of numbers, so clamping before or after it is the same. */
  private positions(encoding: Encoding): { low: number; high: number } {
    const ends = encoding.quantize(run(this.fn, tensor([-3e38, 3e38])));
    const [low, high] = ends.toArray() as number[];
    return { low: low! + 0, high: high! + 0 };
  }
}

/** A function of two operands, element by element, by a table of all pairs of positions; one of them may be a number. */
export class IntegerPairs extends IntegerLayer {
  private pairs: { readonly a: Encoding; readonly b: Encoding; readonly table: PairTable } | null = null;
  private single: {
    readonly a: Encoding;
    readonly number: number;
    readonly first: boolean;
    readonly table: Table;
  } | null = null;

  constructor(
    kind: string,
    places: Places,
    private readonly fn: Module,
  ) {
    super(kind, places);
  }

  protected override compute([x, y]: readonly unknown[]): Computed {
    const output = this.outputGrid();
    const [a, b] = [integersOf(x), integersOf(y)];
    if (a !== null && b !== null && tabulates(a.encoding, b.encoding)) return this.byPairs(a, b, output);
    if (a !== null && typeof y === 'number' && tabulates(a.encoding)) return this.byNumber(a, y, false, output);
    if (b !== null && typeof x === 'number' && tabulates(b.encoding)) return this.byNumber(b, x, true, output);
    const wide = [a, b].every((operand, i) => operand !== null || typeof [x, y][i] === 'number');
    return {
      y: numbers(quantized(run(this.fn, x, y), output)),
      route: wide ? 'float inside' : 'float',
      why: wide ? 'pairs of more than 8 bits have no table' : 'an input arrives as floats',
    };
  }

  private byPairs(a: Integers, b: Integers, output: Encoding): Computed {
    if (this.pairs?.a !== a.encoding || this.pairs.b !== b.encoding)
      this.pairs = {
        a: a.encoding,
        b: b.encoding,
        table: pairTableOf(a.encoding, b.encoding, output, (x, y) => run(this.fn, x, y)),
      };
    const shape = broadcastShapes(this.name, a.values.shape, b.values.shape);
    const values = lookPairs(this.pairs.table, a.values.expand(shape), b.values.expand(shape));
    return { y: numbers({ values, encoding: output }), route: 'integer' };
  }

  private byNumber(a: Integers, number: number, first: boolean, output: Encoding): Computed {
    const { single } = this;
    if (single?.a !== a.encoding || single.number !== number || single.first !== first)
      this.single = {
        a: a.encoding,
        number,
        first,
        table: tableOf(a.encoding, output, (x) => (first ? run(this.fn, number, x) : run(this.fn, x, number))),
      };
    return { y: numbers({ values: look(this.single!.table, a.values), encoding: output }), route: 'integer' };
  }
}
