import { dtypes } from '../../../dtype.js';
import type { KernelMemory } from '../../../memory.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf, byteStrides } from '../engine/places.js';
import { gridNumbers, saturates } from '../quantize/requantize.js';
import { perPair, WIDE, type ByteMultiplication, type ByteProduct } from './byte-product.js';
import { divideProduct, type ProductDivision } from './divided.js';
import { movedBy } from './dot8.js';
import { batchDot8Arguments } from './dot8-zeros.js';
import type { GemmOperand } from './gemm.js';
import {
  emitDot8Parts,
  emitGemmDot8,
  GEMM_DOT8_RATE,
  GEMM_DOT8_TILE,
  GEMM_DOT8_WORKSPACE,
  packedDot8,
} from './gemm-dot8.js';
import { packedForm, type Packing } from './packed.js';
import { rescaledFamilies, runRescaled } from './rescaled.js';
import { areZero, eachZero, PANEL, placedZeros, type ZeroPoints, type Zeros } from './zero-points.js';

const families = perPair(
  (a, b): Family =>
    ({ module }) =>
      emitGemmDot8(module, `${a}-${b}`),
);

/** `rescaled` by dot products. */
const rescaledFamily = rescaledFamilies((module, pair) => emitDot8Parts(module, pair).gemm, GEMM_DOT8_WORKSPACE);

/** How a product of this depth is divided. */
const divisionOf = (k: number): ProductDivision => ({
  tile: GEMM_DOT8_TILE,
  workspace: GEMM_DOT8_WORKSPACE,
  packedColumn: Math.ceil(k / 4) * 4,
  rate: GEMM_DOT8_RATE,
  wide: WIDE,
});

/** Packs B, with the sums of its columns behind the panels. */
function pack(engine: SimdEngine, family: Family, n: number, k: number, b: GemmOperand, to: number): void {
  const { panels, all } = packedDot8(k, n);
  engine.memory.heap('int32').fill(0, (to + panels) / 4, (to + all) / 4);
  engine.load(family)['packDot8']!(n, k, b.at, b.row, b.column, to + panels, to);
}

const packingBy = (engine: SimdEngine, family: Family): Packing => ({
  bytes: ({ layout: { shape } }) => packedDot8(shape[1]!, shape[2]!).all,
  pack(view, to) {
    const [, k, n] = view.layout.shape as [number, number, number];
    const [, row, column] = byteStrides(view);
    pack(engine, family, n, k, { at: addressOf(engine.memory, view), row, column }, to);
  },
});

/** Sums of the columns of B, as `packDot8` leaves them, times a number: a row in scratch memory. */
function timesSums(memory: KernelMemory, factor: number, sums: number, n: number): number {
  const at = memory.scratch((n + PANEL) * 4);
  const heap = memory.heap('int32');
  for (let i = 0; i < n; i++) heap[at / 4 + i] = Math.imul(factor, heap[sums / 4 + i]!);
  return at;
}

/** What the zero points of the columns of B are multiplied by, for each row of A: `k * zero - sum`, in scratch memory. */
function rowFactors(engine: SimdEngine, { pair, m, k, a }: ByteProduct, aZero: Zeros): number {
  const { memory } = engine;
  const at = placedZeros(memory, 0, m);
  engine.load(families[pair])['lineSums']!(a.at, m, a.row, k, a.column, at);
  const heap = memory.heap('int32');
  for (let i = 0; i < m; i++)
    heap[at / 4 + i] = Math.imul(k, typeof aZero === 'number' ? aZero : aZero[i]!) - heap[at / 4 + i]!;
  return at;
}

/** Brings zero points into a product of which the sums of the columns of B are known. */
function correct(engine: SimdEngine, product: ByteProduct, { aZero, bZero }: ZeroPoints, sums: number): void {
  const { memory } = engine;
  const { pair, m, n, c } = product;
  const terms = placedZeros(
    memory,
    eachZero(aZero, (zero) => -zero),
    m,
  );
  const hasColumnZeros = !areZero(bZero);
  const factors = hasColumnZeros ? rowFactors(engine, product, aZero) : 0;
  const columns = hasColumnZeros ? placedZeros(memory, bZero, n) : 0;
  engine.divide(families[pair], 'correct', { count: m, grain: 1, work: (m * n) / 8 }, (start, end) => [
    c + start * n * 4,
    end - start,
    n,
    n * 4,
    terms + start * 4,
    sums,
    factors && factors + start * 4,
    columns,
  ]);
}

/** Products by dot products of four bytes: zero points are brought in at the end, by sums of rows and columns. */
export function dotMultiplication(engine: SimdEngine): ByteMultiplication {
  const { memory } = engine;
  const packings = perPair((a, b) => packingBy(engine, families[`${a}-${b}`]));
  return {
    rate: GEMM_DOT8_RATE,

    product(product) {
      const { pair, m, n, k, a, b, c, weight } = product;
      const { panels, all } = packedDot8(k, n);
      let packed = weight ? packedForm(memory, weight, packings[pair]) : 0;
      if (!packed) pack(engine, families[pair], n, k, b, (packed = memory.scratch(all)));
      const sums = packed + panels;
      const moved = movedBy(pair);
      const aZero = eachZero(product.aZero, (zero) => zero + moved.a);
      const bZero = eachZero(product.bZero, (zero) => zero + moved.b);
      // sum of (a - p)(b - q) = sum of ab - p * sum of b + q * (k * p - sum of a)
      const inOne = typeof aZero === 'number' && areZero(bZero);
      const bias = inOne && aZero !== 0 ? timesSums(memory, -aZero, sums, n) : 0;
      const call = { m, n, k, a, b, c, cRow: n * 4, packed, bias };
      divideProduct(engine, families[pair], 'gemmDot8', call, divisionOf(k));
      if (!inOne) correct(engine, product, { aZero, bZero }, sums);
    },

    rescaled({ pair, m, n, k, a, aZero, bZero, weight }, { at, dtype, multiplier, bias, grid }) {
      const moved = movedBy(pair);
      if (typeof aZero !== 'number' || moved.b !== 0 || !areZero(bZero)) return false;
      const packed = weight ? packedForm(memory, weight, packings[pair]) : 0;
      if (!packed) return false;
      const family = rescaledFamily(pair, dtype, !saturates(dtype, grid));
      const sums = packed + packedDot8(k, n).panels;
      const results = { y: at, bytes: dtypes[dtype].bytes, multiplier, bias, grid: gridNumbers(grid) };
      const call = { m, n, k, a, packed, sums, factor: -(aZero + moved.a), ...results };
      runRescaled(engine, family, call, divisionOf(k));
      return true;
    },

    batch({ first, batches, steps, aZero, bZero }) {
      const { pair, m, n, k, a, b, c } = first;
      const moved = movedBy(pair);
      const zero = bZero + moved.b;
      const bZeros = zero === 0 ? 0 : placedZeros(memory, zero, n);
      const { panels, all } = packedDot8(k, n);
      const work = (batches * m * n * k) / GEMM_DOT8_RATE;
      const workspace = GEMM_DOT8_WORKSPACE + all + m * 4;
      engine.divide(families[pair], 'gemmDot8Batch', { count: batches, grain: 1, work, workspace }, (start, end) =>
        batchDot8Arguments({
          batches: end - start,
          m,
          n,
          k,
          a: { ...a, at: a.at + start * steps.a, step: steps.a, zero: aZero + moved.a },
          b: { ...b, at: b.at + start * steps.b, step: steps.b },
          bZeros,
          c: c + start * steps.c,
          panels: GEMM_DOT8_WORKSPACE,
          sums: GEMM_DOT8_WORKSPACE + panels,
          rowSums: GEMM_DOT8_WORKSPACE + all,
        }),
      );
    },
  };
}
