import { checkInteger, checkIntegers, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import type { DType } from '../dtype.js';
import { ArgumentError, described, IndexError, ShapeError, shown } from '../errors.js';
import type { SliceIndex } from '../layout.js';
import * as joins from '../ops/join.js';
import * as ops from '../ops/movement.js';
import { checkList, checkShape, checkSizes, inferShape, numel, wrapDim, wrapDims, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { ElementwiseMethods } from './elementwise.js';

/** Options of `diagonal` and `diagEmbed`. */
export interface DiagonalOptions {
  /** 0 for the main diagonal, positive above it, negative below. */
  readonly offset?: number;
  /** First dim of the matrices; 0 for `diagonal`, -2 for `diagEmbed`. */
  readonly dim1?: number;
  /** Second dim of the matrices; 1 for `diagonal`, -1 for `diagEmbed`. */
  readonly dim2?: number;
}

/** Options of `tril`, `triu` and `diag`. */
export interface TriangleOptions {
  /** 0 for the main diagonal, positive above it, negative below. */
  readonly diagonal?: number;
}

/** More views than anybody holds: a number beyond is a mistake. */
const MANY = 2 ** 20;

/** Views, which share the storage of their tensor; those that may or must copy say so. */
export abstract class MovementMethods<D extends DType = DType> extends ElementwiseMethods<D> {
  /** A copy in memory of its own. */
  clone(this: Tensor<D>): Tensor<D> {
    return apply(ops.clone, [this], undefined) as Tensor<D>;
  }

  /** This tensor where its elements lie in order without gaps, else a copy of which that is true. */
  contiguous(this: Tensor<D>): Tensor<D> {
    return this.isContiguous ? this : this.clone();
  }

  /** The elements in order under another shape; one size may be -1. A view where possible, else a copy. */
  reshape(this: Tensor<D>, shape: Shape): Tensor<D> {
    return apply(ops.reshape, [this], shape) as Tensor<D>;
  }

  /** `reshape` to the shape of `other`. */
  reshapeAs(this: Tensor<D>, other: Tensor): Tensor<D> {
    checkTensor('reshapeAs', 'other', other);
    return this.reshape(other.shape);
  }

  /** `reshape` that never copies. Throws ShapeError where no strides can express the shape. */
  view(this: Tensor<D>, shape: Shape): Tensor<D> {
    const sizes = inferShape('view', shape, this.numel);
    if (!this.layout.reshape(sizes))
      throw new ShapeError(
        `view: shape ${shown(sizes)} over strides ${shown(this.strides)} of shape ${shown(this.shape)} needs a copy. Use reshape().`,
      );
    return this.reshape(sizes);
  }

  /** `view` with the shape of `other`. */
  viewAs(this: Tensor<D>, other: Tensor): Tensor<D> {
    checkTensor('viewAs', 'other', other);
    return this.view(other.shape);
  }

  /** The dims in another order. */
  permute(this: Tensor<D>, dims: readonly number[]): Tensor<D> {
    return apply(ops.permute, [this], dims) as Tensor<D>;
  }

  /** Two dims exchanged. */
  transpose(this: Tensor<D>, dim0: number, dim1: number): Tensor<D> {
    const a = wrapDim('transpose', dim0, this.ndim);
    const b = wrapDim('transpose', dim1, this.ndim);
    if (this.ndim === 0) return this;
    return this.permute(this.shape.map((_, d) => (d === a ? b : d === b ? a : d)));
  }

  /** Another name of `transpose`. */
  swapaxes(this: Tensor<D>, axis0: number, axis1: number): Tensor<D> {
    return this.transpose(axis0, axis1);
  }

  /** A matrix transposed; tensors of rank 0 and 1 as they are. Throws ShapeError for higher ranks. */
  t(this: Tensor<D>): Tensor<D> {
    if (this.ndim > 2)
      throw new ShapeError(`t: wants rank 2 at most, got shape ${shown(this.shape)}. Use transpose().`);
    return this.ndim === 2 ? this.transpose(0, 1) : this;
  }

  /** All dims in reverse order. */
  get T(): Tensor<D> {
    // A getter cannot declare `this`, and every TensorCore is a Tensor.
    const self = this as unknown as Tensor<D>;
    return self.permute(self.shape.map((_, d) => self.ndim - 1 - d));
  }

  /** Dims moved to other places, the rest keeping their order. */
  movedim(this: Tensor<D>, source: number | readonly number[], destination: number | readonly number[]): Tensor<D> {
    const from = wrapDims('movedim', source, this.ndim);
    const to = wrapDims('movedim', destination, this.ndim);
    if (from.length !== to.length)
      throw new ShapeError(`movedim: ${from.length} dims cannot move to ${to.length} places.`);
    const rest = this.shape.map((_, d) => d).filter((d) => !from.includes(d));
    return this.permute(this.shape.map((_, d) => (to.includes(d) ? from[to.indexOf(d)]! : rest.shift()!)));
  }

  /** A new dim of size 1. */
  unsqueeze(this: Tensor<D>, dim: number): Tensor<D> {
    const at = wrapDim('unsqueeze', dim, this.ndim + 1);
    return this.reshape(this.shape.toSpliced(at, 0, 1));
  }

  /** Without dims of size 1: all of them, or those of `dim` that have size 1. */
  squeeze(this: Tensor<D>, dim?: number | readonly number[]): Tensor<D> {
    const dims = wrapDims('squeeze', dim, this.ndim);
    return this.reshape(this.shape.filter((size, d) => size !== 1 || !dims.includes(d)));
  }

  /** Stretched to `shape` without copying. */
  broadcastTo(this: Tensor<D>, shape: Shape): Tensor<D> {
    return apply(ops.broadcastTo, [this], checkSizes('broadcastTo', shape)) as Tensor<D>;
  }

  /** Sizes of 1 stretched without copying; -1 keeps a size. New dims come first. */
  expand(this: Tensor<D>, shape: readonly number[]): Tensor<D> {
    checkList('expand', shape);
    const added = shape.length - this.ndim;
    const sizes = shape.map((size, d) => {
      if (size === -1 && d >= added) return this.shape[d - added]!;
      if (!Number.isSafeInteger(size) || size < 0)
        throw new ShapeError(
          `expand: size ${described(size)} of dim ${d} is not possible: wants sizes, or -1 for dims that exist.`,
        );
      return size;
    });
    return this.broadcastTo(sizes);
  }

  /** `expand` to the shape of `other`. */
  expandAs(this: Tensor<D>, other: Tensor): Tensor<D> {
    checkTensor('expandAs', 'other', other);
    return this.broadcastTo(other.shape);
  }

  /**
   * Basic indexing from the first dim on: a number picks a position (the dim goes), `[start, stop, step]` a range, `[]`
   * everything, `null` inserts a dim, `'...'` stands for all dims in between. Negative numbers count from the end.
   *
   * @throws IndexError for positions outside, a step of 0 or too many entries
   * @example
   * x.slice([1, 3], 2, [], null); // x[1:3, 2, :, None] of Python
   */
  slice(this: Tensor<D>, ...indices: readonly SliceIndex[]): Tensor<D> {
    return apply(ops.slice, [this], indices) as Tensor<D>;
  }

  /** Position `index` of `dim`, without the dim. */
  select(this: Tensor<D>, dim: number, index: number): Tensor<D> {
    return apply(ops.select, [this], { dim, index }) as Tensor<D>;
  }

  /** `length` positions of `dim` from `start` on. */
  narrow(this: Tensor<D>, dim: number, start: number, length: number): Tensor<D> {
    if (this.ndim === 0) throw new ShapeError('narrow: a 0-d tensor has no dim.');
    const d = wrapDim('narrow', dim, this.ndim);
    const size = this.shape[d]!;
    checkInteger('narrow', 'start', start);
    checkInteger('narrow', 'length', length);
    const from = start < 0 ? start + size : start;
    if (from < 0 || length < 0 || from + length > size)
      throw new IndexError(
        `narrow: start ${start} and length ${length} are out of range for dim ${d} of size ${size}.`,
      );
    return apply(ops.narrow, [this], { dim: d, start: from, length }) as Tensor<D>;
  }

  /** The order of some dims reversed (a view with negative strides). */
  flip(this: Tensor<D>, dims: number | readonly number[], ...more: never[]): Tensor<D> {
    if (more.length > 0) throw new ShapeError(`flip: takes its dims in brackets: flip([${described(dims)}, ...]).`);
    return apply(ops.flip, [this], wrapDims('flip', dims, this.ndim)) as Tensor<D>;
  }

  /** The columns (dim 1) in reverse order. */
  fliplr(this: Tensor<D>): Tensor<D> {
    return this.flip(1);
  }

  /** The rows (dim 0) in reverse order. */
  flipud(this: Tensor<D>): Tensor<D> {
    return this.flip(0);
  }

  /** Windows of `size` every `step` positions along `dim`, as a new last dim. */
  unfold(this: Tensor<D>, dim: number, size: number, step: number): Tensor<D> {
    return apply(ops.unfold, [this], { dim, size, step }) as Tensor<D>;
  }

  /** The dims from `startDim` to `endDim` as one; a 0-d tensor becomes one of one element. */
  flatten(this: Tensor<D>, options: { readonly startDim?: number; readonly endDim?: number } = {}): Tensor<D> {
    const { startDim = 0, endDim = -1 } = optionsOf('flatten', options, ['startDim', 'endDim']);
    const start = wrapDim('flatten', startDim, this.ndim);
    const end = wrapDim('flatten', endDim, this.ndim);
    if (this.ndim === 0) return this.reshape([1]);
    if (start > end) throw new ShapeError(`flatten: startDim ${startDim} comes after endDim ${endDim}.`);
    if (start === end) return this;
    return this.reshape(this.shape.toSpliced(start, end - start + 1, numel(this.shape.slice(start, end + 1))));
  }

  /** All dims as one. */
  ravel(this: Tensor<D>): Tensor<D> {
    return this.reshape([this.numel]);
  }

  /** One dim cut into several; one size may be -1. */
  unflatten(this: Tensor<D>, dim: number, sizes: Shape): Tensor<D> {
    const d = wrapDim('unflatten', dim, this.ndim);
    return this.reshape(this.shape.toSpliced(d, 1, ...inferShape('unflatten', sizes, this.shape[d] ?? 1)));
  }

  /** The diagonal of the matrices over two dims, as the last dim of a view. */
  diagonal(this: Tensor<D>, options: DiagonalOptions = {}): Tensor<D> {
    const { offset = 0, dim1 = 0, dim2 = 1 } = optionsOf('diagonal', options, ['offset', 'dim1', 'dim2']);
    checkInteger('diagonal', 'offset', offset);
    return apply(ops.diagonal, [this], { offset, dim1, dim2 }) as Tensor<D>;
  }

  /** The last dim as the diagonal of new matrices of zeros. A copy. */
  diagEmbed(this: Tensor<D>, options: DiagonalOptions = {}): Tensor<D> {
    const { offset = 0, dim1 = -2, dim2 = -1 } = optionsOf('diagEmbed', options, ['offset', 'dim1', 'dim2']);
    if (this.ndim === 0) throw new ShapeError('diagEmbed: a 0-d tensor has no dim.');
    checkInteger('diagEmbed', 'offset', offset);
    const a = wrapDim('diagEmbed', dim1, this.ndim + 1);
    const b = wrapDim('diagEmbed', dim2, this.ndim + 1);
    if (a === b) throw new ShapeError(`diagEmbed: wants two different dims, got ${dim1} and ${dim2}.`);
    const size = this.shape[this.ndim - 1]! + Math.abs(offset);
    const rest = this.shape.slice(0, -1);
    const shape = Array.from({ length: this.ndim + 1 }, (_, d) => (d === a || d === b ? size : rest.shift()!));
    return apply(ops.diagEmbed, [this], { shape, offset, dim1: a, dim2: b }) as Tensor<D>;
  }

  /** The diagonal of a matrix, or a matrix of zeros with this vector as diagonal. */
  diag(this: Tensor<D>, options: TriangleOptions = {}): Tensor<D> {
    const { diagonal = 0 } = optionsOf('diag', options, ['diagonal']);
    if (this.ndim !== 1 && this.ndim !== 2)
      throw new ShapeError(
        `diag: wants a vector or a matrix, got shape ${shown(this.shape)}. Use diagonal() or diagEmbed().`,
      );
    return this.ndim === 1 ? this.diagEmbed({ offset: diagonal }) : this.diagonal({ offset: diagonal }).clone();
  }

  /** The sum of the main diagonal of a matrix. */
  trace(this: Tensor<D>): Tensor {
    if (this.ndim !== 2) throw new ShapeError(`trace: wants a matrix, got shape ${shown(this.shape)}.`);
    return this.diagonal().sum();
  }

  /** The elements on and below a diagonal of the matrices in the last two dims, zeros above it. A copy. */
  tril(this: Tensor<D>, options: TriangleOptions = {}): Tensor<D> {
    const { diagonal = 0 } = optionsOf('tril', options, ['diagonal']);
    return triangle('tril', this, diagonal, false);
  }

  /** The elements on and above a diagonal of the matrices in the last two dims, zeros below it. A copy. */
  triu(this: Tensor<D>, options: TriangleOptions = {}): Tensor<D> {
    const { diagonal = 0 } = optionsOf('triu', options, ['diagonal']);
    return triangle('triu', this, diagonal, true);
  }

  /** All positions of `dim`, as views without it. */
  unbind(this: Tensor<D>, dim = 0): Tensor<D>[] {
    if (this.ndim === 0) throw new ShapeError('unbind: a 0-d tensor has no dim.');
    return [...apply(joins.unbind, [this], wrapDim('unbind', dim, this.ndim))] as Tensor<D>[];
  }

  /** Pieces of one size along `dim` (the last may be smaller), or of the given sizes, which must add up. Views. */
  split(this: Tensor<D>, sizeOrSections: number | readonly number[], dim = 0): Tensor<D>[] {
    if (this.ndim === 0) throw new ShapeError('split: a 0-d tensor has no dim.');
    const d = wrapDim('split', dim, this.ndim);
    const size = this.shape[d]!;
    if (typeof sizeOrSections !== 'number') checkList('split', sizeOrSections);
    const sizes = typeof sizeOrSections === 'number' ? equalPieces(size, sizeOrSections) : sizeOrSections;
    if (sizes.some((piece) => !Number.isInteger(piece) || piece < 0) || sizes.reduce((a, b) => a + b, 0) !== size)
      throw new ShapeError(`split: sections ${shown(sizes)} do not add up to dim ${d} of size ${size}.`);
    return [...apply(joins.split, [this], { dim: d, sizes })] as Tensor<D>[];
  }

  /** At most `chunks` pieces of equal size along `dim` (the last may be smaller). Views. */
  chunk(this: Tensor<D>, chunks: number, dim = 0): Tensor<D>[] {
    checkInteger('chunk', 'chunks', chunks, 1, MANY);
    if (this.ndim === 0) throw new ShapeError('chunk: a 0-d tensor has no dim.');
    const size = this.shape[wrapDim('chunk', dim, this.ndim)]!;
    return this.split(size === 0 ? new Array<number>(chunks).fill(0) : Math.ceil(size / chunks), dim);
  }

  /** Exactly `sections` pieces whose sizes differ by one at most, or the pieces between the given positions. Views. */
  tensorSplit(this: Tensor<D>, sections: number | readonly number[], dim = 0): Tensor<D>[] {
    if (this.ndim === 0) throw new ShapeError('tensorSplit: a 0-d tensor has no dim.');
    const size = this.shape[wrapDim('tensorSplit', dim, this.ndim)]!;
    if (typeof sections === 'number') {
      checkInteger('tensorSplit', 'sections', sections, 1, MANY);
      const [least, more] = [Math.floor(size / sections), size % sections];
      return this.split(
        Array.from({ length: sections }, (_, i) => least + Number(i < more)),
        dim,
      );
    }
    checkIntegers('tensorSplit', 'sections', sections);
    const bounds = [...sections, size].map((at) => Math.min(Math.max(at < 0 ? at + size : at, 0), size));
    const starts = [0, ...bounds.slice(0, -1)];
    return bounds.map((end, i) => this.narrow(dim, starts[i]!, Math.max(0, end - starts[i]!)));
  }

  /** Positions moved along dims; what leaves at one end enters at the other. Without `dims` the flattened tensor rolls. A copy. */
  roll(this: Tensor<D>, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor<D> {
    const by = typeof shifts === 'number' ? [shifts] : shifts;
    checkIntegers('roll', 'shifts', by);
    if (dims === undefined) {
      if (by.length !== 1) throw new ShapeError(`roll: several shifts (${shown(by)}) need dims.`);
      return this.reshape([this.numel]).roll(by, 0).reshape(this.shape);
    }
    const named = typeof dims === 'number' ? [dims] : dims;
    checkIntegers('roll', 'dims', named);
    const along = named.map((dim) => wrapDim('roll', dim, this.ndim));
    if (along.length !== by.length) throw new ShapeError(`roll: ${by.length} shifts for ${along.length} dims.`);
    if (this.numel === 0 || this.ndim === 0) return this.clone();
    // A dim named twice rolls twice.
    const total = new Map<number, number>();
    along.forEach((dim, i) => total.set(dim, (total.get(dim) ?? 0) + by[i]!));
    const entries = [...total].map(([dim, shift]) => {
      const size = this.shape[dim]!;
      return { dim, shift: ((shift % size) + size) % size };
    });
    return apply(ops.roll, [this], entries) as Tensor<D>;
  }

  /** Turned by 90 degrees `k` times in the plane of two dims, from the first towards the second. */
  rot90(this: Tensor<D>, options: { readonly k?: number; readonly dims?: readonly number[] } = {}): Tensor<D> {
    const { k = 1, dims = [0, 1] } = optionsOf('rot90', options, ['k', 'dims']);
    const plane = wrapDims('rot90', dims, this.ndim);
    if (plane.length !== 2) throw new ShapeError(`rot90: a plane has two dims, got ${shown(plane)}.`);
    checkInteger('rot90', 'k', k);
    const [a, b] = plane as [number, number];
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return this.clone();
    if (turns === 2) return this.flip(plane);
    return turns === 1 ? this.flip(b).transpose(a, b) : this.flip(a).transpose(a, b);
  }

  /** The whole tensor repeated along each dim; further dims come first. A copy. */
  repeat(this: Tensor<D>, repeats: readonly number[]): Tensor<D> {
    checkList('repeat', repeats);
    if (repeats.length < this.ndim)
      throw new ShapeError(
        `repeat: ${repeats.length} repeats for shape ${shown(this.shape)}: one for each dim at least.`,
      );
    if (repeats.some((times) => !Number.isInteger(times) || times < 0))
      throw new ShapeError(`repeat: repeats must be non-negative integers, got ${shown(repeats)}.`);
    const sizes = [...new Array<number>(repeats.length - this.ndim).fill(1), ...this.shape];
    const tiled = this.reshape(sizes.flatMap((size) => [1, size]))
      .broadcastTo(sizes.flatMap((size, d) => [repeats[d]!, size]))
      .reshape(sizes.map((size, d) => size * repeats[d]!));
    return tiled.storage === this.storage ? tiled.clone() : tiled;
  }

  /** `repeat` that takes missing repeats of leading dims as 1. */
  tile(this: Tensor<D>, dims: readonly number[]): Tensor<D> {
    checkList('tile', dims);
    return this.repeat([...new Array<number>(Math.max(0, this.ndim - dims.length)).fill(1), ...dims]);
  }

  /** A view with any shape and strides over this tensor's storage. Throws ShapeError where it would leave the storage. */
  asStrided(this: Tensor<D>, size: Shape, stride: readonly number[], storageOffset = this.layout.offset): Tensor<D> {
    checkShape('asStrided', size);
    checkIntegers('asStrided', 'stride', stride);
    checkInteger('asStrided', 'storageOffset', storageOffset);
    if (size.length !== stride.length)
      throw new ShapeError(`asStrided: wants one stride for each size, got ${shown(size)} and ${shown(stride)}.`);
    const reach = size.map((count, d) => (count - 1) * stride[d]!);
    const first = storageOffset + reach.reduce((sum, step) => sum + Math.min(step, 0), 0);
    const last = storageOffset + reach.reduce((sum, step) => sum + Math.max(step, 0), 0);
    if (numel(size) > 0 && (first < 0 || last >= this.storage.length))
      throw new ShapeError(
        `asStrided: elements ${first} to ${last} are outside the storage of ${this.storage.length} elements.`,
      );
    if (this.requiresGrad && this.strides.some((step, d) => step === 0 && this.shape[d]! > 1))
      throw new ArgumentError('asStrided: the gradient of an expanded tensor is not defined here. Use clone() first.');
    return apply(ops.asStrided, [this], { shape: [...size], strides: [...stride], offset: storageOffset }) as Tensor<D>;
  }
}

function triangle<D extends DType>(operation: string, x: Tensor<D>, diagonal: number, upper: boolean): Tensor<D> {
  if (x.ndim < 2) throw new ShapeError(`${operation}: wants rank 2 at least, got shape ${shown(x.shape)}.`);
  checkInteger(operation, 'diagonal', diagonal);
  return apply(ops.triangle, [x], { diagonal, upper }) as Tensor<D>;
}

function equalPieces(size: number, piece: number): readonly number[] {
  if (!Number.isInteger(piece) || piece < 0 || (piece === 0 && size > 0))
    throw new ShapeError(`split: pieces must have a positive size, got ${described(piece)}.`);
  if (size === 0) return [0];
  return Array.from({ length: Math.ceil(size / piece) }, (_, i) => Math.min(piece, size - i * piece));
}
