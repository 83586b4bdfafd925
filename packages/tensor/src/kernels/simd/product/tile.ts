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
  /** The same, with `count` behind: for so many tiles one below the other, whose panels of A lie one behind the other. */
  readonly multiplyAll: EmittedFunction | null;
}

export interface RepeatedTile extends Tile {
  readonly multiplyAll: EmittedFunction;
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

/** Emits `multiply` of a tile, or what `multiplyAll` is. */
function emitProduct(
  module: ModuleBuilder,
  MR: number,
  NV: number,
  arithmetic: TileArithmetic,
  repeats: boolean,
): EmittedFunction {
  const { multiplyAdd, add, relu } = arithmetic;
  return module.func(null, new Array<'i32'>(repeats ? 9 : 8).fill('i32'), (f, ...all) => {
    const [steps, a, first, c, stride, fresh, bias, cut] = all as Locals<'i32', 8>;
    const count = all[8];
    const sums = f.locals<'v128', number>('v128', MR * NV);
    const columns = f.locals<'v128', number>('v128', NV);
    const row = f.local('v128');
    const [line, end] = f.locals('i32', 2);
    const b = count ? f.local('i32') : first;
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
    const one = seq(
      when(
        fresh,
        seq(...sums.map((sum) => sum.set(v128.zero))),
        places((sum, offset) => sum.set(v128.load(line, offset))),
      ),
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
    return seq(
      end.set(i32.add(first, i32.mul(steps, NV * 16))),
      count ? doWhile(seq(b.set(first), one, c.set(line)), count.tee(i32.sub(count, 1))) : one,
    );
  });
}

/** Emits a tile of `MR` rows of `NV` vectors. */
export const emitTile = (module: ModuleBuilder, MR: number, NV: number, arithmetic: TileArithmetic): Tile => ({
  rows: MR,
  multiply: emitProduct(module, MR, NV, arithmetic, false),
  multiplyAll: null,
});

/** The same with `multiplyAll`: one call for many tiles. In V8 before 13 the loop around them costs floats more than calls do. */
export function emitRepeatedTile(
  module: ModuleBuilder,
  MR: number,
  NV: number,
  arithmetic: TileArithmetic,
): RepeatedTile {
  const multiplyAll = emitProduct(module, MR, NV, arithmetic, true);
  return { rows: MR, multiply: (...args) => multiplyAll(...args, 1), multiplyAll };
}
