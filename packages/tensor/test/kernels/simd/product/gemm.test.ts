import fc from 'fast-check';
import {
  forRange,
  i32,
  i32x4,
  seq,
  v128,
  when,
  type EmittedFunction,
  type Expr,
  type ModuleBuilder,
  type Stmt,
} from '../../../../src/kernels/simd/assembler/assembler.js';
import {
  batchArguments,
  emitBatch,
  emitGemm,
  emitPack,
  gemmArguments,
  gemmWorkspace,
  packedBytes,
} from '../../../../src/kernels/simd/product/gemm.js';
import { emitTile, type TileArithmetic } from '../../../../src/kernels/simd/product/tile.js';
import { emitted } from '../emitted.js';

/** Blocks so small that sizes of a few lines meet all their edges, and that an A of a few rows is packed at once, or not. */
const SIZES = { MR: 4, NR: 4, KC: 6, MC: 80, group: 1 } as const;

const { MR, NR } = SIZES;

/** Products of int32 with wrap-around: exact, so that every element can be told. */
const integers: TileArithmetic = {
  multiplyAdd: (a, b, sum) => i32x4.add(sum, i32x4.mul(a, b)),
  add: i32x4.add,
  relu: (x) => v128.and(x, i32x4.gtS(x, v128.zero)),
};

const packTypes = new Array<'i32'>(7).fill('i32');

/** Element `(line, p)` less what belongs to its line, or 0 for a line that is not there. */
const element = (
  value: { set(x: Expr<'i32'> | number): Stmt },
  there: Expr<'i32'>,
  at: Expr<'i32'>,
  extra: Expr<'i32'>,
) => seq(value.set(0), when(there, value.set(i32.sub(i32.load(at), i32.load(extra)))));

/** Packs A for tiles of two rows and of four. */
const packRows = (module: ModuleBuilder): EmittedFunction =>
  module.func(null, packTypes, (f, mc, kc, a, rowStride, columnStride, extra, dst) => {
    const [r, p, q, rows, height, line, value] = f.locals('i32', 7);
    const one = seq(
      line.set(i32.add(r, q)),
      element(
        value,
        i32.ltU(q, rows),
        i32.add(a, i32.add(i32.mul(line, rowStride), i32.mul(p, columnStride))),
        i32.add(extra, i32.shl(line, 2)),
      ),
      i32.store(dst, value),
      dst.set(i32.add(dst, 4)),
    );
    const panel = seq(
      rows.set(i32.minU(i32.sub(mc, r), MR)),
      height.set(MR),
      when(i32.ltU(rows, 3), height.set(2)),
      forRange(p, 0, kc, 1, forRange(q, 0, height, 1, one)),
    );
    return forRange(r, 0, mc, MR, panel);
  });

const packColumns = (module: ModuleBuilder): EmittedFunction =>
  module.func(null, packTypes, (f, kc, columns, b, rowStride, columnStride, extra, dst) => {
    const [p, j, value] = f.locals('i32', 3);
    const one = seq(
      element(
        value,
        i32.ltU(j, columns),
        i32.add(b, i32.add(i32.mul(p, rowStride), i32.mul(j, columnStride))),
        i32.add(extra, i32.shl(j, 2)),
      ),
      i32.store(dst, value),
      dst.set(i32.add(dst, 4)),
    );
    return forRange(p, 0, kc, 1, forRange(j, 0, NR, 1, one));
  });

const { memory, functions } = emitted(3, ({ module }) => {
  const tiles = [2, 4].map((rows) => emitTile(module, rows, NR / 4, integers));
  const parts = { ...SIZES, packA: packRows(module), packB: packColumns(module), tiles };
  emitBatch(module, 'batch', emitGemm(module, 'gemm', parts));
  emitPack(module, 'pack', parts);
});
const heap = new Int32Array(memory.buffer);

const problems = fc.record({
  m: fc.oneof(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 78, max: 83 })),
  n: fc.integer({ min: 1, max: 13 }),
  k: fc.integer({ min: 1, max: 20 }),
  batches: fc.integer({ min: 1, max: 3 }),
  gap: fc.nat(2),
  turnA: fc.boolean(),
  turnB: fc.boolean(),
  packed: fc.boolean(),
  biased: fc.boolean(),
  relu: fc.boolean(),
  seed: fc.integer(),
});

const UNTOUCHED = 123456789;

describe('emitGemm', () => {
  it('multiplies matrices anywhere in memory, packed or not, and writes no element but those of C', () =>
    fc.assert(
      fc.property(problems, ({ m, n, k, batches, gap, turnA, turnB, packed, biased, relu, seed }) => {
        let [next, state] = [4096, seed];
        const room = (count: number): number => (next += count) - count;
        const drawn = (count: number): number => {
          const at = room(count);
          for (let i = 0; i < count; i++) heap[at + i] = (state = Math.imul(state, 1103515245) + 12345) >> 22;
          return at;
        };
        // Rows and columns may lie apart; a packed B is that of all products.
        const [aWidth, bWidth] = [(turnA ? m : k) + gap, (turnB ? k : n) + gap];
        const [aStep, bStep] = [aWidth * (turnA ? k : m), packed ? 0 : bWidth * (turnB ? n : k)];
        const [aRow, aColumn] = turnA ? [1, aWidth] : [aWidth, 1];
        const [bRow, bColumn] = turnB ? [1, bWidth] : [bWidth, 1];
        const a = drawn(aStep * batches);
        const b = drawn(bWidth * (turnB ? n : k) * batches);
        const [aExtra, bExtra, bias] = [drawn(m + MR), drawn(n + NR), drawn(n + NR)];
        const form = room(packedBytes(SIZES, k, n) / 4);
        const [cRow, cStep] = [n + gap, m * (n + gap)];
        const c = room(cStep * batches);
        heap.fill(UNTOUCHED, c, next);
        const workspace = room(gemmWorkspace(SIZES) / 4) * 4;
        if (packed) functions.pack!(n, k, b * 4, bRow * 4, bColumn * 4, bExtra * 4, form * 4);
        const call = {
          m,
          n,
          k,
          a: { at: a * 4, row: aRow * 4, column: aColumn * 4, extra: aExtra * 4 },
          b: { at: b * 4, row: bRow * 4, column: bColumn * 4, extra: bExtra * 4 },
          c: c * 4,
          cRow: cRow * 4,
          ...(packed && { packed: form * 4 }),
          ...(biased && { bias: bias * 4 }),
          relu,
        };
        // The first of several is left out.
        const first = batches > 1 ? 1 : 0;
        const steps = { a: aStep * 4, b: bStep * 4, c: cStep * 4 };
        if (first) functions.batch!(...batchArguments(call, steps, first, batches - first), workspace);
        else functions.gemm!(...gemmArguments(call), workspace);
        const wanted = Array.from({ length: cStep * batches }, (_, index) => {
          const [batch, i, j] = [Math.floor(index / cStep), Math.floor((index % cStep) / cRow), index % cRow];
          if (j >= n || batch < first) return UNTOUCHED;
          let sum = biased ? heap[bias + j]! : 0;
          for (let p = 0; p < k; p++) {
            const left = heap[a + batch * aStep + i * aRow + p * aColumn]! - heap[aExtra + i]!;
            const right = heap[b + batch * bStep + p * bRow + j * bColumn]! - heap[bExtra + j]!;
            sum += left * right;
          }
          return relu ? Math.max(sum, 0) : sum;
        });
        expect([...heap.subarray(c, c + wanted.length)]).toEqual(wanted);
      }),
      { numRuns: 200 },
    ));
});
