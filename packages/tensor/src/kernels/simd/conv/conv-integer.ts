import type { DType } from '../../../dtype.js';
import type { IntegerKernels } from '../../contract/integer.js';
import type { MatmulKernels } from '../../contract/matmul.js';
import { getNumThreads } from '../../threads/threads.js';
import { isLaneDType } from '../elementwise/lanes.js';
import type { SimdEngine } from '../engine/engine.js';
import { countable } from '../quantize/requantize.js';
import { directConvolution } from './conv-direct.js';
import type { Problem } from './conv-problem.js';
import { productConvolution } from './conv-product.js';
import { vectorConvolution } from './conv-vector.js';

/** Products below which the plain loops are as fast. */
const FEW_PRODUCTS = 512;

/** Filters up to which the windows of a single channel are not worth being unfolded for a product. */
const FEW_FILTERS = 16;

const isByte = (dtype: DType): boolean => dtype === 'int8' || dtype === 'uint8';

/** Whether bytes are convolved, and so many that it is worth it. */
function suits({ x, weight, y, rescaling, channels, taps }: Problem): boolean {
  const { dtype } = y.storage;
  return (
    isByte(x.storage.dtype) &&
    isByte(weight.storage.dtype) &&
    (rescaling === null || (isLaneDType(dtype) && countable(rescaling.grid))) &&
    y.layout.numel * channels * taps >= FEW_PRODUCTS
  );
}

/** Integer convolutions of bytes; everything else goes to `fallback`. */
export function simdConvInteger(
  engine: SimdEngine,
  kernels: Pick<MatmulKernels, 'matmulInteger'> & Pick<IntegerKernels, 'requantize'>,
  fallback: Pick<IntegerKernels, 'convInteger'>,
): Pick<IntegerKernels, 'convInteger'> {
  const vector = vectorConvolution(kernels);
  const [direct, product] = [directConvolution(engine), productConvolution(engine)];
  return {
    convInteger(x, weight, xZero, wZero, y, windows, rescaling) {
      const [batch, inputs] = x.layout.shape as [number, number];
      const [, outputs, depth, height, width] = y.layout.shape as [number, number, number, number, number];
      const { groups, kernel } = windows;
      const problem: Problem = {
        x,
        weight,
        xZero,
        wZero,
        y,
        windows,
        rescaling,
        batch,
        channels: inputs / groups,
        filters: outputs / groups,
        taps: kernel[0] * kernel[1] * kernel[2],
        output: [depth, height, width],
        threads: getNumThreads(),
      };
      if (!suits(problem) || y.storage.writePointer(engine.memory, y.layout) === null)
        return fallback.convInteger(x, weight, xZero, wZero, y, windows, rescaling);
      const single = problem.channels === 1 && (groups > 1 || outputs <= FEW_FILTERS);
      if (vector(problem) || (single && direct(problem)) || product(problem)) return;
      fallback.convInteger(x, weight, xZero, wZero, y, windows, rescaling);
    },
  };
}
