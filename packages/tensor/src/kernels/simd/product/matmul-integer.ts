import type { KernelMemory } from '../../../memory.js';
import type { View } from '../../../storage.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import type { SimdEngine } from '../engine/engine.js';
import { addressOf, byteStrides } from '../engine/places.js';
import { bytesOf, type ByteMultiplication, type ByteProduct } from './byte-product.js';
import { dotsAreExact } from './dot8.js';
import { SMALL_PRODUCT } from './gemm.js';
import type { BytePair } from './gemm-i8.js';
import { byteVectorProduct } from './gemv-integer.js';
import { dotMultiplication } from './matmul-dots.js';
import { pairMultiplication } from './matmul-pairs.js';
import { zeroPointsOf, type ZeroPoints } from './zero-points.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 1024;

/** How the bytes of two operands are read; null where one has others, or there are so few that it is not worth it. */
function pairOf(x: View, y: View): BytePair | null {
  const [batches, m, k] = x.layout.shape as [number, number, number];
  const [a, b] = [bytesOf(x), bytesOf(y)];
  return a && b && batches * m * y.layout.shape[2]! * k >= FEW_PRODUCTS ? `${a}-${b}` : null;
}

/** The zero points of all products of a batch, where each side has a single one; null elsewhere. */
function singlePoint(points: readonly ZeroPoints[]): { readonly aZero: number; readonly bZero: number } | null {
  const { aZero, bZero } = points[0]!;
  if (typeof aZero !== 'number' || typeof bZero !== 'number') return null;
  return points.every((point) => point.aZero === aZero && point.bZero === bZero) ? { aZero, bZero } : null;
}

/** The products of a batch, one way or the other; the result begins at `to`. To be called between `beginKernel` and `endKernel`. */
function multiply(
  memory: KernelMemory,
  way: ByteMultiplication,
  [x, y]: readonly [View, View],
  pair: BytePair,
  points: readonly ZeroPoints[],
  to: number,
): void {
  const [batches, m, k] = x.layout.shape as [number, number, number];
  const n = y.layout.shape[2]!;
  const [a, b] = [addressOf(memory, x), addressOf(memory, y)];
  const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
  const steps = { a: xb, b: yb, c: m * n * 4 };
  const product = (i: number): ByteProduct => ({
    pair,
    m,
    n,
    k,
    a: { at: a + i * steps.a, row: xr, column: xc },
    b: { at: b + i * steps.b, row: yr, column: yc },
    c: to + i * steps.c,
    ...points[i]!,
    weight: batches === 1 ? y : null,
  });
  const single = batches > 1 && m * n * k < SMALL_PRODUCT * way.rate ? singlePoint(points) : null;
  if (single) way.batch({ first: product(0), batches, steps, ...single });
  else for (let i = 0; i < batches; i++) way.product(product(i));
}

/** The fastest way to multiply bytes that is exact here. */
export function byteMultiplication(engine: SimdEngine): () => ByteMultiplication {
  const [dots, pairs] = [dotMultiplication(engine), pairMultiplication(engine)];
  return () => (dotsAreExact(engine) ? dots : pairs);
}

/** Matrix products of bytes; every other dtype goes to `fallback`. */
export function simdMatmulInteger(
  engine: SimdEngine,
  way: () => ByteMultiplication,
  fallback: Pick<MatmulKernels, 'matmulInteger'>,
): Pick<MatmulKernels, 'matmulInteger'> {
  const { memory } = engine;
  return {
    matmulInteger(x, y, xZero, yZero, out) {
      const [batches, m] = x.layout.shape as [number, number];
      const pair = pairOf(x, y);
      const points = pair === null ? null : zeroPointsOf(xZero, yZero, batches);
      if (pair === null || points === null) return fallback.matmulInteger(x, y, xZero, yZero, out);
      memory.beginKernel();
      try {
        const isVector = m === 1 || y.layout.shape[2] === 1;
        if (isVector && byteVectorProduct(engine, x, y, xZero, yZero, out)) return;
        const target = out.storage.writePointer(memory, out.layout);
        if (target === null) return fallback.matmulInteger(x, y, xZero, yZero, out);
        multiply(memory, way(), [x, y], pair, points, target + out.layout.offset * 4);
      } finally {
        memory.endKernel();
      }
    },
  };
}
