import type { AffineKernels } from './contract/affine.js';
import type { ConvKernels } from './contract/conv.js';
import type { ElementwiseKernels } from './contract/elementwise.js';
import type { GridSearchKernels } from './contract/grid-search.js';
import type { HistogramKernels } from './contract/histogram.js';
import type { IndexingKernels } from './contract/indexing.js';
import type { IntegerKernels } from './contract/integer.js';
import type { LossKernels } from './contract/loss.js';
import type { MatmulKernels } from './contract/matmul.js';
import type { NormalizeKernels } from './contract/normalize.js';
import type { OptimKernels } from './contract/optim.js';
import type { PoolKernels } from './contract/pool.js';
import type { ReduceKernels } from './contract/reduce.js';
import type { ResampleKernels } from './contract/resample.js';
import type { ScanKernels } from './contract/scan.js';
import type { SoftmaxKernels } from './contract/softmax.js';
import type { SortKernels } from './contract/sort.js';

/**
 * What an engine must compute. A kernel reads views and writes an output it is given; it checks nothing (ops do) and
 * never sees a Tensor. Every implementation gives the results of the reference kernels, within the bounds each states.
 */
export interface Kernels
  extends
    AffineKernels,
    ConvKernels,
    ElementwiseKernels,
    GridSearchKernels,
    IndexingKernels,
    IntegerKernels,
    LossKernels,
    NormalizeKernels,
    OptimKernels,
    PoolKernels,
    ReduceKernels,
    MatmulKernels,
    HistogramKernels,
    ResampleKernels,
    ScanKernels,
    SoftmaxKernels,
    SortKernels {}
