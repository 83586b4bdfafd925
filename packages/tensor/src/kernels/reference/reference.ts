import { affine } from './affine.js';
import type { Kernels } from '../kernels.js';
import { elementwise } from './elementwise.js';
import { matmul } from './matmul.js';
import { reduce } from './reduce.js';

/** Plain strided loops for every dtype: the oracle, and the fallback where WebAssembly is refused. */
export const reference: Kernels = { ...affine, ...elementwise, ...reduce, ...matmul };
