import { dtypes } from '../../../dtype.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf, byteStrides } from '../engine/places.js';
import { gridNumbers, saturates } from '../quantize/requantize.js';
import { perPair, WIDE, type ByteMultiplication, type ByteProduct } from './byte-product.js';
import { divideProduct, type ProductDivision } from './divided.js';
import { batchArguments } from './gemm.js';
import {
  emitGemmI8,
  emitPairParts,
  GEMM_I8_RATE,
  GEMM_I8_TILE,
  GEMM_I8_WORKSPACE,
  packedI8,
  STRASSEN_GRAINS,
  type Bytes,
} from './gemm-i8.js';
import { packedForm, type Packing } from './packed.js';
import { rescaledFamilies, runRescaled } from './rescaled.js';
import { strassenBytes, strassenWorkspace } from './strassen.js';
import { areZero, everyZero, placedZeros } from './zero-points.js';

const families = perPair(
  (a, b): Family =>
    ({ module }) =>
      emitGemmI8(module, a, b),
);

/** `rescaled` by pairs. */
const rescaledFamily = rescaledFamilies(
  (module, pair) => emitPairParts(module, ...(pair.split('-') as [Bytes, Bytes])).gemm,
  GEMM_I8_WORKSPACE,
);

/** How a product of this depth is divided. */
const divisionOf = (k: number): ProductDivision => ({
  tile: GEMM_I8_TILE,
  workspace: GEMM_I8_WORKSPACE,
  packedColumn: Math.ceil(k / 2) * 4,
  rate: GEMM_I8_RATE,
  wide: WIDE,
});

/** A form of the second operand, which a function of a family packs. */
const packingBy = (
  engine: SimdEngine,
  family: Family,
  pack: 'packI8' | 'packStrassen',
  bytes: (k: number, n: number) => number,
): Packing => ({
  bytes: ({ layout: { shape } }) => bytes(shape[1]!, shape[2]!),
  pack(view, to) {
    const { memory } = engine;
    const [, k, n] = view.layout.shape as [number, number, number];
    const [, row, column] = byteStrides(view);
    engine.load(family)[pack]!(n, k, addressOf(memory, view), row, column, placedZeros(memory, 0, n), to);
  },
});

/** Columns and depth from which the sums of Strassen's method cost less than it saves, and the depth up to which caches hold panels. */
const LARGE = { n: 512, k: 512, deepest: 2048 };

/** Rows that are multiplied at a time: what is made of them stays in the cache, and the workspace small. */
const BAND = 512;

/** Zero points of A up to which four of its elements sum to 16 bits. */
const LARGEST_OF_FOUR = 2 ** 13 - 256;

/** Whether Strassen's method multiplies faster. */
const isLarge = ({ m, n, k, aZero }: Omit<ByteProduct, 'c'>): boolean =>
  n >= LARGE.n &&
  k >= LARGE.k &&
  k <= LARGE.deepest &&
  m % STRASSEN_GRAINS.m === 0 &&
  n % STRASSEN_GRAINS.n === 0 &&
  k % STRASSEN_GRAINS.k === 0 &&
  everyZero(aZero, (zero) => Math.abs(zero) <= LARGEST_OF_FOUR);

/** Products by pairs of 16-bit integers: zero points are taken away as bytes are widened. */
export function pairMultiplication(engine: SimdEngine): ByteMultiplication {
  const { memory } = engine;
  const packings = perPair((a, b) => packingBy(engine, families[`${a}-${b}`], 'packI8', packedI8));
  const strassens = perPair((a, b) => packingBy(engine, families[`${a}-${b}`], 'packStrassen', strassenBytes));

  /** A large product, divided by rows: all threads read the same form of B. */
  function strassen({ pair, m, n, k, a, c, aZero }: ByteProduct, packed: number): void {
    const extra = placedZeros(memory, aZero, m);
    for (let first = 0; first < m; first += BAND) {
      const count = Math.min(m - first, BAND);
      const division = {
        count,
        grain: STRASSEN_GRAINS.m,
        work: (count * n * k) / GEMM_I8_RATE,
        workspace: strassenWorkspace(count, n, k),
      };
      engine.divide(families[pair], 'strassen', division, (start, end) => [
        end - start,
        n,
        k,
        a.at + (first + start) * a.row,
        a.row,
        a.column,
        extra + (first + start) * 4,
        packed,
        c + (first + start) * n * 4,
        n * 4,
      ]);
    }
  }

  return {
    rate: GEMM_I8_RATE,

    product(product) {
      const { pair, m, n, k, a, b, c, aZero, bZero, weight } = product;
      const large = isLarge(product);
      const packed = weight && areZero(bZero) ? packedForm(memory, weight, (large ? strassens : packings)[pair]) : 0;
      if (packed && large) return strassen(product, packed);
      const call = {
        m,
        n,
        k,
        a: { ...a, extra: placedZeros(memory, aZero, m) },
        b: { ...b, extra: placedZeros(memory, bZero, n) },
        c,
        cRow: n * 4,
        packed,
      };
      divideProduct(engine, families[pair], 'gemmI8', call, divisionOf(k));
    },

    rescaled(product, { at, dtype, multiplier, bias, grid }) {
      const { pair, m, n, k, a, aZero, bZero, weight } = product;
      if (!areZero(bZero) || isLarge(product)) return false;
      const packed = weight ? packedForm(memory, weight, packings[pair]) : 0;
      if (!packed) return false;
      const family = rescaledFamily(pair, dtype, !saturates(dtype, grid));
      const left = { ...a, extra: placedZeros(memory, aZero, m) };
      const results = { y: at, bytes: dtypes[dtype].bytes, multiplier, bias, grid: gridNumbers(grid) };
      runRescaled(engine, family, { m, n, k, a: left, packed, sums: 0, factor: 0, ...results }, divisionOf(k));
      return true;
    },

    batch({ first, batches, steps, aZero, bZero }) {
      const { pair, m, n, k, a, b, c } = first;
      const call = {
        m,
        n,
        k,
        a: { ...a, extra: placedZeros(memory, aZero, m) },
        b: { ...b, extra: placedZeros(memory, bZero, n) },
        c,
        cRow: n * 4,
      };
      const work = (batches * m * n * k) / GEMM_I8_RATE;
      engine.divide(
        families[pair],
        'gemmI8Batch',
        { count: batches, grain: 1, work, workspace: GEMM_I8_WORKSPACE },
        (start, end) => batchArguments(call, steps, start, end - start),
      );
    },
  };
}
