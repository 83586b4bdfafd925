/** Every topic: those of `@q/tensor` and `@q/nn`, and the quantization topics of `@q/quant`. */
import type { Topics } from '../../../tensor/test/golden/runner.js';
import { library as nnLibrary, topics as nnTopics } from '../../../nn/test/golden/topics.js';
import { affineForward, affineFunctional, affineGradients, affineGrid, blockwise, grouped } from './affine.js';
import { analyzers } from './analyzers.js';
import { calibration } from './calibration.js';
import { floating } from './float.js';

export const library = nnLibrary;

export const topics: Topics = {
  ...nnTopics,
  a_affine_forward: affineForward,
  a_affine_functional: affineFunctional,
  a_affine_grid: affineGrid,
  b_affine_grad: affineGradients,
  c_blockwise: blockwise,
  c_blockwise_grad: affineGradients,
  c_lpbq: grouped,
  d_float: floating,
  e_analyzer_minmax: analyzers,
  e_analyzer_percentile: analyzers,
  e_analyzer_sqnr: analyzers,
  f_calibration_flow: calibration,
};
