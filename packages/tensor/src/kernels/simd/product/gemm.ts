import {
  forRange,
  i32,
  seq,
  when,
  type EmittedFunction,
  type Locals,
  type ModuleBuilder,
  type Stmt,
} from '../assembler/assembler.js';
import { forLowest, type Tile } from './tile.js';

/** What a matrix product is made of: sizes of its tile and blocks, and the functions that pack and multiply. */
export interface GemmParts {
  /** Rows and columns of the tile of C, the highest if there are several. */
  readonly MR: number;
  readonly NR: number;
  /** Depth of a block: a packed panel of B stays in the first-level cache. A multiple of `group`. */
  readonly KC: number;
  /** Rows of A packed at a time: the block stays in the second-level cache. A multiple of MR. */
  readonly MC: number;
  /** Positions of k that share a 32-bit lane: 1 for float32, 2 for 16-bit integers. */
  readonly group: number;
  /**
   * `(mc, kc, a, rowStride, columnStride, extra, dst)`: rows of A as `[mc / MR][steps][MR]` lanes, missing ones zero; the last
   * panel has the rows of the lowest tile that takes them. `extra` is the address of what belongs to the first row.
   */
  readonly packA: EmittedFunction;
  /** `(kc, columns, b, rowStride, columnStride, extra, dst)`: up to NR columns of B as `[steps][NR]` lanes. */
  readonly packB: EmittedFunction;
  /** The lowest first; the last has MR rows. */
  readonly tiles: readonly Tile[];
}

/** A matrix in memory: addresses and strides in bytes. */
export interface GemmOperand {
  readonly at: number;
  readonly row: number;
  readonly column: number;
  /** Address of what belongs to each row of A, or to each column of B. */
  readonly extra?: number;
}

/** What a product is called with. */
export interface GemmCall {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand;
  readonly b: GemmOperand;
  readonly c: number;
  readonly cRow: number;
  /** Address of B as `emitPack` wrote it; without it B is packed on the way. */
  readonly packed?: number;
  /** Address of a row that is added to every row of C; whole panels of it are read. */
  readonly bias?: number;
  /** Whether negative elements become 0. */
  readonly relu?: boolean;
}

/** The arguments of a function that `emitGemm` emitted, but for the last, the workspace. */
export const gemmArguments = ({ m, n, k, a, b, c, cRow, packed = 0, bias = 0, relu = false }: GemmCall): number[] => [
  m,
  n,
  k,
  a.at,
  a.row,
  a.column,
  a.extra ?? 0,
  b.at,
  b.row,
  b.column,
  b.extra ?? 0,
  c,
  cRow,
  packed,
  bias,
  Number(relu),
];

/** Nanoseconds of a product below which those of a batch are divided between threads one by one, not each in itself. */
export const SMALL_PRODUCT = 100_000;

/**
 * Share of a block that an A of few rows may be to be packed at once. Then the blocks of k follow each other within a panel of B, which
 * is read in the order it lies in, and the lines of C come from the first-level cache.
 */
const HELD = 1 / 4;

/** Bytes of workspace a product needs: one panel of B, one block of A, one tile for the edges. */
export const gemmWorkspace = ({
  MR,
  NR,
  KC,
  MC,
  group,
}: Pick<GemmParts, 'MR' | 'NR' | 'KC' | 'MC' | 'group'>): number =>
  ((KC / group) * NR + (MC + MR) * (KC / group) + MR * NR) * 4;

type Packers = Pick<GemmParts, 'NR' | 'KC' | 'group' | 'packB'>;

/** Bytes of B `[k, n]` in packed form. */
export const packedBytes = ({ NR, group }: Pick<GemmParts, 'NR' | 'group'>, k: number, n: number): number =>
  Math.ceil(n / NR) * NR * Math.ceil(k / group) * 4;

/** Emits `name(n, k, b, bRow, bColumn, bExtra, to)`: all panels of B, one behind the other, each over the whole of k. */
export function emitPack(module: ModuleBuilder, name: string, { NR, KC, group, packB }: Packers): EmittedFunction {
  return module.func(
    name,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, n, k, b, bRow, bColumn, bExtra, to) => {
      const [j, p, kc] = f.locals('i32', 3);
      return forRange(
        j,
        0,
        n,
        NR,
        forRange(
          p,
          0,
          k,
          KC,
          seq(
            kc.set(i32.minU(i32.sub(k, p), KC)),
            packB(
              kc,
              i32.minU(i32.sub(n, j), NR),
              i32.add(b, i32.add(i32.mul(p, bRow), i32.mul(j, bColumn))),
              bRow,
              bColumn,
              i32.add(bExtra, i32.shl(j, 2)),
              to,
            ),
            to.set(i32.add(to, i32.mul(i32.divU(i32.add(kc, group - 1), group), NR * 4))),
          ),
        ),
      );
    },
  );
}

/**
 * Emits the product `C = A B + bias`, with or without its negative elements, to be called with `gemmArguments` and a workspace: matrices anywhere in memory, C with contiguous rows of
 * 32-bit elements, `m`, `n`, `k` > 0. A is packed block by block, B panel by panel; every element of C is summed over k in
 * order, whatever the partition.
 */
export function emitGemm(module: ModuleBuilder, name: string | null, parts: GemmParts): EmittedFunction {
  const { MR, NR, KC, MC, group, packA, packB, tiles } = parts;

  /** Copies `rows x columns` between C and the edge tile. */
  const copyTile = module.func(
    null,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, rows, columns, from, fromRow, to, toRow) => {
      const [i, j, source, target] = f.locals('i32', 4);
      return forRange(
        i,
        0,
        rows,
        1,
        seq(
          source.set(i32.add(from, i32.mul(i, fromRow))),
          target.set(i32.add(to, i32.mul(i, toRow))),
          forRange(
            j,
            0,
            columns,
            1,
            seq(i32.store(target, i32.load(source)), source.set(i32.add(source, 4)), target.set(i32.add(target, 4))),
          ),
        ),
      );
    },
  );

  const params = new Array<'i32'>(17).fill('i32');
  return module.func(name, params, (f, ...all) => {
    const [m, n, k, a, aRow, aColumn, aExtra, b, bRow, bColumn, bExtra, c, cRow, packed, bias, relu, workspace] =
      all as Locals<'i32', 17>;
    const [start, end, depth, p, i, j, r, kc, mc, steps] = f.locals('i32', 10);
    const [columns, rows, blocks, block, edge, panel, out, from, addend, cut] = f.locals('i32', 10);
    const fresh = i32.eqz(p);
    /** `body` for each block of k between `start` and `end`, whose rows of A stand one block behind the other. */
    const eachBlock = (body: Stmt): Stmt =>
      seq(
        block.set(blocks),
        forRange(
          p,
          start,
          end,
          KC,
          seq(
            kc.set(i32.minU(i32.sub(k, p), KC)),
            steps.set(i32.divU(i32.add(kc, group - 1), group)),
            body,
            block.set(i32.add(block, i32.shl(i32.mul(i32.add(mc, MR - 1), steps), 2))),
          ),
        ),
      );
    const multiplied = ({ rows: height, multiply }: Tile): Stmt =>
      when(
        i32.and(i32.eq(columns, NR), i32.eq(rows, height)),
        multiply(steps, panel, from, out, cRow, fresh, addend, cut),
        seq(
          when(p, copyTile(rows, columns, out, cRow, edge, NR * 4)),
          multiply(steps, panel, from, edge, NR * 4, fresh, addend, cut),
          copyTile(rows, columns, edge, NR * 4, out, cRow),
        ),
      );
    const { multiplyAll } = tiles.at(-1)!;
    /** All whole tiles of a panel. */
    const wholeTiles = (multiplyAll: EmittedFunction): Stmt =>
      when(
        i32.and(i32.eq(columns, NR), i32.geU(mc, MR)),
        seq(
          out.set(i32.add(c, i32.add(i32.mul(i, cRow), i32.shl(j, 2)))),
          multiplyAll(steps, block, from, out, cRow, fresh, addend, cut, i32.divU(mc, MR)),
          r.set(i32.mul(i32.divU(mc, MR), MR)),
        ),
      );
    const column = seq(
      r.set(0),
      multiplyAll ? wholeTiles(multiplyAll) : seq(),
      forRange(
        r,
        r,
        mc,
        MR,
        seq(
          rows.set(i32.minU(i32.sub(mc, r), MR)),
          out.set(i32.add(c, i32.add(i32.mul(i32.add(i, r), cRow), i32.shl(j, 2)))),
          panel.set(i32.add(block, i32.shl(i32.mul(r, steps), 2))),
          forLowest(tiles, rows, multiplied),
        ),
      ),
    );
    const panels = forRange(
      j,
      0,
      n,
      NR,
      seq(
        columns.set(i32.minU(i32.sub(n, j), NR)),
        eachBlock(
          seq(
            // Bias and ReLU join with the last block of k.
            cut.set(i32.and(relu, i32.eq(i32.add(p, kc), k))),
            addend.set(0),
            when(i32.and(i32.ne(bias, 0), i32.eq(i32.add(p, kc), k)), addend.set(i32.add(bias, i32.shl(j, 2)))),
            when(
              packed,
              from.set(
                i32.add(
                  packed,
                  i32.add(
                    i32.mul(j, i32.shl(i32.divU(i32.add(k, group - 1), group), 2)),
                    i32.mul(i32.divU(p, group), NR * 4),
                  ),
                ),
              ),
              seq(
                from.set(workspace),
                packB(
                  kc,
                  columns,
                  i32.add(b, i32.add(i32.mul(p, bRow), i32.mul(j, bColumn))),
                  bRow,
                  bColumn,
                  i32.add(bExtra, i32.shl(j, 2)),
                  workspace,
                ),
              ),
            ),
            column,
          ),
        ),
      ),
    );
    return seq(
      blocks.set(i32.add(workspace, (KC / group) * NR * 4)),
      edge.set(i32.add(blocks, (MC + MR) * (KC / group) * 4)),
      depth.set(KC),
      when(i32.ltU(i32.add(m, MR), i32.divU(HELD * MC * KC, i32.add(k, group))), depth.set(k)),
      forRange(
        start,
        0,
        k,
        depth,
        seq(
          end.set(i32.minU(i32.add(start, depth), k)),
          forRange(
            i,
            0,
            m,
            MC,
            seq(
              mc.set(i32.minU(i32.sub(m, i), MC)),
              eachBlock(
                packA(
                  mc,
                  kc,
                  i32.add(a, i32.add(i32.mul(i, aRow), i32.mul(p, aColumn))),
                  aRow,
                  aColumn,
                  i32.add(aExtra, i32.shl(i, 2)),
                  block,
                ),
              ),
              panels,
            ),
          ),
        ),
      ),
    );
  });
}

/** Bytes from one matrix of a batch to the next. */
export interface BatchSteps {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** The arguments of a function that `emitBatch` emitted, but for the last, for `count` products from the one at `first` on. */
export const batchArguments = (call: GemmCall, steps: BatchSteps, first: number, count: number): number[] => [
  count,
  steps.a,
  steps.b,
  steps.c,
  ...gemmArguments({
    ...call,
    a: { ...call.a, at: call.a.at + first * steps.a },
    b: { ...call.b, at: call.b.at + first * steps.b },
    c: call.c + first * steps.c,
  }),
];

/** Emits `name(batches, aStep, bStep, cStep, ...)`, which runs a product that `emitGemm` emitted for all matrices of a batch. */
export function emitBatch(module: ModuleBuilder, name: string, gemm: EmittedFunction): void {
  module.func(name, new Array<'i32'>(21).fill('i32'), (f, ...all) => {
    const [batches, aStep, bStep, cStep, ...call] = all as Locals<'i32', 21>;
    const [a, b, c] = [call[3], call[7], call[11]];
    const i = f.local('i32');
    const next = [
      [a, aStep],
      [b, bStep],
      [c, cStep],
    ] as const;
    return forRange(i, 0, batches, 1, seq(gemm(...call), ...next.map(([at, step]) => at.set(i32.add(at, step)))));
  });
}
