/** Every topic: those of `@q/tensor` and `@q/nn`, and the quantization topics of `@q/quant`. */
import type { Topics } from '../../../tensor/test/golden/runner.js';
import { library as nnLibrary, topics as nnTopics } from '../../../nn/test/golden/topics.js';
import { affineForward, affineFunctional, affineGradients, affineGrid, blockwise, grouped } from './affine.js';
import { analyzers } from './analyzers.js';
import { calibration } from './calibration.js';
import { floating } from './float.js';
import { moduleClasses, quantizedModules } from './modules.js';
import { observers } from './observers.js';
import { training } from './qat.js';
import { moduleSemantics } from './semantics.js';
import { affineEncoding, tensorOperations } from './tensors.js';

export const library = nnLibrary;

export const topics: Topics = {
  ...nnTopics,
  observers,
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
  g_affine_encoding: affineEncoding,
  g_tensor_ops: tensorOperations(library),
  h_modules_elementwise: quantizedModules(library),
  h_modules_linear_conv: quantizedModules(library),
  h_modules_norm_embed_rnn: quantizedModules(library),
  h_custom_kernels: quantizedModules(library),
  h_module_semantics: moduleSemantics(library),
  i_qat: training,
  j_module_classes: moduleClasses(library),
};
