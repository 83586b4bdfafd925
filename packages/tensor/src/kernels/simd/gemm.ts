import { forRange, i32, seq, when, type EmittedFunction, type ModuleBuilder } from './assembler.js';

/** What a matrix product is made of: sizes of its tile and blocks, and the functions that pack and multiply. */
export interface GemmParts {
  /** Rows and columns of the tile of C that lives in registers. */
  readonly MR: number;
  readonly NR: number;
  /** Depth of a block: a packed panel of B stays in the first-level cache. A multiple of `group`. */
  readonly KC: number;
  /** Rows of A packed at a time: the block stays in the second-level cache. A multiple of MR. */
  readonly MC: number;
  /** Positions of k that share a 32-bit lane: 1 for float32, 2 for 16-bit integers. */
  readonly group: number;
  /**
   * `(mc, kc, a, rowStride, columnStride, extra, dst)`: rows of A as `[mc / MR][steps][MR]` lanes, missing ones zero.
   * `extra` is the address of what belongs to the first row.
   */
  readonly packA: EmittedFunction;
  /** `(kc, columns, b, rowStride, columnStride, extra, dst)`: up to NR columns of B as `[steps][NR]` lanes. */
  readonly packB: EmittedFunction;
  /** `(steps, aPanel, bPanel, c, cStride, fresh)`: adds the product of two panels to a tile of C, or sets it where `fresh`. */
  readonly tile: EmittedFunction;
}

/** Bytes of workspace a product needs: one panel of B, one block of A, one tile for the edges. */
export const gemmWorkspace = ({
  MR,
  NR,
  KC,
  MC,
  group,
}: Pick<GemmParts, 'MR' | 'NR' | 'KC' | 'MC' | 'group'>): number =>
  ((KC / group) * NR + (MC + MR) * (KC / group) + MR * NR) * 4;

/**
 * Emits `name(m, n, k, a, aRow, aColumn, aExtra, b, bRow, bColumn, bExtra, c, cRow, workspace)`: `C = A B` for matrices
 * anywhere in memory; addresses and strides in bytes, C has contiguous rows of 32-bit elements, `m`, `n`, `k` > 0. A is
 * packed block by block, B panel by panel; every element of C is summed over k in order, whatever the partition.
 */
export function emitGemm(module: ModuleBuilder, name: string | null, parts: GemmParts): EmittedFunction {
  const { MR, NR, KC, MC, group, packA, packB, tile } = parts;

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

  const params = [
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
    'i32',
  ] as const;
  return module.func(
    name,
    params,
    (f, m, n, k, a, aRow, aColumn, aExtra, b, bRow, bColumn, bExtra, c, cRow, workspace) => {
      const [p, i, j, r, kc, mc, steps, columns, rows, block, edge, panel, out] = f.locals('i32', 13);
      const fresh = i32.eqz(p);
      const tiles = forRange(
        r,
        0,
        mc,
        MR,
        seq(
          rows.set(i32.minU(i32.sub(mc, r), MR)),
          out.set(i32.add(c, i32.add(i32.mul(i32.add(i, r), cRow), i32.shl(j, 2)))),
          panel.set(i32.add(block, i32.shl(i32.mul(r, steps), 2))),
          when(
            i32.and(i32.eq(columns, NR), i32.eq(rows, MR)),
            tile(steps, panel, workspace, out, cRow, fresh),
            seq(
              when(p, copyTile(rows, columns, out, cRow, edge, NR * 4)),
              tile(steps, panel, workspace, edge, NR * 4, fresh),
              copyTile(rows, columns, edge, NR * 4, out, cRow),
            ),
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
          packB(
            kc,
            columns,
            i32.add(b, i32.add(i32.mul(p, bRow), i32.mul(j, bColumn))),
            bRow,
            bColumn,
            i32.add(bExtra, i32.shl(j, 2)),
            workspace,
          ),
          tiles,
        ),
      );
      return seq(
        block.set(i32.add(workspace, (KC / group) * NR * 4)),
        edge.set(i32.add(block, (MC + MR) * (KC / group) * 4)),
        forRange(
          p,
          0,
          k,
          KC,
          seq(
            kc.set(i32.minU(i32.sub(k, p), KC)),
            steps.set(i32.divU(i32.add(kc, group - 1), group)),
            forRange(
              i,
              0,
              m,
              MC,
              seq(
                mc.set(i32.minU(i32.sub(m, i), MC)),
                packA(
                  mc,
                  kc,
                  i32.add(a, i32.add(i32.mul(i, aRow), i32.mul(p, aColumn))),
                  aRow,
                  aColumn,
                  i32.add(aExtra, i32.shl(i, 2)),
                  block,
                ),
                panels,
              ),
            ),
          ),
        ),
      );
    },
  );
}
