import { optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import * as ops from '../ops/extrema.js';
import type { Reduction } from '../ops/reduce.js';
import { wrapDim } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { reducedDims, ReduceMethods, type Dims, type ReduceOptions } from './reduce.js';

/** What `aminmax` gives. */
export interface MinAndMax {
  /** The smallest elements. */
  readonly min: Tensor;
  /** The largest elements. */
  readonly max: Tensor;
}

/** Elements and where they are along a dim. */
export interface ValuesAndIndices {
  /** The elements. */
  readonly values: Tensor;
  /** Positions along the dim, int32. */
  readonly indices: Tensor<'int32'>;
}

/** The outputs of an op that returns values and indices. */
export const paired = ([values, indices]: readonly [Tensor, Tensor<'int32'>]): ValuesAndIndices => ({
  values,
  indices,
});

/** One dim as a reduction; a 0-d tensor has none to reduce. */
export const oneDim = (operation: string, dim: number, ndim: number, keepdim = false): Reduction => {
  const wrapped = wrapDim(operation, dim, ndim);
  return { dims: ndim === 0 ? [] : [wrapped], keepdim };
};

/** Largest and smallest elements. NaN propagates everywhere; nothing has no extremum (ShapeError). */
export abstract class ExtremaMethods<D extends DType = DType> extends ReduceMethods<D> {
  /** Largest element over `dim`; ties share the gradient evenly. */
  amax(this: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('amax', options, ['keepdim']);
    return apply(ops.amax, [this], { dims: reducedDims('amax', dim, this.ndim), keepdim });
  }

  /** Smallest element over `dim`; ties share the gradient evenly. */
  amin(this: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor {
    const { keepdim = false } = optionsOf('amin', options, ['keepdim']);
    return apply(ops.amin, [this], { dims: reducedDims('amin', dim, this.ndim), keepdim });
  }

  /** Smallest and largest element over `dim` in one pass. */
  aminmax(this: Tensor, options: ReduceOptions & { readonly dim?: Dims } = {}): MinAndMax {
    const { dim, keepdim = false } = optionsOf('aminmax', options, ['keepdim', 'dim']);
    const [min, max] = apply(ops.aminmax, [this], { dims: reducedDims('aminmax', dim, this.ndim), keepdim });
    return { min, max };
  }

  /**
   * The largest element; with `dim`, the largest elements along it and the positions of the first of each. The gradient is
   * shared evenly by ties without `dim`, and goes to the position with it.
   */
  max(this: Tensor): Tensor;
  max(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  max(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
    const { keepdim = false } = optionsOf('max', options, ['keepdim']);
    if (dim === undefined || dim === null)
      return apply(ops.max, [this], { dims: reducedDims('max', null, this.ndim), keepdim: false });
    return paired(apply(ops.maxAlong, [this], oneDim('max', dim, this.ndim, keepdim)));
  }

  /** The smallest element; with `dim`, the smallest elements along it and the positions of the first of each. As `max`. */
  min(this: Tensor): Tensor;
  min(this: Tensor, dim: number, options?: ReduceOptions): ValuesAndIndices;
  min(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor | ValuesAndIndices {
    const { keepdim = false } = optionsOf('min', options, ['keepdim']);
    if (dim === undefined || dim === null)
      return apply(ops.min, [this], { dims: reducedDims('min', null, this.ndim), keepdim: false });
    return paired(apply(ops.minAlong, [this], oneDim('min', dim, this.ndim, keepdim)));
  }

  /** Position of the first largest element (the first NaN before all) along `dim`, or in row-major order of all, as int32. */
  argmax(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor<'int32'> {
    const { keepdim = false } = optionsOf('argmax', options, ['keepdim']);
    return apply(ops.argmax, [this], argReduction('argmax', dim, this.ndim, keepdim));
  }

  /** Position of the first smallest element (the first NaN before all) along `dim`, or in row-major order of all, as int32. */
  argmin(this: Tensor, dim?: number | null, options: ReduceOptions = {}): Tensor<'int32'> {
    const { keepdim = false } = optionsOf('argmin', options, ['keepdim']);
    return apply(ops.argmin, [this], argReduction('argmin', dim, this.ndim, keepdim));
  }
}

const argReduction = (operation: string, dim: number | null | undefined, ndim: number, keepdim: boolean): Reduction =>
  dim === undefined || dim === null
    ? { dims: reducedDims(operation, null, ndim), keepdim }
    : oneDim(operation, dim, ndim, keepdim);
