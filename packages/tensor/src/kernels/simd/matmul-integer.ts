import type { View } from '../../storage.js';
import type { MatmulKernels } from '../contract/matmul.js';
import type { Family, SimdEngine } from './engine.js';
import { gemmArguments } from './gemm.js';
import { emitGemmI8, GEMM_I8_WORKSPACE, type Bytes } from './gemm-i8.js';
import { gemvI8Family } from './gemv-i8.js';
import { addressOf, byteStrides } from './places.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 4096;

/** Zero points up to this leave room for a byte in 16 bits. */
const LARGEST_ZERO = 32767 - 255;

const bytesOf = ({ storage: { dtype } }: View): Bytes | null =>
  dtype === 'int8' ? 'signed' : dtype === 'uint8' ? 'unsigned' : null;

const bytes: readonly Bytes[] = ['signed', 'unsigned'];
const byteFamilies = Object.fromEntries(
  bytes.flatMap((a) => bytes.map((b) => [`${a}-${b}`, (({ module }) => emitGemmI8(module, 'gemmI8', a, b)) as Family])),
) as Record<`${Bytes}-${Bytes}`, Family>;

const lineFamilies: Readonly<Record<Bytes, Family>> = {
  signed: gemvI8Family('signed'),
  unsigned: gemvI8Family('unsigned'),
};

/** Place of the first element of one batch. */
const first = ({ storage, layout }: View, batch: number): number =>
  storage.base + layout.offset + batch * layout.strides[0]!;

/** Matrix products of bytes; every other dtype goes to `fallback`. */
export function simdMatmulInteger(
  engine: SimdEngine,
  fallback: Pick<MatmulKernels, 'matmulInteger'>,
): Pick<MatmulKernels, 'matmulInteger'> {
  const { memory } = engine;
  const address = (view: View): number => addressOf(memory, view);

  /** Zero points of one batch as int32 in scratch memory, padded so that whole panels can be read. */
  function zeros({ storage, layout }: View, batch: number): number {
    const count = layout.shape[1]! * layout.shape[2]!;
    const step = layout.shape[1] === 1 ? layout.strides[2]! : layout.strides[1]!;
    const at = memory.scratch((count + 16) * 4);
    const heap = memory.heap('int32');
    const start = storage.base + layout.offset + batch * layout.strides[0]!;
    for (let i = 0; i < count; i++) heap[at / 4 + i] = storage.array[start + i * step]!;
    heap.fill(0, at / 4 + count, at / 4 + count + 16);
    return at;
  }

  const smallZeros = ({ storage: { array, base, length } }: View): boolean => {
    for (let i = base; i < base + length; i++) if (Math.abs(array[i]!) > LARGEST_ZERO) return false;
    return true;
  };

  /** Integer products with one row, where every column of y lies in order; or with one column and such rows of x. Else false. */
  function byteVectorProduct(x: View, y: View, xZero: View, yZero: View, out: View): boolean {
    const [batches, m, k] = x.layout.shape as [number, number, number];
    const n = y.layout.shape[2]!;
    const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
    const [vector, vectorBatch, vectorStep, lines, linesBatch, along, stride, count] =
      m === 1 ? [x, xb, xc, y, yb, yr, yc, n] : [y, yb, yr, x, xb, xc, xr, m];
    const [vectorZeros, lineZeros] = m === 1 ? [xZero, yZero] : [yZero, xZero];
    const kind = bytesOf(lines);
    if (along !== 1 || !kind) return false;
    const target = out.storage.writePointer(memory, out.layout);
    if (target === null) return false;
    const [from, at, c] = [address(vector), address(lines), target + out.layout.offset * 4];
    const widened = memory.scratch(k * 2 + 32);
    const [into, elements] = [memory.heap('int16'), memory.heap(vector.storage.dtype)];
    const sums = memory.heap('int32');
    const lineStep = lineZeros.layout.strides[m === 1 ? 2 : 1]!;
    for (let i = 0; i < batches; i++) {
      const zero = vectorZeros.storage.array[first(vectorZeros, i)]!;
      let total = 0;
      for (let p = 0, q = from + i * vectorBatch; p < k; p++, q += vectorStep)
        total += into[widened / 2 + p] = elements[q]! - zero;
      const result = c + i * count * 4;
      engine.divide(lineFamilies[kind], 'gemvI8', count, 4, k * count, (start, end) => [
        widened,
        k,
        at + i * linesBatch + start * stride,
        end - start,
        stride,
        result + start * 4,
      ]);
      // (line - zero) . v = line . v - zero * sum(v)
      const zeros = lineZeros.storage.array;
      for (let j = 0, z = first(lineZeros, i); j < count; j++, z += lineStep)
        if (zeros[z] !== 0) sums[result / 4 + j]! -= Math.imul(zeros[z]!, total);
    }
    return true;
  }

  return {
    matmulInteger(x, y, xZero, yZero, out) {
      const [batches, m, k] = x.layout.shape as [number, number, number];
      const n = y.layout.shape[2]!;
      const [left, right] = [bytesOf(x), bytesOf(y)];
      if (!left || !right || batches === 0 || m * n * k < FEW_PRODUCTS || !smallZeros(xZero) || !smallZeros(yZero))
        return fallback.matmulInteger(x, y, xZero, yZero, out);
      memory.beginKernel();
      try {
        if ((m === 1 || n === 1) && byteVectorProduct(x, y, xZero, yZero, out)) return;
        const to = out.storage.writePointer(memory, out.layout);
        if (to === null) return fallback.matmulInteger(x, y, xZero, yZero, out);
        const [a, b, c] = [address(x), address(y), to + out.layout.offset * 4];
        const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
        for (let i = 0; i < batches; i++) {
          const [zx, zy] = [zeros(xZero, i), zeros(yZero, i)];
          engine.divide(byteFamilies[`${left}-${right}`], 'gemmI8', m, 4, (m * n * k) / 8, (start, end, part) =>
            gemmArguments({
              m: end - start,
              n,
              k,
              a: { at: a + i * xb + start * xr, row: xr, column: xc, extra: zx + start * 4 },
              b: { at: b + i * yb, row: yr, column: yc, extra: zy },
              c: c + (i * m + start) * n * 4,
              cRow: n * 4,
              workspace: engine.workspace(part, GEMM_I8_WORKSPACE),
            }),
          );
        }
      } finally {
        memory.endKernel();
      }
    },
  };
}
