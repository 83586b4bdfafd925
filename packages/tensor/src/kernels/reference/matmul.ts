import { newArray, type TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { MatmulKernels } from '../contract/matmul.js';

/** One matrix of a batch, copied to a contiguous array where it does not lie so already. */
function matrix(view: View, batch: number): { array: TypedArray; at: number } {
  const { shape, strides, offset } = view.layout;
  const [rows, columns] = [shape[1]!, shape[2]!];
  const start = view.storage.base + offset + batch * strides[0]!;
  const { array } = view.storage;
  if ((strides[2] === 1 || columns === 1) && (strides[1] === columns || rows === 1)) return { array, at: start };
  const packed = newArray(view.storage.dtype, rows * columns);
  for (let i = 0, next = 0; i < rows; i++)
    for (let j = 0, p = start + i * strides[1]!; j < columns; j++, p += strides[2]!) packed[next++] = array[p]!;
  return { array: packed, at: 0 };
}

/** Rows of y taken together: each element of the output row is loaded and stored once for four products. */
const UNROLL = 4;

export const matmul: MatmulKernels = {
  matmul(x, y, out) {
    const [batches, m, k] = x.layout.shape as [number, number, number];
    const n = y.layout.shape[2]!;
    const c = out.storage.array;
    const integer = !(c instanceof Float32Array || c instanceof Float64Array);
    for (let batch = 0; batch < batches; batch++) {
      const { array: a, at: a0 } = matrix(x, batch);
      const { array: b, at: b0 } = matrix(y, batch);
      const c0 = out.storage.base + out.layout.offset + batch * m * n;
      for (let i = 0; i < m; i++) {
        const row = c0 + i * n;
        c.fill(0, row, row + n);
        let p = 0;
        for (; !integer && p + UNROLL <= k; p += UNROLL) {
          const ap = a0 + i * k + p;
          const [w0, w1, w2, w3] = [a[ap]!, a[ap + 1]!, a[ap + 2]!, a[ap + 3]!];
          const r0 = b0 + p * n;
          const r1 = r0 + n;
          const r2 = r1 + n;
          const r3 = r2 + n;
          for (let j = 0; j < n; j++) c[row + j]! += w0 * b[r0 + j]! + w1 * b[r1 + j]! + w2 * b[r2 + j]! + w3 * b[r3 + j]!;
        }
        for (; p < k; p++) {
          const w = a[a0 + i * k + p]!;
          const r = b0 + p * n;
          if (integer) for (let j = 0; j < n; j++) c[row + j]! += Math.imul(w, b[r + j]!);
          else for (let j = 0; j < n; j++) c[row + j]! += w * b[r + j]!;
        }
      }
    }
  },
};
