import { kernelMemory } from '../../memory.js';
import type { Kernels } from '../kernels.js';
import { convolution } from '../reference/conv.js';
import { integerConvolution } from '../reference/conv-integer.js';
import { simdAffine } from './quantize/affine.js';
import { simdAffineGrad } from './quantize/affine-grad.js';
import { simdAverage } from './reduce/average.js';
import { simdConv } from './conv/conv.js';
import { simdConvInteger } from './conv/conv-integer.js';
import { simdCopy } from './elementwise/copy.js';
import { simdElementwise } from './elementwise/elementwise.js';
import { detectFeatures, SimdEngine } from './engine/engine.js';
import { simdGridSearch } from './quantize/grid-search.js';
import { simdHistogram } from './reduce/histogram.js';
import { softmaxThroughFloats } from '../reference/integer-rows.js';
import { linearByProduct } from '../reference/linear-integer.js';
import { simdIntegerRows } from './quantize/integer-rows.js';
import { simdLinearInteger } from './product/linear-integer.js';
import { simdMatmul } from './product/matmul.js';
import { byteMultiplication, simdMatmulInteger } from './product/matmul-integer.js';
import { simdNormalize } from './reduce/normalize.js';
import { simdNormalizeGrad } from './reduce/normalize-grad.js';
import { simdOptim } from './optim.js';
import { simdPool } from './reduce/pool.js';
import { simdReduce } from './reduce/reduce.js';
import { simdRequantize } from './quantize/requantize.js';
import { simdScaled } from './quantize/scaled.js';
import { simdSoftmax } from './reduce/softmax.js';
import { simdStatistics } from './reduce/statistics.js';
import { simdWide } from './quantize/wide.js';

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
    simdGridSearch,
    simdHistogram,
    simdMatmul,
    simdNormalize,
    simdNormalizeGrad,
    simdOptim,
    simdPool,
    simdReduce,
    simdRequantize,
    simdScaled,
    simdWide,
  ].map((make) => make(engine, reference));
  const way = byteMultiplication(engine);
  const basic = Object.assign({}, reference, ...overrides, simdMatmulInteger(engine, way, reference)) as Kernels;
  const kernels = { ...basic, ...simdElementwise(engine, basic) };
  const convolutions = convolution(kernels);
  const { unpackWeight } = simdLinearInteger(engine, way, kernels.requantize, kernels);
  const linear = linearByProduct({ ...kernels, unpackWeight });
  const softmax = simdSoftmax(engine, kernels);
  const throughFloats = softmaxThroughFloats({ ...kernels, ...softmax });
  return {
    ...kernels,
    ...convolutions,
    ...softmax,
    ...simdIntegerRows(engine, { ...reference, ...throughFloats }),
    ...simdStatistics(kernels),
    ...simdConv(engine, kernels, convolutions),
    ...simdConvInteger(engine, kernels, integerConvolution(kernels)),
    ...simdLinearInteger(engine, way, kernels.requantize, { ...linear, unpackWeight: reference.unpackWeight }),
  };
}
