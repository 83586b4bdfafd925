import type { AffineKernels } from './contract/affine.js';
import type { ElementwiseKernels } from './contract/elementwise.js';
import type { MatmulKernels } from './contract/matmul.js';
import type { ReduceKernels } from './contract/reduce.js';

/**
 * What an engine must compute. A kernel reads views and writes an output it is given; it checks nothing (ops do) and
 * never sees a Tensor. Every implementation gives the results of the reference kernels, within the bounds each states.
 */
export interface Kernels extends AffineKernels, ElementwiseKernels, ReduceKernels, MatmulKernels {}
