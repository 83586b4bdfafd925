import {
  fillBytes,
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Locals,
  type ModuleBuilder,
} from '../assembler/assembler.js';
import { movedBy } from '../product/dot8.js';
import {
  emitDot8Parts,
  GEMM_DOT8_RATE,
  GEMM_DOT8_TILE,
  GEMM_DOT8_WORKSPACE,
  packedDot8,
} from '../product/gemm-dot8.js';
import { emitPairParts, GEMM_I8_RATE, GEMM_I8_WORKSPACE, type BytePair, type Bytes } from '../product/gemm-i8.js';
import { everyZero, isSmall, PANEL } from '../product/zero-points.js';

/** The zero points of filters, as the function of a way takes them: a number that means all of them, and a list of them or none. */
export interface FilterZeros {
  readonly factor: number;
  readonly list: Int32Array | null;
}

/** A way to multiply the filters of a convolution with a matrix of windows. */
export interface BandProduct {
  /** Multiplications that one thread does in a nanosecond, roughly. */
  readonly rate: number;
  /** Bytes of workspace for a matrix `[k, columns]`. */
  readonly workspace: (k: number, columns: number) => number;
  /** What is added to the bytes of filters (A) and of windows (B) as they are read. */
  readonly moved: (pair: BytePair) => { readonly a: number; readonly b: number };
  /** Zero points of the filters as moved; null where they are too large. */
  readonly zerosOf: (zeros: Int32Array) => FilterZeros | null;
  /**
   * Emits `(m, n, k, a, zeros, factor, b, bRow, bColumn, c, workspace)`: sums of the products of `m` filters, which lie in order, less their
   * zero points, with windows. `zeros` is the address of their list, whole panels of it, or 0; C has rows of `n` int32.
   */
  readonly emit: (module: ModuleBuilder, pair: BytePair) => EmittedFunction;
}

const PARAMS = new Array<'i32'>(11).fill('i32');

/** By dot products of four bytes: zero points are brought in by the sums of the columns. */
export const dotBands: BandProduct = {
  rate: GEMM_DOT8_RATE,
  workspace: (k, columns) => GEMM_DOT8_WORKSPACE + packedDot8(k, columns).all,
  moved: movedBy,
  zerosOf: (zeros) =>
    zeros.every((zero) => zero === zeros[0]) ? { factor: -(zeros[0] ?? 0), list: null } : { factor: -1, list: zeros },
  emit: (module, pair) => {
    const { gemm, pack, correct } = emitDot8Parts(module, pair);
    const NR = GEMM_DOT8_TILE.columns;
    return module.func(null, PARAMS, (f, ...all) => {
      const [m, n, k, a, zeros, factor, b, bRow, bColumn, c, workspace] = all as Locals<'i32', 11>;
      const [panels, sums, bias, width, row, j] = f.locals('i32', 6);
      const sum = i32.add(sums, j);
      return seq(
        row.set(i32.shl(n, 2)),
        width.set(i32.and(i32.add(n, NR - 1), -NR)),
        panels.set(i32.add(workspace, GEMM_DOT8_WORKSPACE)),
        sums.set(i32.add(panels, i32.mul(width, i32.and(i32.add(k, 3), -4)))),
        width.set(i32.shl(width, 2)),
        fillBytes(sums, 0, width),
        pack(n, k, b, bRow, bColumn, sums, panels),
        bias.set(0),
        when(
          factor,
          seq(
            forRange(j, 0, width, 16, v128.store(sum, i32x4.mul(v128.load(sum), i32x4.splat(factor)))),
            when(i32.eqz(zeros), bias.set(sums)),
          ),
        ),
        gemm(m, n, k, a, k, 1, 0, b, bRow, bColumn, 0, c, row, panels, bias, 0, workspace),
        when(zeros, correct(c, m, n, row, zeros, sums, 0, 0)),
      );
    });
  },
};

/** By pairs of 16-bit integers: zero points are taken away as bytes are widened. */
export const pairBands: BandProduct = {
  rate: GEMM_I8_RATE,
  workspace: (_k, columns) => GEMM_I8_WORKSPACE + (columns + PANEL) * 4,
  moved: () => ({ a: 0, b: 0 }),
  zerosOf: (zeros) => (everyZero(zeros, isSmall) ? { factor: 0, list: zeros } : null),
  emit: (module, pair) => {
    const { gemm } = emitPairParts(module, ...(pair.split('-') as [Bytes, Bytes]));
    return module.func(null, PARAMS, (f, ...all) => {
      const [m, n, k, a, zeros, _factor, b, bRow, bColumn, c, workspace] = all as Locals<'i32', 11>;
      // Windows keep theirs, which the terms of filters bring in.
      const none = f.local('i32');
      return seq(
        none.set(i32.add(workspace, GEMM_I8_WORKSPACE)),
        fillBytes(none, 0, i32.shl(i32.add(n, PANEL), 2)),
        gemm(m, n, k, a, k, 1, zeros, b, bRow, bColumn, none, c, i32.shl(n, 2), 0, 0, 0, workspace),
      );
    });
  },
};
