import { isFloat, type TypedArray } from '../../dtype.js';
import type { View } from '../../storage.js';
import type { Epilogue, MatmulKernels } from '../contract/matmul.js';
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

/** Finishes `m` rows of a product from `c[at]` on. */
function finish({ bias, relu }: Epilogue, c: TypedArray, at: number, m: number, n: number): void {
  const row = bias?.storage.array;
  const [step] = (bias?.layout.strides ?? [0]) as [number];
  const first = bias ? bias.storage.base + bias.layout.offset : 0;
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++, at++) {
      if (row) c[at]! += row[first + j * step]!;
      if (relu && c[at]! <= 0) c[at] = 0;
    }
}

export const matmul: MatmulKernels = {
  matmul(x, y, epilogue, out) {
    const gemm = isFloat(out.storage.dtype) ? gemmFloat : gemmInteger;
    batches(x, y, out, (batch, at, m, k, n) => {
      gemm(matrix(x, batch), matrix(y, batch), out.storage.array, at, m, k, n);
      if (epilogue) finish(epilogue, out.storage.array, at, m, n);
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
