import { type Module, type StateNames } from '@q/nn';
import {
  binaryScaled,
  broadcastShapes,
  noGrad,
  tensor,
  type ScaledBinaryName,
  type Storage,
  type Tensor,
} from '@q/tensor';
import { look, tableOf, tabulates, type Table } from '../kernels/table.js';
import { Accumulated, Paired } from './accumulated.js';
import { wholeGrid, type Target } from './grids.js';
import { IntegerLayer, NotOnIntegers, type Computed, type Places } from './layer.js';
import { integersOf, numbers, quantized, scaled, scaledGrid, type Integers } from './operands.js';

type Encoding = Integers['encoding'];

/** Runs a float layer, in evaluation whatever mode the model around it was put in. */
export function run(module: Module, ...args: readonly unknown[]): Tensor {
  if (module.training) module.eval();
  return noGrad(() => module.forward(...args)) as Tensor;
}

/** A function of single elements, by a table of all positions of the input's grid. */
export class IntegerFunction extends IntegerLayer {
  static override readonly stateNames: StateNames = { table: null };
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
  private target: Target | null = null;

  protected override fromFloats(x: Tensor): Computed {
    if (!(x instanceof Accumulated)) return super.fromFloats(x);
    const encoding = this.outputGrid();
    this.target ??= this.positions(encoding);
    return {
      y: numbers({ values: x.onGrid(this.target), encoding }),
      route: 'integer',
      why: 'in the layer before it',
    };
  }

  /** Rounding never changes the order of numbers, so clamping before or after it is the same. */
  private positions(encoding: Encoding): Target {
    const ends = encoding.quantize(run(this.fn, tensor([-3e38, 3e38])));
    const [low, high] = ends.toArray() as number[];
    return { encoding, low: low! + 0, high: high! + 0 };
  }
}

const READ = 'it has no output quantizer, and its result is read as floats';

/** A function of two operands, element by element; one of them may be a number, which leaves a function of the other. */
export class IntegerPairs extends IntegerLayer {
  static override readonly stateNames: StateNames = { single: null, sampled: null };
  /** Results without a grid while the sample ran. */
  private readonly sampled = new Set<Storage>();
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
    private readonly operation: ScaledBinaryName,
  ) {
    super(kind, places);
  }

  protected override compute([x, y]: readonly unknown[]): Computed {
    const { output } = this;
    const [a, b] = [integersOf(x), integersOf(y)];
    if (output === null) {
      if (a !== null && b !== null) return this.later(a, b);
      return { y: run(this.fn, x, y), route: 'float', why: 'it has no output quantizer, so its result is floats' };
    }
    if (a !== null && b !== null)
      return { y: numbers({ values: this.onGrid(a, b, wholeGrid(output)), encoding: output }), route: 'integer' };
    if (a !== null && typeof y === 'number' && tabulates(a.encoding)) return this.byNumber(a, y, false, output);
    if (b !== null && typeof x === 'number' && tabulates(b.encoding)) return this.byNumber(b, x, true, output);
    return {
      y: numbers(quantized(run(this.fn, x, y), output)),
      route: 'float',
      why: 'an input arrives as floats',
    };
  }

  private onGrid(a: Integers, b: Integers, { encoding, low, high }: Target): Tensor {
    return binaryScaled(this.operation, scaled(a), scaled(b), { ...scaledGrid(encoding), qmin: low, qmax: high });
  }

  /** The result for whoever has a grid for it. */
  private later(a: Integers, b: Integers): Computed {
    const shape = broadcastShapes(a.values.shape, b.values.shape);
    const y = new Paired(
      shape,
      (target) => this.onGrid(a, b, target),
      () => {
        throw new NotOnIntegers(this, READ);
      },
    );
    if (this.sealed === null) this.sampled.add(y.storage);
    return { y, route: 'integer', why: 'result on the grid of the layer behind it' };
  }

  override begin(): void {
    super.begin();
    this.sampled.clear();
  }

  override objection(results: ReadonlySet<Storage>): string | null {
    return [...this.sampled].some((storage) => results.has(storage)) ? READ : null;
  }

  override settle(): void {
    this.sampled.clear();
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
