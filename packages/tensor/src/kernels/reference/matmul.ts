import { isFloat, type TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { gemmFloat, gemmInteger, type Matrix } from './gemm.js';

/** One matrix of a `[batch, rows, columns]` view, wherever its elements lie. */
function matrix({ storage, layout }: View, batch: number): Matrix {
  const [step, row, column] = layout.strides as [number, number, number];
  return { array: storage.array, at: storage.base + layout.offset + batch * step, row, column };
}

/** Calls `product` with the sizes and the place of the result of each matrix of a batch. */
function batches(
  x: View,
  y: View,
  out: View,
  product: (batch: number, at: number, m: number, k: number, n: number) => void,
): void {
  const [count, m, k] = x.layout.shape as [number, number, number];
  const n = y.layout.shape[2]!;
  for (let batch = 0; batch < count; batch++)
    product(batch, out.storage.base + out.layout.offset + batch * m * n, m, k, n);
}

/** Adds a row to each of `m` rows from `c[at]` on. */
function addRow({ storage, layout }: View, c: TypedArray, at: number, m: number, n: number): void {
  const [step] = layout.strides as [number];
  const first = storage.base + layout.offset;
  for (let i = 0; i < m; i++) for (let j = 0, b = first; j < n; j++, b += step) c[at++]! += storage.array[b]!;
}

export const matmul: MatmulKernels = {
  matmul(x, y, bias, out) {
    const gemm = isFloat(out.storage.dtype) ? gemmFloat : gemmInteger;
    batches(x, y, out, (batch, at, m, k, n) => {
      gemm(matrix(x, batch), matrix(y, batch), out.storage.array, at, m, k, n);
      if (bias) addRow(bias, out.storage.array, at, m, n);
    });
  },
  matmulInteger(x, y, xZero, yZero, out) {
    batches(x, y, out, (batch, at, m, k, n) =>
      gemmInteger(
        matrix(x, batch),
        matrix(y, batch),
        out.storage.array,
        at,
        m,
        k,
        n,
        matrix(xZero, batch),
        matrix(yZero, batch),
      ),
    );
  },
};
