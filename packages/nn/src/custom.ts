/**
 * Operations as modules under AIMET's names, including those whose name a layer of PyTorch has too: `custom.AvgPool2d` takes
 * the window with every call, `AvgPool2d` when it is made.
 */
import { avgPool2d, type AvgPoolOptions, type Tensor } from '@q/tensor';
import { operation } from './layers/operation.js';
import type { Sizes } from './sizes.js';

export * from './layers/elementwise.js';
export * from './layers/movement.js';
export * from './layers/product.js';
export * from './layers/reduction.js';
export { Interpolate } from './layers/resample.js';
export { RmsNorm } from './layers/norm/rms.js';

/** Mean of each window of `[N, C, H, W]`. */
export class AvgPool2d extends operation((x: Tensor, kernelSize: Sizes, options?: AvgPoolOptions) =>
  avgPool2d(x, kernelSize, options),
) {}
