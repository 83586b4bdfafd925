import type { ConvKernels, ConvWindows } from '../../contract/conv.js';
import type { SimdEngine } from '../engine/engine.js';
import { adjointOf } from './conv-adjoint.js';
import { flatConvolution } from './conv-flat.js';

const isOne = (size: number): boolean => size === 1;

/** Whether each element of the result is made of those at one position: a matrix product as it stands. */
const isPointwise = ({ groups, kernel, stride, padding }: ConvWindows): boolean =>
  groups === 1 && kernel.every(isOne) && stride.every(isOne) && padding.every((size) => size === 0);

/** Convolutions of float32 over two dims, and their adjoints; the rest goes to `fallback`. */
export function simdConv(engine: SimdEngine, fallback: ConvKernels): Pick<ConvKernels, 'conv' | 'convInput'> {
  const flat = flatConvolution(engine);
  return {
    conv(x, weight, bias, y, windows) {
      if (isPointwise(windows) || !flat(x, weight, bias, y, windows)) fallback.conv(x, weight, bias, y, windows);
    },
    convInput(grad, weight, x, windows) {
      const { kernel } = windows;
      const suits = kernel[0] === 1 && !kernel.every(isOne) && weight.storage.dtype === 'float32';
      const adjoint = suits ? adjointOf(weight, windows) : null;
      if (!adjoint || !flat(grad, adjoint.weight, null, x, adjoint.windows))
        fallback.convInput(grad, weight, x, windows);
    },
  };
}
