import type { Family, SimdEngine } from '../engine/engine.js';
import { addressOf, byteStrides } from '../engine/places.js';
import { perPair, WIDE, type ByteMultiplication } from './byte-product.js';
import { divideProduct } from './divided.js';
import { batchArguments } from './gemm.js';
import { emitGemmI8, GEMM_I8_TILE, GEMM_I8_WORKSPACE, packedI8 } from './gemm-i8.js';
import { packedForm, type Packing } from './packed.js';
import { areZero, placedZeros } from './zero-points.js';

const RATE = 40;

const families = perPair(
  (a, b): Family =>
    ({ module }) =>
      emitGemmI8(module, a, b),
);

const packingBy = (engine: SimdEngine, family: Family): Packing => ({
  bytes: ({ layout: { shape } }) => packedI8(shape[1]!, shape[2]!),
  pack(view, to) {
    const { memory } = engine;
    const [, k, n] = view.layout.shape as [number, number, number];
    const [, row, column] = byteStrides(view);
    engine.load(family)['packI8']!(n, k, addressOf(memory, view), row, column, placedZeros(memory, 0, n), to);
  },
});

/** Products by pairs of 16-bit integers: zero points are taken away as bytes are widened. */
export function pairMultiplication(engine: SimdEngine): ByteMultiplication {
  const { memory } = engine;
  const packings = perPair((a, b) => packingBy(engine, families[`${a}-${b}`]));
  return {
    rate: RATE,

    product({ pair, m, n, k, a, b, c, aZero, bZero, weight }) {
      const packed = weight && areZero(bZero) ? packedForm(memory, weight, packings[pair]) : 0;
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
      divideProduct(engine, families[pair], 'gemmI8', call, {
        tile: GEMM_I8_TILE,
        workspace: GEMM_I8_WORKSPACE,
        packedColumn: Math.ceil(k / 2) * 4,
        rate: RATE,
        wide: WIDE,
      });
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
      const work = (batches * m * n * k) / RATE;
      engine.divide(
        families[pair],
        'gemmI8Batch',
        { count: batches, grain: 1, work, workspace: GEMM_I8_WORKSPACE },
        (start, end) => batchArguments(call, steps, start, end - start),
      );
    },
  };
}
