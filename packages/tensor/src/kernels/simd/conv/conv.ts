import type { View } from '../../../storage.js';
import type { ConvKernels, ConvWindows } from '../../contract/conv.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import type { SimdEngine } from '../engine/engine.js';
import { adjointOf } from './conv-adjoint.js';
import { flatConvolution } from './conv-flat.js';

/** `[n, ...]` as a matrix of `n` rows, in a batch of one. */
const rowsOf = ({ storage, layout }: View): View => ({
  storage,
  layout: layout.reshape([1, layout.shape[0]!, layout.numel / layout.shape[0]!])!,
});

/** Whether one window is a whole sample, so that a convolution is a product of two matrices. */
const isLinear = (x: View, y: View, { groups, kernel, padding }: ConvWindows): boolean =>
  groups === 1 &&
  y.layout.numel > 0 &&
  y.layout.numel === y.layout.shape[0]! * y.layout.shape[1]! &&
  kernel.every((size, d) => size === x.layout.shape[d + 2] && padding[d] === 0);

/** Convolutions of float32 over two dims, and their adjoints; the rest goes to `fallback`. */
export function simdConv(
  engine: SimdEngine,
  { matmul }: Pick<MatmulKernels, 'matmul'>,
  fallback: ConvKernels,
): Pick<ConvKernels, 'conv' | 'convInput'> {
  const flat = flatConvolution(engine);
  return {
    conv(x, weight, bias, y, windows) {
      if (isLinear(x, y, windows)) {
        const filters = rowsOf(weight);
        matmul(
          rowsOf(x),
          { ...filters, layout: filters.layout.transpose(1, 2) },
          bias && { bias, relu: false },
          rowsOf(y),
        );
      } else if (!flat(x, weight, bias, y, windows)) fallback.conv(x, weight, bias, y, windows);
    },
    convInput(grad, weight, x, windows) {
      const { kernel } = windows;
      const suits = kernel[0] === 1 && !kernel.every((size) => size === 1) && weight.storage.dtype === 'float32';
      const adjoint = suits ? adjointOf(weight, windows) : null;
      if (!adjoint || !flat(grad, adjoint.weight, null, x, adjoint.windows))
        fallback.convInput(grad, weight, x, windows);
    },
  };
}
