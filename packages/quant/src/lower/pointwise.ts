import type { Module, StateNames } from '@q/nn';
import { binaryScaled, broadcastShapes, tensor, type ScaledBinaryName, type Storage, type Tensor } from '@q/tensor';
import { checkTensor } from '@q/tensor/internal';
import { look, tableOf, tabulates, type Table } from '../kernels/table.js';
import { Accumulated, Paired } from './accumulated.js';
import { wholeGrid, type Target } from './grids.js';
import { runToTensor } from './float-layer.js';
import { IntegerLayer, NotOnIntegers, type Computed, type Seen } from './layer.js';
import { integersOf, numbers, quantized, scaled, scaledGrid, type Integers } from './operands.js';
import type { FloatParts } from './parts.js';

type Encoding = Integers['encoding'];

/** A function of single elements, by a table of all positions of the input's grid. */
export class IntegerFunction extends IntegerLayer {
  static override readonly stateNames: StateNames = { table: null };
  private table: { readonly of: Encoding; readonly table: Table } | null = null;
  protected readonly fn: Module;

  constructor(parts: FloatParts) {
    super(parts);
    this.fn = parts.float;
  }

  protected override compute([x]: readonly unknown[]): Computed {
    checkTensor(this.name, 'its input', x);
    const integers = integersOf(x);
    const output = this.outputGrid();
    if (integers === null || !tabulates(integers.encoding)) return this.fromFloats(x);
    const { encoding } = integers;
    if (this.table?.of !== encoding)
      this.table = { of: encoding, table: tableOf(encoding, output, (values) => runToTensor(this.fn, values)) };
    return { y: numbers({ values: look(this.table.table, integers.values), encoding: output }), route: 'integer' };
  }

  protected fromFloats(x: Tensor): Computed {
    const y = numbers(quantized(runToTensor(this.fn, x), this.outputGrid()));
    return x instanceof Accumulated
      ? { y, route: 'float inside', why: 'its input has no grid, it reads the accumulators as floats' }
      : { y, route: 'float', why: this.lacking('its input', x) };
  }
}

/** `ReLU`, `ReLU6` and `Hardtanh`: as `IntegerFunction`, and on accumulators a narrower grid for them to be put on. */
export class IntegerClamp extends IntegerFunction {
  private target: Target | null = null;

  protected override fromFloats(x: Tensor): Computed {
    if (!(x instanceof Accumulated)) return super.fromFloats(x);
    const values = x.onGrid(this.positions());
    return {
      y: numbers({ values, encoding: this.outputGrid() }),
      route: 'integer',
      why: 'in the layer before it',
    };
  }

  override targets(): Target[] {
    return [...super.targets(), this.positions()];
  }

  private positions(): Target {
    return (this.target ??= this.clamped(this.outputGrid()));
  }

  /** Rounding never changes the order of numbers, so clamping before or after it is the same. */
  private clamped(encoding: Encoding): Target {
    const ends = encoding.quantize(runToTensor(this.fn, tensor([-3e38, 3e38])));
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
  private readonly fn: Module;

  constructor(
    parts: FloatParts,
    private readonly operation: ScaledBinaryName,
  ) {
    super(parts);
    this.fn = parts.float;
  }

  protected override compute([x, y]: readonly unknown[]): Computed {
    const { output } = this;
    const [a, b] = [integersOf(x), integersOf(y)];
    if (output === null) {
      if (a !== null && b !== null) return this.later(a, b);
      return {
        y: runToTensor(this.fn, x, y),
        route: 'float',
        why: 'it has no output quantizer, so its result is floats',
      };
    }
    if (a !== null && b !== null)
      return { y: numbers({ values: this.onGrid(a, b, wholeGrid(output)), encoding: output }), route: 'integer' };
    if (a !== null && typeof y === 'number' && tabulates(a.encoding)) return this.byNumber(a, y, false, output);
    if (b !== null && typeof x === 'number' && tabulates(b.encoding)) return this.byNumber(b, x, true, output);
    const z = numbers(quantized(runToTensor(this.fn, x, y), output));
    return { y: z, route: 'float', why: this.lacking('an input', a === null && typeof x !== 'number' ? x : y) };
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

  override begin(sample: ReadonlySet<Storage>): void {
    super.begin(sample);
    this.sampled.clear();
  }

  override objection(results: ReadonlySet<Storage>): string | null {
    return super.objection(results) ?? ([...this.sampled].some((storage) => results.has(storage)) ? READ : null);
  }

  override settle(results: ReadonlySet<Storage>): Seen {
    this.sampled.clear();
    return super.settle(results);
  }

  private byNumber(a: Integers, number: number, first: boolean, output: Encoding): Computed {
    const { single } = this;
    if (single?.a !== a.encoding || single.number !== number || single.first !== first)
      this.single = {
        a: a.encoding,
        number,
        first,
        table: tableOf(a.encoding, output, (x) =>
          first ? runToTensor(this.fn, number, x) : runToTensor(this.fn, x, number),
        ),
      };
    return { y: numbers({ values: look(this.single!.table, a.values), encoding: output }), route: 'integer' };
  }
}
