import { Layout } from '../../layout.js';
import { empty, type View } from '../../storage.js';
import type { IntegerKernels, LinearWeight } from '../contract/integer.js';
import type { MatmulKernels } from '../contract/matmul.js';
import { constant } from './constant.js';

/** A vector stretched over a batch of one matrix, along its rows or its columns. */
const spread = ({ storage, layout }: View, shape: readonly number[], dim: 1 | 2): View => ({
  storage,
  layout: new Layout(shape, [0, dim === 1 ? layout.strides[0]! : 0, dim === 2 ? layout.strides[0]! : 0], layout.offset),
});

const matrix = ({ storage, layout }: View, transposed: boolean): View => ({
  storage,
  layout: transposed ? layout.transpose(0, 1).unsqueeze(0) : layout.unsqueeze(0),
});

/** `linearInteger` as a product of matrices, by whichever kernels are at hand. */
export function linearByProduct(
  kernels: Pick<MatmulKernels, 'matmulInteger'> & Pick<IntegerKernels, 'requantize' | 'unpackWeight'>,
): Pick<IntegerKernels, 'linearInteger'> {
  return {
    linearInteger(x, weight, xZero, wZero, y, rescaling) {
      const [m, n] = y.layout.shape as [number, number];
      const k = x.layout.shape[1]!;
      const bytes = weight.halves === null ? weight.values : unpacked(kernels, weight, n, k);
      const sums = rescaling ? empty([m, n], 'int32') : y;
      kernels.matmulInteger(
        matrix(x, false),
        matrix(bytes, true),
        spread(constant(xZero, 'int32', [m]), [1, m, 1], 1),
        spread(wZero ?? constant(0, 'int32', [n]), [1, 1, n], 2),
        matrix(sums, false),
      );
      if (bytes !== weight.values) bytes.storage.free();
      if (!rescaling) return;
      const { multiplier, bias, grid } = rescaling;
      const [factors, terms] = [multiplier, bias].map((vector) => spread(vector, [1, m, n], 2));
      kernels.requantize(matrix(sums, false), factors!, terms!, grid, matrix(y, false));
      sums.storage.free();
    },
  };
}

/** The values of a weight as bytes of their own. */
function unpacked(
  { unpackWeight }: Pick<IntegerKernels, 'unpackWeight'>,
  weight: LinearWeight,
  n: number,
  k: number,
): View {
  const out = empty([n, k], weight.halves === 'signed' ? 'int8' : 'uint8');
  unpackWeight(weight, out);
  return out;
}

/** `unpackWeight` in plain loops. */
export const unpackWeight: IntegerKernels['unpackWeight'] = ({ values, halves, factors }, out) => {
  const [rows, k] = out.layout.shape as [number, number];
  const [from, to] = [values.storage.array, out.storage.array];
  const start = values.storage.base + values.layout.offset;
  const [stride] = values.layout.strides as [number];
  const blocks = factors?.layout.shape[1] ?? 1;
  const size = Math.ceil(k / blocks);
  const factorsAt = factors ? factors.storage.base + factors.layout.offset : 0;
  for (let row = 0, at = out.storage.base + out.layout.offset; row < rows; row++)
    for (let i = 0; i < k; i++, at++) {
      const place = start + row * stride + (halves === null ? i : i >> 1);
      const half = halves === null ? from[place]! : (from[place]! >> ((i & 1) * 4)) & 15;
      const value = halves === 'signed' && half > 7 ? half - 16 : half;
      to[at] = factors ? value * factors.storage.array[factorsAt + row * blocks + Math.floor(i / size)]! : value;
    }
};
