import type { View } from '../../storage.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { dotsAreExact } from './dot8.js';
import type { Family, SimdEngine } from './engine.js';
import { gemmArguments, type GemmOperand } from './gemm.js';
import { emitGemmDot8, GEMM_DOT8_TILE, GEMM_DOT8_WORKSPACE, packedDot8 } from './gemm-dot8.js';
import { emitGemmI8, GEMM_I8_TILE, GEMM_I8_WORKSPACE, packedI8, type Bytes } from './gemm-i8.js';
import { byteVectorProduct } from './gemv-integer.js';
import { packedForm, type Packing } from './packed.js';
import { addressOf, byteStrides } from './places.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 4096;

/** Zero points up to this leave room for a byte in 16 bits. */
const LARGEST_ZERO = 32767 - 255;

/** Elements behind zero points and sums that whole panels reach. */
const PANEL = 16;

const kindOf = ({ storage: { dtype } }: View): Bytes | null =>
  dtype === 'int8' ? 'signed' : dtype === 'uint8' ? 'unsigned' : null;

type Kinds = `${Bytes}-${Bytes}`;
const kinds: readonly Bytes[] = ['signed', 'unsigned'];

const familyPerKinds = (family: (a: Bytes, b: Bytes) => Family): Readonly<Record<Kinds, Family>> =>
  Object.fromEntries(kinds.flatMap((a) => kinds.map((b) => [`${a}-${b}`, family(a, b)]))) as Record<Kinds, Family>;

const pairFamilies = familyPerKinds(
  (a, b) =>
    ({ module }) =>
      emitGemmI8(module, a, b),
);
const dotFamilies = familyPerKinds(
  (a, b) =>
    ({ module, features }) =>
      emitGemmDot8(module, a, b, features.unrolls ? 4 : 1),
);

/** One product of a batch, in memory. */
interface Product {
  readonly kinds: Kinds;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand;
  readonly b: GemmOperand;
  readonly c: number;
  /** Zero points of the rows of A and of the columns of B. */
  readonly aZero: Int32Array;
  readonly bZero: Int32Array;
  /** B, where it is the whole of a tensor that may be met again. */
  readonly weight: View | null;
}

/** Matrix products of bytes; every other dtype goes to `fallback`. */
export function simdMatmulInteger(
  engine: SimdEngine,
  fallback: Pick<MatmulKernels, 'matmulInteger'>,
): Pick<MatmulKernels, 'matmulInteger'> {
  const { memory } = engine;

  /** Numbers as int32 in scratch memory, zeros behind them so that whole panels can be read. */
  function line(values: Int32Array): number {
    const at = memory.scratch((values.length + PANEL) * 4);
    const heap = memory.heap('int32');
    heap.set(values, at / 4);
    heap.fill(0, at / 4 + values.length, at / 4 + values.length + PANEL);
    return at;
  }

  const zeros = (count: number): number => line(new Int32Array(count));

  function zeroPoints({ storage, layout }: View, batch: number): Int32Array {
    const count = layout.shape[1]! * layout.shape[2]!;
    const step = layout.shape[1] === 1 ? layout.strides[2]! : layout.strides[1]!;
    const { array } = storage;
    let at = storage.base + layout.offset + batch * layout.strides[0]!;
    return Int32Array.from({ length: count }, () => {
      const zero = array[at]!;
      at += step;
      return zero;
    });
  }

  /** Divides a product between threads along its longer side. */
  function divided(
    family: Family,
    name: string,
    tile: { readonly rows: number; readonly columns: number },
    workspace: number,
    { m, n, k, a, b, c }: Product,
    packed: number,
    packedColumn: number,
  ): void {
    const byColumns = n >= m;
    const [count, grain] = byColumns ? [n, tile.columns] : [m, tile.rows];
    engine.divide(family, name, count, grain, (m * n * k) / 8, (start, end, part) => {
      const [row, column] = byColumns ? [0, start] : [start, 0];
      return gemmArguments({
        m: byColumns ? m : end - start,
        n: byColumns ? end - start : n,
        k,
        a: { at: a.at + row * a.row, row: a.row, column: a.column, extra: a.extra! + row * 4 },
        b: { at: b.at + column * b.column, row: b.row, column: b.column, extra: b.extra! + column * 4 },
        c: c + (row * n + column) * 4,
        cRow: n * 4,
        packed: packed && packed + column * packedColumn,
        workspace: engine.workspace(part, workspace),
      });
    });
  }

  const byKinds = (packing: (kinds: Kinds) => Packing): Readonly<Record<Kinds, Packing>> =>
    Object.fromEntries(kinds.flatMap((a) => kinds.map((b) => [`${a}-${b}`, packing(`${a}-${b}`)]))) as Record<
      Kinds,
      Packing
    >;

  const pairPackings = byKinds((pair) => ({
    bytes: ({ layout: { shape } }) => packedI8(shape[1]!, shape[2]!),
    pack(view, to) {
      const [, k, n] = view.layout.shape as [number, number, number];
      const [, row, column] = byteStrides(view);
      engine.load(pairFamilies[pair])['packI8']!(n, k, addressOf(memory, view), row, column, zeros(n), to);
    },
  }));

  /** By pairs of 16-bit integers: zero points are taken away as bytes are widened. */
  function byPairs(product: Product): void {
    const { kinds: pair, k, aZero, bZero, weight } = product;
    const packed = weight && bZero.every((zero) => zero === 0) ? packedForm(memory, weight, pairPackings[pair]) : 0;
    const { a, b } = product;
    divided(
      pairFamilies[pair],
      'gemmI8',
      GEMM_I8_TILE,
      GEMM_I8_WORKSPACE,
      { ...product, a: { ...a, extra: line(aZero) }, b: { ...b, extra: line(bZero) } },
      packed,
      Math.ceil(k / 2) * 4,
    );
  }

  /** Packs B for dot products, with the sums of its columns behind the panels. */
  function packForDots(pair: Kinds, n: number, k: number, b: GemmOperand, to: number): void {
    const { panels, all } = packedDot8(k, n);
    memory.heap('int32').fill(0, (to + panels) / 4, (to + all) / 4);
    engine.load(dotFamilies[pair])['packDot8']!(n, k, b.at, b.row, b.column, to + panels, to);
  }

  const dotPackings = byKinds((pair) => ({
    bytes: ({ layout: { shape } }) => packedDot8(shape[1]!, shape[2]!).all,
    pack(view, to) {
      const [, k, n] = view.layout.shape as [number, number, number];
      const [, row, column] = byteStrides(view);
      packForDots(pair, n, k, { at: addressOf(memory, view), row, column }, to);
    },
  }));

  /** By dot products of four bytes: zero points are brought in at the end, by sums of rows and columns. */
  function byDots(product: Product): void {
    const { kinds: pair, m, n, k, a, b, c, weight } = product;
    const family = dotFamilies[pair];
    const { panels, all } = packedDot8(k, n);
    let packed = weight ? packedForm(memory, weight, dotPackings[pair]) : 0;
    if (!packed) packForDots(pair, n, k, b, (packed = memory.scratch(all)));
    const operands = { ...product, a: { ...a, extra: 0 }, b: { ...b, extra: 0 } };
    divided(family, 'gemmDot8', GEMM_DOT8_TILE, GEMM_DOT8_WORKSPACE, operands, packed, Math.ceil(k / 4) * 4);
    // Bytes of the other kind were moved by 128, and so are their zero points.
    const aZero = product.aZero.map((zero) => zero + (pair.startsWith('signed') ? 128 : 0));
    const bZero = product.bZero.map((zero) => zero - (pair.endsWith('unsigned') ? 128 : 0));
    const hasColumnZeros = bZero.some((zero) => zero !== 0);
    if (!hasColumnZeros && aZero.every((zero) => zero === 0)) return;
    // sum of (a - p)(b - q) = sum of ab - p * sum of b + q * (k * p - sum of a)
    const terms = line(aZero.map((zero) => -zero));
    let factors = 0;
    if (hasColumnZeros) {
      factors = zeros(m);
      engine.load(family)['lineSums']!(a.at, m, a.row, k, a.column, factors);
      const heap = memory.heap('int32');
      for (let i = 0; i < m; i++) heap[factors / 4 + i] = Math.imul(k, aZero[i]!) - heap[factors / 4 + i]!;
    }
    const columns = hasColumnZeros ? line(bZero) : 0;
    engine.divide(family, 'correct', m, 1, m * n, (start, end) => [
      c + start * n * 4,
      end - start,
      n,
      n * 4,
      terms + start * 4,
      packed + panels,
      factors && factors + start * 4,
      columns,
    ]);
  }

  return {
    matmulInteger(x, y, xZero, yZero, out) {
      const [batches, m, k] = x.layout.shape as [number, number, number];
      const n = y.layout.shape[2]!;
      const [left, right] = [kindOf(x), kindOf(y)];
      if (!left || !right || batches === 0 || m * n * k < FEW_PRODUCTS)
        return fallback.matmulInteger(x, y, xZero, yZero, out);
      const points = Array.from({ length: batches }, (_, i) => [zeroPoints(xZero, i), zeroPoints(yZero, i)] as const);
      if (points.some((pair) => pair.some((zero) => zero.some((z) => Math.abs(z) > LARGEST_ZERO))))
        return fallback.matmulInteger(x, y, xZero, yZero, out);
      const exact = dotsAreExact(engine);
      memory.beginKernel();
      try {
        if ((m === 1 || n === 1) && byteVectorProduct(engine, x, y, xZero, yZero, out)) return;
        const to = out.storage.writePointer(memory, out.layout);
        if (to === null) return fallback.matmulInteger(x, y, xZero, yZero, out);
        const [a, b, c] = [addressOf(memory, x), addressOf(memory, y), to + out.layout.offset * 4];
        const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
        for (const [i, [aZero, bZero]] of points.entries())
          (exact ? byDots : byPairs)({
            kinds: `${left}-${right}`,
            m,
            n,
            k,
            a: { at: a + i * xb, row: xr, column: xc },
            b: { at: b + i * yb, row: yr, column: yc },
            c: c + i * m * n * 4,
            aZero,
            bZero,
            weight: batches === 1 ? y : null,
          });
      } finally {
        memory.endKernel();
      }
    },
  };
}
