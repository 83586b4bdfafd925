import type { Kernels } from '../kernels.js';
import { affine } from './affine.js';
import { convolution } from './conv.js';
import { integerConvolution } from './conv-integer.js';
import { elementwise } from './elementwise.js';
import { gridSearch } from './grid-search.js';
import { histogram } from './histogram.js';
import { indexing } from './indexing.js';
import { normalizeInteger, softmaxThroughFloats } from './integer-rows.js';
import { linearByProduct, unpackWeight } from './linear-integer.js';
import { loss } from './loss.js';
import { matmul } from './matmul.js';
import { normalize } from './normalize.js';
import { optim } from './optim.js';
import { pool } from './pool.js';
import { reduce } from './reduce.js';
import { requantize } from './requantize.js';
import { resample } from './resample.js';
import { scaled } from './scaled.js';
import { scan } from './scan.js';
import { softmax } from './softmax.js';
import { sort } from './sort.js';
import { statistics } from './statistics.js';
import { wide } from './wide.js';

/** Plain strided loops for every dtype: the oracle, and the fallback where WebAssembly is refused. */
export const reference: Kernels = {
  ...affine,
  ...convolution({ ...matmul, ...elementwise }),
  ...integerConvolution({ ...matmul, ...requantize, ...elementwise }),
  ...linearByProduct({ ...matmul, ...requantize, unpackWeight }),
  ...softmaxThroughFloats({ ...affine, ...softmax }),
  normalizeInteger,
  unpackWeight,
  ...elementwise,
  ...gridSearch,
  ...indexing,
  ...normalize,
  ...optim,
  ...pool,
  ...reduce,
  ...loss,
  ...matmul,
  ...histogram,
  ...requantize,
  ...resample,
  ...scaled,
  ...scan,
  ...softmax,
  ...sort,
  ...statistics,
  ...wide,
};
