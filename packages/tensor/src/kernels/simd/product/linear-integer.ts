import { dtypes } from '../../../dtype.js';
import { Layout } from '../../../layout.js';
import { empty, type View } from '../../../storage.js';
import type { IntegerKernels, LinearWeight, Rescaling } from '../../contract/integer.js';
import { isLaneDType } from '../elementwise/lanes.js';
import type { SimdEngine } from '../engine/engine.js';
import { addressOf, byteStrides, lineOf } from '../engine/places.js';
import { countable } from '../quantize/requantize.js';
import { bytesOf, type ByteMultiplication } from './byte-product.js';
import { gemvI8Family, STEP, widenFamily } from './gemv-i8.js';
import { nibbleFamily, UNPACK_SLACK } from './nibbles.js';
import { isSmall } from './zero-points.js';

/** Products, or values, below which the plain loops are as fast. */
const FEW = 32;

const lines = { signed: gemvI8Family('signed'), unsigned: gemvI8Family('unsigned') };
const widen = {
  whole: { signed: widenFamily('signed', false), unsigned: widenFamily('unsigned', false) },
  halves: { signed: widenFamily('signed', true), unsigned: widenFamily('unsigned', true) },
};

/** Bytes of a row that share a factor, all of them where there are none; null where blocks do not consist of whole steps. */
function blockBytes({ values, factors }: LinearWeight, k: number): number | null {
  const rowBytes = values.layout.shape[1]!;
  if (!factors) return rowBytes;
  const size = k / factors.layout.shape[1]!;
  return size % STEP === 0 ? size / 2 : null;
}

/** Products from which one of several rows is worth it. */
const ROWS = 1024;

/** Linear layers, of several rows where they end on a grid, and weights of half bytes; everything else goes to `fallback`. */
export function simdLinearInteger(
  engine: SimdEngine,
  way: () => ByteMultiplication,
  requantize: IntegerKernels['requantize'],
  fallback: Pick<IntegerKernels, 'linearInteger' | 'unpackWeight'>,
): Pick<IntegerKernels, 'linearInteger' | 'unpackWeight'> {
  const { memory } = engine;

  const factorsOf = ({ factors }: LinearWeight): readonly [address: number, stride: number] =>
    factors ? [addressOf(memory, factors), factors.layout.shape[1]!] : [0, 0];

  /** Sums of one row: every row of the weight is read where it lies. */
  function row(x: View, weight: LinearWeight, xZero: number, sums: View): boolean {
    const [n, rowBytes] = weight.values.layout.shape as [number, number];
    const k = x.layout.shape[1]!;
    const kind = bytesOf(x);
    const { halves, values } = weight;
    const block = blockBytes(weight, k);
    if (!kind || block === null || x.layout.strides[1] !== 1 || !isSmall(xZero)) return false;
    const whole = halves === null ? bytesOf(values) : null;
    memory.beginKernel();
    try {
      const target = sums.storage.writePointer(memory, sums.layout);
      if (target === null) return false;
      const to = target + sums.layout.offset * 4;
      const [from, at] = [addressOf(memory, x), addressOf(memory, values)];
      const vector = memory.scratch((k + STEP) * 2);
      engine.load(widen[whole ? 'whole' : 'halves'][kind]).widen!(from, k, xZero, vector);
      const [stride] = values.layout.strides as [number];
      if (whole)
        engine.divide(lines[whole], 'gemvI8', { count: n, grain: 4, work: (k * n) / 16 }, (start, end) => [
          vector,
          k,
          at + start * stride,
          end - start,
          stride,
          to + start * 4,
        ]);
      else {
        const [factors, factorStride] = factorsOf(weight);
        engine.divide(
          nibbleFamily(halves === 'signed'),
          'gemvI4',
          { count: n, grain: 4, work: (k * n) / 16 },
          (start, end) => [
            vector,
            rowBytes,
            at + start * stride,
            end - start,
            stride,
            to + start * 4,
            block,
            factors && factors + start * factorStride,
            factorStride,
          ],
        );
      }
      return true;
    } finally {
      memory.endKernel();
    }
  }

  /** Sums of a row less those of the zero points of the weight: `zero * sum(x - xZero)`. */
  function takeZeros(x: View, xZero: number, wZero: View, sums: View): void {
    const { array, base } = x.storage;
    const start = base + x.layout.offset;
    let total = 0;
    for (let i = start, end = start + x.layout.shape[1]!; i < end; i++) total += array[i]! - xZero;
    sums.storage.beginWrite();
    const [zeros, to] = [wZero.storage.array, sums.storage.array];
    const [zeroAt, toAt] = [wZero, sums].map(({ storage, layout }) => storage.base + layout.offset) as [number, number];
    for (let j = 0, n = sums.layout.shape[1]!, step = wZero.layout.strides[0]!; j < n; j++)
      to[toAt + j]! -= Math.imul(zeros[zeroAt + j * step]!, total);
  }

  /** Several rows on a grid, by a weight that was met before. */
  function rows(x: View, { values, halves }: LinearWeight, xZero: number, y: View, rescaling: Rescaling): boolean {
    const [m, n] = y.layout.shape as [number, number];
    const k = x.layout.shape[1]!;
    const [left, right] = [bytesOf(x), bytesOf(values)];
    const { dtype } = y.storage;
    if (halves !== null || !left || !right || !isSmall(xZero) || m * n * k < ROWS) return false;
    if (!isLaneDType(dtype) || !countable(rescaling.grid)) return false;
    memory.beginKernel();
    try {
      const target = y.storage.writePointer(memory, y.layout);
      if (target === null) return false;
      const weight = { storage: values.storage, layout: values.layout.transpose(0, 1).unsqueeze(0) };
      const [row, column] = x.layout.strides as [number, number];
      const [, bRow, bColumn] = byteStrides(weight);
      return way().rescaled(
        {
          pair: `${left}-${right}`,
          m,
          n,
          k,
          a: { at: addressOf(memory, x), row, column },
          b: { at: addressOf(memory, weight), row: bRow, column: bColumn },
          aZero: xZero,
          bZero: 0,
          weight,
        },
        {
          at: target + y.layout.offset * dtypes[dtype].bytes,
          dtype,
          multiplier: lineOf(memory, rescaling.multiplier),
          bias: lineOf(memory, rescaling.bias),
          grid: rescaling.grid,
        },
      );
    } finally {
      memory.endKernel();
    }
  }

  return {
    linearInteger(x, weight, xZero, wZero, y, rescaling) {
      const [m, n] = y.layout.shape as [number, number];
      if (m > 1 && wZero === null && rescaling !== null && rows(x, weight, xZero, y, rescaling)) return;
      const few = m * n * x.layout.shape[1]! < FEW;
      const sums = m === 1 && !few ? (rescaling ? empty([1, n], 'int32') : y) : null;
      if (!sums || !row(x, weight, xZero, sums)) {
        if (sums !== y) sums?.storage.free();
        return fallback.linearInteger(x, weight, xZero, wZero, y, rescaling);
      }
      if (wZero) takeZeros(x, xZero, wZero, sums);
      if (!rescaling) return;
      const spread = ({ storage, layout }: View): View => ({
        storage,
        layout: new Layout([1, n], [0, layout.strides[0]!], layout.offset),
      });
      requantize(sums, spread(rescaling.multiplier), spread(rescaling.bias), rescaling.grid, y);
      sums.storage.free();
    },

    unpackWeight(weight, out) {
      const { values, halves } = weight;
      const [n, k] = out.layout.shape as [number, number];
      const block = blockBytes(weight, k);
      const plain = halves === null || block === null || k < STEP || n * k < FEW;
      memory.beginKernel();
      try {
        const target = plain ? null : out.storage.writePointer(memory, out.layout);
        if (target === null) return fallback.unpackWeight(weight, out);
        const [stride] = values.layout.strides as [number];
        const { bytes } = dtypes[out.storage.dtype];
        // The last row is written elsewhere first: what is too much of it must not reach what lies behind.
        const at = addressOf(memory, values);
        const [factors, factorStride] = factorsOf(weight);
        const to = target + out.layout.offset * bytes;
        const last = memory.scratch(k + UNPACK_SLACK);
        const { unpack } = engine.load(nibbleFamily(halves === 'signed'));
        const rowBytes = values.layout.shape[1]!;
        if (n > 1) unpack!(at, n - 1, rowBytes, stride, k, to, block!, factors, factorStride);
        const lastFactors = factors && factors + (n - 1) * factorStride;
        unpack!(at + (n - 1) * stride, 1, rowBytes, stride, k, last, block!, lastFactors, factorStride);
        memory.heap('uint8').copyWithin(to + (n - 1) * k, last, last + k);
      } finally {
        memory.endKernel();
      }
    },
  };
}
