/** The integer kernels that the golden files name, as a user would write them. */
import type { Tensor } from '@q/tensor';
import { callMethod, exportedClass, property } from '../../../tensor/test/golden/library.js';
import { exportsOfQuant } from './quantizers.js';

interface Encoded {
  readonly q: Tensor;
  readonly scale: Tensor;
}

/** Integers moved to their zero, as floats, with their scale. */
function encoded(tensor: unknown): Encoded {
  const encoding = property(tensor as object, 'encoding') as object;
  const integers = callMethod(tensor as object, 'quantizedRepr', []) as Tensor;
  return { q: integers.add(property(encoding, 'offset') as Tensor), scale: property(encoding, 'scale') as Tensor };
}

function requantized(values: Tensor, outputEncoding: unknown): object {
  const q = callMethod(outputEncoding as object, 'quantize', [values]);
  return new (exportedClass(exportsOfQuant, 'QuantizedTensor'))(q, outputEncoding);
}

type Kernel = (
  inputs: readonly unknown[],
  params: Readonly<Record<string, unknown>>,
  context: { readonly outputEncoding: unknown },
) => object;

export const kernels: Readonly<Record<string, Kernel>> = {
  int_multiply: ([a, b], _params, { outputEncoding }) => {
    const [left, right] = [encoded(a), encoded(b)];
    return requantized(left.q.mul(right.q).mul(left.scale.mul(right.scale)), outputEncoding);
  },
  int_linear: ([x], { weight, bias }, { outputEncoding }) => {
    const [input, matrix] = [encoded(x), encoded(weight)];
    const product = input.q
      .to('float64')
      .matmul(matrix.q.to('float64').permute([1, 0]))
      .to('float32');
    const scaled = product.mul(input.scale.mul(matrix.scale.reshape(matrix.scale.numel === 1 ? [] : [-1])));
    return requantized(bias ? scaled.add(bias as Tensor) : scaled, outputEncoding);
  },
};
