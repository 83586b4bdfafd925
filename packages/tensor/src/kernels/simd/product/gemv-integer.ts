import type { View } from '../../../storage.js';
import type { Family, SimdEngine } from '../engine/engine.js';
import type { Bytes } from './gemm-i8.js';
import { gemvI8Family } from './gemv-i8.js';
import { addressOf, byteStrides } from '../engine/places.js';

const lineFamilies: Readonly<Record<Bytes, Family>> = {
  signed: gemvI8Family('signed'),
  unsigned: gemvI8Family('unsigned'),
};

/** Place of the first element of one batch. */
const first = ({ storage, layout }: View, batch: number): number =>
  storage.base + layout.offset + batch * layout.strides[0]!;

/**
 * Integer products with one row, where every column of y lies in order; or with one column and such rows of x. False elsewhere,
 * with nothing done. To be called between `beginKernel` and `endKernel`.
 */
export function byteVectorProduct(engine: SimdEngine, x: View, y: View, xZero: View, yZero: View, out: View): boolean {
  const { memory } = engine;
  const [batches, m, k] = x.layout.shape as [number, number, number];
  const n = y.layout.shape[2]!;
  const [[xb, xr, xc], [yb, yr, yc]] = [byteStrides(x), byteStrides(y)];
  const [vector, vectorBatch, vectorStep, lines, linesBatch, along, stride, count] =
    m === 1 ? [x, xb, xc, y, yb, yr, yc, n] : [y, yb, yr, x, xb, xc, xr, m];
  const [vectorZeros, lineZeros] = m === 1 ? [xZero, yZero] : [yZero, xZero];
  if (along !== 1) return false;
  const target = out.storage.writePointer(memory, out.layout);
  if (target === null) return false;
  const [from, at, c] = [addressOf(memory, vector), addressOf(memory, lines), target + out.layout.offset * 4];
  const widened = memory.scratch(k * 2 + 32);
  const [into, elements] = [memory.heap('int16'), memory.heap(vector.storage.dtype)];
  const sums = memory.heap('int32');
  const family = lineFamilies[lines.storage.dtype === 'int8' ? 'signed' : 'unsigned'];
  const lineStep = lineZeros.layout.strides[m === 1 ? 2 : 1]!;
  for (let i = 0; i < batches; i++) {
    const zero = vectorZeros.storage.array[first(vectorZeros, i)]!;
    let total = 0;
    for (let p = 0, q = from + i * vectorBatch; p < k; p++, q += vectorStep)
      total += into[widened / 2 + p] = elements[q]! - zero;
    const result = c + i * count * 4;
    engine.divide(family, 'gemvI8', { count, grain: 4, work: (k * count) / 16 }, (start, end) => [
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
