import type { View } from '../../../storage.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import { dotsAreExact, movedBy } from './dot8.js';
import { batchDot8Arguments } from './dot8-zeros.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import { divideProduct } from './divided.js';
import { batchArguments, SMALL_PRODUCT, type BatchSteps, type GemmOperand } from './gemm.js';
import { emitGemmDot8, GEMM_DOT8_TILE, GEMM_DOT8_WORKSPACE, packedDot8 } from './gemm-dot8.js';
import { emitGemmI8, GEMM_I8_TILE, GEMM_I8_WORKSPACE, packedI8, type Bytes, type BytePair } from './gemm-i8.js';
import { byteVectorProduct } from './gemv-integer.js';
import { packedForm, type Packing } from './packed.js';
import { addressOf, byteStrides } from '../engine/places.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 1024;

/** Zero points up to this leave room for a byte in 16 bits. */
const LARGEST_ZERO = 32767 - 255;

/** Elements behind zero points and sums that whole panels reach. */
const PANEL = 16;

const kindOf = ({ storage: { dtype } }: View): Bytes | null =>
  dtype === 'int8' ? 'signed' : dtype === 'uint8' ? 'unsigned' : null;

const kinds: readonly Bytes[] = ['signed', 'unsigned'];

const familyPerKinds = (family: (a: Bytes, b: Bytes) => Family): Readonly<Record<BytePair, Family>> =>
  Object.fromEntries(kinds.flatMap((a) => kinds.map((b) => [`${a}-${b}`, family(a, b)]))) as Record<BytePair, Family>;

const pairFamilies = familyPerKinds(
  (a, b) =>
    ({ module }) =>
      emitGemmI8(module, a, b),
);
const dotFamilies = familyPerKinds(
  (a, b) =>
    ({ module }) =>
      emitGemmDot8(module, `${a}-${b}`),
);

/** Zero points of lines: one for all, as activations have it, or one each. */
type Zeros = number | Int32Array;

function zerosOf({ storage, layout }: View, batch: number): Zeros {
  const { array, base } = storage;
  const count = layout.shape[1]! * layout.shape[2]!;
  const step = layout.shape[1] === 1 ? layout.strides[2]! : layout.strides[1]!;
  const first = base + layout.offset + batch * layout.strides[0]!;
  if (step === 0 || count === 1) return array[first]!;
  const zeros = new Int32Array(count);
  for (let i = 0, at = first; i < count; i++, at += step) zeros[i] = array[at]!;
  return zeros;
}

/** Whether a condition holds for all zero points. */
const every = (zeros: Zeros, holds: (zero: number) => boolean): boolean =>
  typeof zeros === 'number' ? holds(zeros) : zeros.every(holds);

const eachZero = (zeros: Zeros, change: (zero: number) => number): Zeros =>
  typeof zeros === 'number' ? change(zeros) : zeros.map(change);

const isZero = (zero: number): boolean => zero === 0;
const isSmall = (zero: number): boolean => Math.abs(zero) <= LARGEST_ZERO;

/** Multiplications that one thread does in a nanosecond, roughly. */
const [PAIRS_RATE, DOTS_RATE] = [40, 100];

/** Columns by rows from which those are divided. */
const WIDE = 4;

/** Zero points of the rows of A and of the columns of B. */
interface Points {
  readonly aZero: Zeros;
  readonly bZero: Zeros;
}

/** One product of a batch, in memory. */
interface Product extends Points {
  readonly kinds: BytePair;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: GemmOperand;
  readonly b: GemmOperand;
  readonly c: number;
  /** B, where it is the whole of a tensor that may be met again. */
  readonly weight: View | null;
}

/** Small products of a batch, with one zero point for all of each side. */
interface Batch {
  readonly first: Product;
  readonly batches: number;
  readonly steps: BatchSteps;
  readonly aZero: number;
  readonly bZero: number;
}

/** Matrix products of bytes; every other dtype goes to `fallback`. */
export function simdMatmulInteger(
  engine: SimdEngine,
  fallback: Pick<MatmulKernels, 'matmulInteger'>,
): Pick<MatmulKernels, 'matmulInteger'> {
  const { memory } = engine;

  /** Numbers for `count` lines as int32 in scratch memory, and more behind them so that whole panels can be read. */
  function line(values: Zeros, count: number): number {
    const at = memory.scratch((count + PANEL) * 4);
    const heap = memory.heap('int32');
    if (typeof values === 'number') heap.fill(values, at / 4, at / 4 + count + PANEL);
    else {
      heap.set(values, at / 4);
      heap.fill(0, at / 4 + count, at / 4 + count + PANEL);
    }
    return at;
  }

  const byKinds = (packing: (kinds: BytePair) => Packing): Readonly<Record<BytePair, Packing>> =>
    Object.fromEntries(kinds.flatMap((a) => kinds.map((b) => [`${a}-${b}`, packing(`${a}-${b}`)]))) as Record<
      BytePair,
      Packing
    >;

  const pairPackings = byKinds((pair) => ({
    bytes: ({ layout: { shape } }) => packedI8(shape[1]!, shape[2]!),
    pack(view, to) {
      const [, k, n] = view.layout.shape as [number, number, number];
      const [, row, column] = byteStrides(view);
      engine.load(pairFamilies[pair])['packI8']!(n, k, addressOf(memory, view), row, column, line(0, n), to);
    },
  }));

  /** By pairs of 16-bit integers: zero points are taken away as bytes are widened. */
  function byPairs(product: Product): void {
    const { kinds: pair, m, n, k, aZero, bZero, weight } = product;
    const packed = weight && every(bZero, isZero) ? packedForm(memory, weight, pairPackings[pair]) : 0;
    const { a, b, c } = product;
    const operands = { a: { ...a, extra: line(aZero, m) }, b: { ...b, extra: line(bZero, n) } };
    const call = { m, n, k, ...operands, c, cRow: n * 4, packed };
    divideProduct(engine, pairFamilies[pair], 'gemmI8', call, {
      tile: GEMM_I8_TILE,
      workspace: GEMM_I8_WORKSPACE,
      packedColumn: Math.ceil(k / 2) * 4,
      rate: PAIRS_RATE,
      wide: WIDE,
    });
  }

  /** Packs B for dot products, with the sums of its columns behind the panels. */
  function packForDots(pair: BytePair, n: number, k: number, b: GemmOperand, to: number): void {
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

  /** Sums of the columns of B, as `packDot8` leaves them, times a number: a row in scratch memory. */
  function timesSums(factor: number, sums: number, n: number): number {
    const at = memory.scratch((n + PANEL) * 4);
    const heap = memory.heap('int32');
    for (let i = 0; i < n; i++) heap[at / 4 + i] = Math.imul(factor, heap[sums / 4 + i]!);
    return at;
  }

  /** By dot products of four bytes: zero points are brought in at the end, by sums of rows and columns. */
  function byDots(product: Product): void {
    const { kinds: pair, m, n, k, a, b, c, weight } = product;
    const family = dotFamilies[pair];
    const { panels, all } = packedDot8(k, n);
    let packed = weight ? packedForm(memory, weight, dotPackings[pair]) : 0;
    if (!packed) packForDots(pair, n, k, b, (packed = memory.scratch(all)));
    const { a: aMoved, b: bMoved } = movedBy(pair);
    const aZero = eachZero(product.aZero, (zero) => zero + aMoved);
    const bZero = eachZero(product.bZero, (zero) => zero + bMoved);
    const hasColumnZeros = !every(bZero, isZero);
    // sum of (a - p)(b - q) = sum of ab - p * sum of b + q * (k * p - sum of a)
    const inOne = !hasColumnZeros && typeof aZero === 'number';
    const bias = inOne && aZero !== 0 ? timesSums(-aZero, packed + panels, n) : 0;
    const call = { m, n, k, a, b, c, cRow: n * 4, packed, bias };
    divideProduct(engine, family, 'gemmDot8', call, {
      tile: GEMM_DOT8_TILE,
      workspace: GEMM_DOT8_WORKSPACE,
      packedColumn: Math.ceil(k / 4) * 4,
      rate: DOTS_RATE,
      wide: WIDE,
    });
    if (inOne) return;
    const terms = line(
      eachZero(aZero, (zero) => -zero),
      m,
    );
    let factors = 0;
    if (hasColumnZeros) {
      factors = line(0, m);
      engine.load(family)['lineSums']!(a.at, m, a.row, k, a.column, factors);
      const heap = memory.heap('int32');
      for (let i = 0; i < m; i++)
        heap[factors / 4 + i] = Math.imul(k, typeof aZero === 'number' ? aZero : aZero[i]!) - heap[factors / 4 + i]!;
    }
    const columns = hasColumnZeros ? line(bZero, n) : 0;
    engine.divide(family, 'correct', { count: m, grain: 1, work: (m * n) / 8 }, (start, end) => [
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

  /** A batch by pairs: one thread does each product. */
  function batchByPairs({ first, batches, steps, aZero, bZero }: Batch): void {
    const { kinds: pair, m, n, k, a, b, c } = first;
    const [aExtra, bExtra] = [line(aZero, m), line(bZero, n)];
    const call = { m, n, k, a: { ...a, extra: aExtra }, b: { ...b, extra: bExtra }, c, cRow: n * 4 };
    const work = (batches * m * n * k) / PAIRS_RATE;
    engine.divide(
      pairFamilies[pair],
      'gemmI8Batch',
      { count: batches, grain: 1, work, workspace: GEMM_I8_WORKSPACE },
      (start, end) => batchArguments(call, steps, start, end - start),
    );
  }

  /** A batch by dot products: one thread does each product. */
  function batchByDots({ first, batches, steps, aZero, bZero }: Batch): void {
    const { kinds: pair, m, n, k, a, b, c } = first;
    const moved = movedBy(pair);
    const zero = bZero + moved.b;
    const bZeros = zero === 0 ? 0 : line(zero, n);
    const { panels, all } = packedDot8(k, n);
    const work = (batches * m * n * k) / DOTS_RATE;
    const workspace = GEMM_DOT8_WORKSPACE + all + m * 4;
    engine.divide(dotFamilies[pair], 'gemmDot8Batch', { count: batches, grain: 1, work, workspace }, (start, end) =>
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
  }

  return {
    matmulInteger(x, y, xZero, yZero, out) {
      const [batches, m, k] = x.layout.shape as [number, number, number];
      const n = y.layout.shape[2]!;
      const [left, right] = [kindOf(x), kindOf(y)];
      if (!left || !right || batches === 0 || batches * m * n * k < FEW_PRODUCTS)
        return fallback.matmulInteger(x, y, xZero, yZero, out);
      const points: Points[] = [];
      for (let i = 0; i < batches; i++) {
        const [aZero, bZero] = [zerosOf(xZero, i), zerosOf(yZero, i)];
        if (!every(aZero, isSmall) || !every(bZero, isSmall)) return fallback.matmulInteger(x, y, xZero, yZero, out);
        points.push({ aZero, bZero });
      }
      const exact = dotsAreExact(engine);
      memory.beginKernel();
      try {
        if ((m === 1 || n === 1) && byteVectorProduct(engine, x, y, xZero, yZero, out)) return;
        const to = out.storage.writePointer(memory, out.layout);
        if (to === null) return fallback.matmulInteger(x, y, xZero, yZero, out);
        const [a, b, c] = [addressOf(memory, x), addressOf(memory, y), to + out.layout.offset * 4];
        const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
        const product = (i: number): Product => ({
          kinds: `${left}-${right}`,
          m,
          n,
          k,
          a: { at: a + i * xb, row: xr, column: xc },
          b: { at: b + i * yb, row: yr, column: yc },
          c: c + i * m * n * 4,
          ...points[i]!,
          weight: batches === 1 ? y : null,
        });
        const first = product(0);
        const { aZero, bZero } = first;
        const alike = points.every((point) => point.aZero === aZero && point.bZero === bZero);
        const small = m * n * k < SMALL_PRODUCT * (exact ? DOTS_RATE : PAIRS_RATE);
        if (batches > 1 && small && alike && typeof aZero === 'number' && typeof bZero === 'number') {
          const steps = { a: xb, b: yb, c: m * n * 4 };
          return (exact ? batchByDots : batchByPairs)({ first, batches, steps, aZero, bZero });
        }
        for (let i = 0; i < batches; i++) (exact ? byDots : byPairs)(product(i));
      } finally {
        memory.endKernel();
      }
    },
  };
}
