import { checkChoice, checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import * as ops from '../ops/join.js';
import { commonShape, checkShape, sameShape, wrapDim, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';

function some(operation: string, tensors: readonly Tensor[]): readonly [Tensor, ...Tensor[]] {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new ArgumentError(
      `${operation}: wants an array of one tensor at least. Put the tensors in brackets: ${operation}([a, b]).`,
    );
  for (const x of tensors as readonly unknown[]) checkTensor(operation, 'each entry', x);
  return tensors as unknown as readonly [Tensor, ...Tensor[]];
}

/**
 * Tensors one after the other along an existing dim; all other sizes must agree (a tensor of shape [0] joins anything).
 * The result has the dtype that all promote to.
 *
 * @throws ShapeError where sizes or ranks differ
 * @example
 * cat([ones([2, 3]), zeros([1, 3])]); // shape [3, 3]
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const [first, ...others] = some('cat', tensors);
  if (tensors.some((x) => x.ndim === 0))
    throw new ShapeError('cat: a 0-d tensor has no dim to join along. Use stack().');
  const longest = others.reduce((ndim, x) => Math.max(ndim, x.ndim), first.ndim);
  return apply(ops.cat, tensors, wrapDim('cat', dim, longest));
}

/** Tensors of one shape along a new dim. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const [first] = some('stack', tensors);
  for (const x of tensors)
    if (!sameShape(x.shape, first.shape))
      throw new ShapeError(
        `stack: shapes must be equal, got ${shown(first.shape)} and ${shown(x.shape)}. Use cat() along an existing dim.`,
      );
  const at = wrapDim('stack', dim, first.ndim + 1);
  return apply(
    ops.cat,
    tensors.map((x) => x.unsqueeze(at)),
    at,
  );
}

const atLeast1d = (x: Tensor): Tensor => (x.ndim === 0 ? x.reshape([1]) : x);
const atLeast2d = (x: Tensor): Tensor => (x.ndim < 2 ? x.reshape([1, x.numel]) : x);
const atLeast3d = (x: Tensor): Tensor => (x.ndim < 2 ? x.reshape([1, x.numel, 1]) : x.ndim === 2 ? x.unsqueeze(2) : x);

/** Side by side: along dim 1, or dim 0 for vectors and scalars. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = some('hstack', tensors).map(atLeast1d) as [Tensor, ...Tensor[]];
  return cat([first, ...others], first.ndim === 1 ? 0 : 1);
}

/** One below the other: along dim 0, vectors as rows. */
export const vstack = (tensors: readonly Tensor[]): Tensor => cat(some('vstack', tensors).map(atLeast2d), 0);

/** One behind the other: along dim 2, vectors as `[1, n, 1]` and matrices as `[m, n, 1]`. */
export const dstack = (tensors: readonly Tensor[]): Tensor => cat(some('dstack', tensors).map(atLeast3d), 2);

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** `'ij'`: the first vector runs along dim 0. `'xy'`: along dim 1, as for images. */
  readonly indexing?: 'ij' | 'xy';
}

/** The coordinates of the grid that vectors span: one tensor per vector, expanded over the dims of all. */
export function meshgrid(tensors: readonly Tensor[], options: MeshgridOptions = {}): Tensor[] {
  const { indexing = 'ij' } = optionsOf('meshgrid', options, ['indexing']);
  const vectors = some('meshgrid', tensors);
  for (const x of vectors) {
    if (x.ndim > 1) throw new ShapeError(`meshgrid: wants vectors, got shape ${shown(x.shape)}.`);
    if (x.dtype !== vectors[0].dtype)
      throw new ArgumentError(`meshgrid: all vectors must have one dtype, got ${vectors[0].dtype} and ${x.dtype}.`);
  }
  checkChoice('meshgrid', 'indexing', indexing, ['ij', 'xy']);
  const shape = vectors.map((x) => x.numel);
  const grids = vectors.map((x, d) => x.reshape(shape.map((size, e) => (e === d ? size : 1))).broadcastTo(shape));
  return indexing === 'xy' && grids.length > 1 ? grids.map((grid) => grid.transpose(0, 1)) : grids;
}

/**
 * The shape that all shapes broadcast to, as `torch.broadcast_shapes`: aligned at the right, sizes of 1 stretch.
 *
 * @throws ShapeError where they do not
 * @example
 * broadcastShapes([3, 1], [4]); // [3, 4]
 */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  for (const shape of shapes) checkShape('broadcastShapes', shape);
  return commonShape('broadcastShapes', ...shapes);
}

/** Tensors stretched (without copying) to the shape that all of them broadcast to. */
export function broadcastTensors(tensors: readonly Tensor[]): Tensor[] {
  const shape = commonShape('broadcastTensors', ...some('broadcastTensors', tensors).map((x) => x.shape));
  return tensors.map((x) => x.broadcastTo(shape));
}
