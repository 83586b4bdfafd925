import { kernelMemory } from '../../memory.js';
import type { Kernels } from '../kernels.js';
import { convolution } from '../reference/conv.js';
import { integerConvolution } from '../reference/conv-integer.js';
import { simdAffine } from './affine.js';
import { simdAffineGrad } from './affine-grad.js';
import { simdAverage } from './average.js';
import { simdConv } from './conv.js';
import { simdConvInteger } from './conv-integer.js';
import { simdCopy } from './copy.js';
import { simdElementwise } from './elementwise.js';
import { detectFeatures, SimdEngine } from './engine.js';
import { simdGridSearch } from './grid-search.js';
import { simdHistogram } from './histogram.js';
import { linearByProduct } from '../reference/linear-integer.js';
import { simdLinearInteger } from './linear-integer.js';
import { simdMatmul } from './matmul.js';
import { simdMatmulInteger } from './matmul-integer.js';
import { simdNormalize } from './normalize.js';
import { simdNormalizeGrad } from './normalize-grad.js';
import { simdOptim } from './optim.js';
import { simdPool } from './pool.js';
import { simdReduce } from './reduce.js';
import { simdRequantize } from './requantize.js';
import { simdScaled } from './scaled.js';
import { simdSoftmax } from './softmax.js';
import { simdWide } from './wide.js';

/** The kernels with everything that has a SIMD form replaced by it; `reference` itself where the platform has no SIMD. */
export function withSimd(reference: Kernels): Kernels {
  if (!kernelMemory) return reference;
  const features = detectFeatures();
  if (!features.simd) return reference;
  const engine = new SimdEngine(kernelMemory, features);
  const overrides = [
    simdAffine,
    simdAffineGrad,
    simdAverage,
    simdCopy,
    simdElementwise,
    simdGridSearch,
    simdHistogram,
    simdMatmul,
    simdMatmulInteger,
    simdNormalize,
    simdNormalizeGrad,
    simdOptim,
    simdPool,
    simdReduce,
    simdRequantize,
    simdScaled,
    simdSoftmax,
    simdWide,
  ].map((make) => make(engine, reference));
  const kernels = Object.assign({}, reference, ...overrides) as Kernels;
  const convolutions = convolution(kernels);
  const { unpackWeight } = simdLinearInteger(engine, kernels.requantize, kernels);
  const linear = linearByProduct({ ...kernels, unpackWeight });
  return {
    ...kernels,
    ...convolutions,
    ...simdConv(engine, convolutions),
    ...simdConvInteger(engine, kernels, integerConvolution(kernels)),
    ...simdLinearInteger(engine, kernels.requantize, { ...linear, unpackWeight: reference.unpackWeight }),
  };
}
