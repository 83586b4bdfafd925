import { isTensor } from '../arguments.js';
import { isInt } from '../dtype.js';
import { DTypeError, IndexError, shown } from '../errors.js';
import { Layout, type SliceIndex } from '../layout.js';
import { commonShape, numel, sameShape, type Shape } from '../shape.js';
import { Storage, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { checkIndex, linearIndex, nonzeroPositions } from './indexing.js';

/**
 * One entry of an advanced index: whatever `slice` takes, an integer tensor (or Int32Array) of positions, or a bool tensor
 * that selects over as many dims as it has.
 */
export type IndexItem = SliceIndex | Tensor | Int32Array;

/** An index tensor and the dims of the sliced tensor it takes: their positions in row-major order are its values. */
interface Pick {
  readonly dim: number;
  readonly span: number;
  readonly index: View;
}

/** An index expression as a basic slice followed by picks of positions. */
export interface IndexPlan {
  readonly basic: readonly SliceIndex[];
  readonly picks: readonly Pick[];
}

/** True where a slice leaves a tensor as it is. */
export const isWhole = (basic: readonly SliceIndex[]): boolean =>
  basic.every((entry) => entry === '...' || (Array.isArray(entry) && entry.length === 0));

const asTensor = (x: Tensor, item: IndexItem): SliceIndex | Tensor =>
  item instanceof Int32Array
    ? x.wrap({ storage: new Storage('int32', item.length, item), layout: new Layout([item.length]) })
    : item;

/** How many dims of the tensor an entry uses up. */
const dimsOf = (item: SliceIndex | Tensor): number =>
  item === null || item === '...' ? 0 : isTensor(item) && item.dtype === 'bool' ? item.ndim : 1;

/** Reads an index expression from left to right, as PyTorch does: integers, also 0-d integer tensors, select first. */
export function planIndex(operation: string, x: Tensor, items: readonly IndexItem[]): IndexPlan {
  const entries = items.map((item) => asTensor(x, item));
  const used = entries.reduce<number>((sum, item) => sum + dimsOf(item), 0);
  if (used > x.ndim)
    throw new IndexError(`${operation}: ${used} indices for a tensor of rank ${x.ndim} with shape ${shown(x.shape)}.`);
  if (entries.filter((item) => item === '...').length > 1)
    throw new IndexError(`${operation}: at most one '...' is possible.`);
  const basic: SliceIndex[] = [];
  const picks: Pick[] = [];
  let from = 0;
  let dim = 0;
  for (const item of entries) {
    if (!isTensor(item)) {
      basic.push(item);
      const kept = item === '...' ? x.ndim - used : typeof item === 'number' ? 0 : 1;
      dim += kept;
      from += item === '...' ? kept : item === null ? 0 : 1;
    } else if (item.dtype === 'bool') {
      if (item.ndim === 0) basic.push(null);
      else for (let d = 0; d < item.ndim; d++) basic.push([]);
      const covered = x.shape.slice(from, from + item.ndim);
      if (!sameShape(covered, item.shape))
        throw new IndexError(
          `${operation}: a mask of shape ${shown(item.shape)} over dims of shape ${shown(covered)}.`,
        );
      const span = Math.max(item.ndim, 1);
      picks.push({ dim, span, index: nonzeroPositions(item) });
      dim += span;
      from += item.ndim;
    } else if (!isInt(item.dtype)) {
      throw new DTypeError(`${operation}: index tensors are integer or bool, got ${item.dtype}.`);
    } else if (item.ndim === 0) {
      basic.push(item.item());
      from++;
    } else {
      checkIndex(operation, item, x.shape[from]!, from, -x.shape[from]!);
      basic.push([]);
      picks.push({ dim: dim++, span: 1, index: item });
      from++;
    }
  }
  return { basic, picks };
}

/** A tensor with the picked dims first and flattened to one, and what it takes to put a result back in order. */
interface Arrangement {
  /** The picked dims, then the rest. */
  readonly order: readonly number[];
  readonly inverse: readonly number[];
  /** The order of the dims of the result, seen from `[picked shape, rest]`, and its inverse. */
  readonly placed: readonly number[];
  readonly unplaced: readonly number[];
  /** The picked shape followed by the rest. */
  readonly shape: Shape;
  readonly rest: Shape;
  readonly rows: number;
  readonly linear: Tensor;
}

const invert = (order: readonly number[]): number[] => order.map((_, d) => order.indexOf(d));

function arrange(operation: string, x: Tensor, picks: readonly Pick[]): Arrangement {
  const picked = picks.flatMap(({ dim, span }) => Array.from({ length: span }, (_, i) => dim + i));
  const others = x.shape.map((_, d) => d).filter((d) => !picked.includes(d));
  const shape = commonShape(operation, ...picks.map(({ index }) => index.layout.shape));
  const indices = picks.map(({ index }) => ({
    storage: index.storage,
    layout: index.layout.broadcastTo(shape, operation),
  }));
  const sizes = picks.map(({ dim, span }) => numel(x.shape.slice(dim, dim + span)));
  const order = [...picked, ...others];
  // Picks side by side leave their shape where they stood; with anything between them it goes to the front.
  const together = picked.every((dim, i) => i === 0 || dim === picked[i - 1]! + 1);
  const first = together ? picked[0]! : 0;
  const rank = shape.length;
  const all = Array.from({ length: rank + others.length }, (_, d) => d);
  const placed = [...all.slice(rank, rank + first), ...all.slice(0, rank), ...all.slice(rank + first)];
  const rest = others.map((d) => x.shape[d]!);
  return {
    order,
    inverse: invert(order),
    placed,
    unplaced: invert(placed),
    shape: [...shape, ...rest],
    rest,
    rows: numel(sizes),
    linear: x.wrap(linearIndex(indices, sizes)),
  };
}

const inOrder = (dims: readonly number[]): boolean => dims.every((dim, d) => dim === d);
const ordered = (x: Tensor, dims: readonly number[]): Tensor => (inOrder(dims) ? x : x.permute(dims));

/** The elements that picks name. */
export function picked(operation: string, x: Tensor, picks: readonly Pick[]): Tensor {
  const { order, placed, shape, rest, rows, linear } = arrange(operation, x, picks);
  const out = ordered(x, order)
    .reshape([rows, ...rest])
    .indexSelect(0, linear)
    .reshape(shape);
  return ordered(out, placed);
}

/** A copy of `x` with the elements that picks name replaced by `value`, or added to. */
export function put(operation: string, x: Tensor, picks: readonly Pick[], value: Tensor, accumulate: boolean): Tensor {
  const { order, inverse, placed, unplaced, shape, rest, rows, linear } = arrange(operation, x, picks);
  const wanted = placed.map((d) => shape[d]!);
  const source = ordered(value.broadcastTo(wanted), unplaced).reshape([linear.numel, ...rest]);
  const base = ordered(x, order);
  const flat = base.reshape([rows, ...rest]);
  const written = accumulate ? flat.indexAdd(0, linear, source) : flat.indexCopy(0, linear, source);
  return ordered(written.reshape(base.shape), inverse);
}

/** The shape of what a plan names in `x`. */
export function shapeOfIndex(operation: string, x: Tensor, { basic, picks }: IndexPlan): Shape {
  const layout = x.layout.slice(basic);
  if (picks.length === 0) return layout.shape;
  const { placed, shape } = arrange(operation, x.wrap({ storage: x.storage, layout }), picks);
  return placed.map((d) => shape[d]!);
}
