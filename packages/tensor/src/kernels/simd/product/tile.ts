import {
  doWhile,
  f32x4,
  i32,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type Local,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';

type Vector = Expr<'v128'>;

/** A tile of C that lives in registers. */
export interface Tile {
  readonly rows: number;
  /**
   * `(steps, aPanel, bPanel, c, cStride, fresh, bias, relu)`: adds the product of two panels to a tile of C, or sets it where
   * `fresh`; then adds NR elements at `bias`, if that is no 0, to every row, and where `relu` makes 0 of what is negative.
   */
  readonly multiply: EmittedFunction;
}

/** Code for the lowest tile that takes `rows` rows; the lowest is the first. */
export const forLowest = (tiles: readonly Tile[], rows: Expr<'i32'>, make: (tile: Tile) => Stmt): Stmt =>
  tiles
    .slice(0, -1)
    .reduceRight((others, tile) => when(i32.ltU(rows, tile.rows + 1), make(tile), others), make(tiles.at(-1)!));

/** ReLU of float32 lanes; NaN stays. */
export const withoutNegatives = (x: Vector): Vector => v128.andNot(x, f32x4.le(x, v128.zero));

/** How 32-bit lanes of A (the same in all), of B and of C are multiplied and added. */
export interface TileArithmetic {
  readonly multiplyAdd: (a: Vector, b: Vector, sum: Vector) => Vector;
  readonly add: (sum: Vector, bias: Vector) => Vector;
  /** What `relu` does; integers have none. */
  readonly relu?: (x: Vector) => Vector;
}

/** Copies of a step of the loop over k: enough that the branch and the pointers do not count. */
const COPIES = 4;

/** Emits a tile of `MR` rows of `NV` vectors. */
export function emitTile(module: ModuleBuilder, MR: number, NV: number, arithmetic: TileArithmetic): Tile {
  const { multiplyAdd, add, relu } = arithmetic;
  const multiply = module.func(null, new Array<'i32'>(8).fill('i32'), (f, ...all) => {
    const [steps, a, b, c, stride, fresh, bias, cut] = all as Locals<'i32', 8>;
    const sums = f.locals<'v128', number>('v128', MR * NV);
    const columns = f.locals<'v128', number>('v128', NV);
    const row = f.local('v128');
    const [line, end] = f.locals('i32', 2);
    const step = seq(
      ...columns.map((column, v) => column.set(v128.load(b, v * 16))),
      ...Array.from({ length: MR }, (_, r) =>
        seq(
          row.set(v128.load32Splat(a, r * 4)),
          ...columns.map((column, v) => sums[r * NV + v]!.set(multiplyAdd(row, column, sums[r * NV + v]!))),
        ),
      ),
      a.set(i32.add(a, MR * 4)),
      b.set(i32.add(b, NV * 16)),
    );
    /** Visits the sums and their places in C, row by row. */
    const places = (each: (sum: Local<'v128'>, offset: number) => Stmt): Stmt =>
      seq(
        line.set(c),
        ...Array.from({ length: MR }, (_, r) =>
          seq(...columns.map((_column, v) => each(sums[r * NV + v]!, v * 16)), line.set(i32.add(line, stride))),
        ),
      );
    return seq(
      when(
        fresh,
        seq(...sums.map((sum) => sum.set(v128.zero))),
        places((sum, offset) => sum.set(v128.load(line, offset))),
      ),
      end.set(i32.add(b, i32.mul(steps, NV * 16))),
      doWhile(step, i32.ltU(b, end), COPIES),
      when(
        bias,
        seq(
          ...columns.map((column, v) => column.set(v128.load(bias, v * 16))),
          ...sums.map((sum, index) => sum.set(add(sum, columns[index % NV]!))),
        ),
      ),
      relu ? when(cut, seq(...sums.map((sum) => sum.set(relu(sum))))) : seq(),
      places((sum, offset) => v128.store(line, sum, offset)),
    );
  });
  return { rows: MR, multiply };
}
