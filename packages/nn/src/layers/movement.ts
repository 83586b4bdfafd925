import {
  ArgumentError,
  cat,
  described,
  where,
  type DType,
  type Shape,
  type SliceIndex,
  type Tensor,
  type TensorLike,
} from '@q/tensor';
import { checkDType, checkTensor, optionsOf } from '@q/tensor/internal';
import { Module } from '../module.js';
import { operation } from './operation.js';

/** Joins tensors along an existing dim. */
export class Concat extends Module {
  /** The dim along which tensors are joined. */
  axis: number;

  /** @param axis the dim, as a number or as `{ axis }`. Default: 0. */
  constructor(axis: number | { readonly axis?: number } = 0) {
    super();
    this.axis = typeof axis === 'number' ? axis : (optionsOf('Concat', axis, ['axis']).axis ?? 0);
  }

  forward(...tensors: Tensor[]): Tensor {
    return cat(tensors, this.axis);
  }
}

/** The elements in order under another shape. */
export class Reshape extends operation((x: Tensor, shape: Shape) => x.reshape(shape)) {}

/** The dims in another order. */
export class Permute extends operation((x: Tensor, dims: readonly number[]) => x.permute(dims)) {}

/** Two dims exchanged. */
export class Transpose extends operation((x: Tensor, dim0: number, dim1: number) => x.transpose(dim0, dim1)) {}

/** Stretched to a shape without copying. */
export class Expand extends operation((x: Tensor, shape: Shape) => x.expand(shape)) {}

/** Repeated along its dims. */
export class Tile extends operation((x: Tensor, dims: readonly number[]) => x.tile(dims)) {}

/** Pieces along a dim: of one size, or of the sizes given. */
export class Split extends operation((x: Tensor, sizeOrSections: number | readonly number[], dim?: number) =>
  x.split(sizeOrSections, dim),
) {}

/** Ranges, indices and new dims, see `Tensor.slice`. */
export class Slice extends operation((x: Tensor, ...indices: SliceIndex[]) => x.slice(...indices)) {}

/** A range `[start, stop, step]` of each of the leading dims. */
export class StridedSlice extends operation(
  (x: Tensor, ranges: readonly (readonly [start: number, stop: number, step: number])[]) => {
    if (!Array.isArray(ranges))
      throw new ArgumentError(`StridedSlice: wants a list of ranges, got ${described(ranges)}.`);
    return x.slice(...(ranges as readonly SliceIndex[]));
  },
) {}

/** One index of a dim. */
export class Select extends operation((x: Tensor, dim: number, index: number) => x.select(dim, index)) {}

/** Elements picked along a dim, see `Tensor.gather`. */
export class Gather extends operation((x: Tensor, dim: number, index: Tensor) => x.gather(dim, index)) {}

/** Slices picked along a dim, see `Tensor.indexSelect`. */
export class IndexSelect extends operation((x: Tensor, dim: number, index: Tensor) => x.indexSelect(dim, index)) {}

/** Elements written along a dim, see `Tensor.scatter`. */
export class ScatterElements extends operation((x: Tensor, dim: number, index: Tensor, source: Tensor) =>
  x.scatter(dim, index, source),
) {}

/** Padding from the last dim on, see `Tensor.pad`. */
export class Pad extends operation((x: Tensor, pad: readonly number[], options?: Parameters<Tensor['pad']>[1]) =>
  x.pad(pad, options),
) {}

/** Elements of `x` where the condition holds, of `y` elsewhere. */
export class Where extends operation((condition: Tensor, x: TensorLike, y: TensorLike) => where(condition, x, y)) {}

/** `value` where the mask holds, `x` elsewhere. */
export class MaskedFill extends operation((x: Tensor, mask: Tensor, value: TensorLike) => x.maskedFill(mask, value)) {}

/** Indices of the elements that are not 0, one row each. */
export class NonZero extends operation((x: Tensor) => x.nonzero()) {}

/** A vector with one 1 for every class index. */
export class OneHot extends operation((x: Tensor, numClasses?: number) => x.oneHot(numClasses)) {}

/** The elements in another dtype. */
export class Cast extends Module {
  /** The dtype of the result. */
  dtype: DType;

  constructor(dtype: DType) {
    super();
    checkDType('Cast', dtype);
    this.dtype = dtype;
  }

  forward(x: Tensor): Tensor {
    checkTensor('Cast', 'the input', x);
    return x.to(this.dtype);
  }
}
