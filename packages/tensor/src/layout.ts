import { described, IndexError, ShapeError, shown } from './errors.js';
import { checkList, contiguousStrides, numel, sameShape, wrapDim, wrapDims, wrapIndex, type Shape } from './shape.js';

/** `[start, stop, step]` of one dim, each optional, as a Python slice; negative numbers count from the end. */
export type Range = readonly [] | readonly [start: number | null, stop?: number | null, step?: number | null];

/** One entry of a slice expression: an index (drops the dim), a range (keeps it), `null` (a new dim), `'...'` (all dims between). */
export type SliceIndex = number | Range | null | '...';

/** How to walk a storage: sizes, strides and offset, all counted in elements. A value: every view is a new Layout. */
export class Layout {
  /** Sizes, outermost first. */
  readonly shape: Shape;
  /** Steps in elements from one position of a dim to the next. */
  readonly strides: readonly number[];
  /** Position of the first element. */
  readonly offset: number;
  /** Number of elements. */
  readonly numel: number;
  /** True where walking the layout in order visits consecutive elements. */
  readonly isContiguous: boolean;

  constructor(shape: Shape, strides?: readonly number[], offset = 0) {
    this.shape = shape;
    this.offset = offset;
    this.numel = numel(shape);
    this.strides = strides ?? contiguousStrides(shape);
    this.isContiguous = strides === undefined || this.numel <= 1 || walksInOrder(shape, strides);
  }

  /** Number of dims. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The first position visited and the one after the last; `[0, 0]` without elements. */
  extent(): readonly [first: number, end: number] {
    if (this.numel === 0) return [0, 0];
    let first = this.offset;
    let last = this.offset;
    this.shape.forEach((size, d) => {
      const reach = (size - 1) * this.strides[d]!;
      if (reach < 0) first += reach;
      else last += reach;
    });
    return [first, last + 1];
  }

  /** The same elements in another order of dims. */
  permute(dims: readonly number[]): Layout {
    checkList('permute', dims);
    const order = dims.map((dim) => wrapDim('permute', dim, this.ndim));
    if (order.length !== this.ndim || order.some((dim, at) => order.indexOf(dim) !== at))
      throw new ShapeError(
        `permute: ${shown(dims)} does not name each of the ${this.ndim} dims of ${shown(this.shape)} once.`,
      );
    return new Layout(
      order.map((d) => this.shape[d]!),
      order.map((d) => this.strides[d]!),
      this.offset,
    );
  }

  /** Two dims exchanged. A 0-d layout is its own transpose. */
  transpose(dim0: number, dim1: number): Layout {
    const a = wrapDim('transpose', dim0, this.ndim);
    const b = wrapDim('transpose', dim1, this.ndim);
    if (this.ndim === 0) return this;
    const [shape, strides] = [[...this.shape], [...this.strides]];
    for (const list of [shape, strides]) [list[a], list[b]] = [list[b]!, list[a]!];
    return new Layout(shape, strides, this.offset);
  }

  /** Sizes of 1 stretched (stride 0) and dims added at the front until the shape is `shape`. */
  broadcastTo(shape: Shape, operation = 'broadcastTo'): Layout {
    checkList(operation, shape);
    if (sameShape(this.shape, shape)) return this;
    const added = shape.length - this.ndim;
    const strides = new Array<number>(shape.length).fill(0);
    for (let d = 0; d < this.ndim; d++) {
      if (this.shape[d] === shape[added + d]) strides[added + d] = this.strides[d]!;
      else if (added < 0 || this.shape[d] !== 1)
        throw new ShapeError(`${operation}: shape ${shown(this.shape)} cannot be broadcast to ${shown(shape)}.`);
    }
    return new Layout(shape, strides, this.offset);
  }

  /** A dim of size 1 inserted at `dim` (0 to ndim, or counted from the end). */
  unsqueeze(dim: number): Layout {
    const at = wrapDim('unsqueeze', dim, this.ndim + 1);
    const step = at < this.ndim ? this.shape[at]! * this.strides[at]! : 1;
    return new Layout(this.shape.toSpliced(at, 0, 1), this.strides.toSpliced(at, 0, step), this.offset);
  }

  /** Without the given dims where their size is 1 (all such dims where none are given). */
  squeeze(dims?: readonly number[]): Layout {
    const chosen = dims?.map((dim) => wrapDim('squeeze', dim, this.ndim));
    const keep = this.shape.map((size, d) => size !== 1 || (chosen !== undefined && !chosen.includes(d)));
    return new Layout(
      this.shape.filter((_, d) => keep[d]),
      this.strides.filter((_, d) => keep[d]),
      this.offset,
    );
  }

  /** One position of a dim; the dim goes. */
  select(dim: number, index: number, operation = 'select'): Layout {
    if (this.ndim === 0) throw new IndexError(`${operation}: a 0-d tensor has no dim to index.`);
    const d = wrapDim(operation, dim, this.ndim);
    const i = wrapIndex(operation, index, this.shape[d]!, d);
    return new Layout(this.shape.toSpliced(d, 1), this.strides.toSpliced(d, 1), this.offset + i * this.strides[d]!);
  }

  /** Every `step`-th position of a dim from `start` towards `stop`, bounds clamped as Python does. */
  range(dim: number, range: Range, operation = 'slice'): Layout {
    if (this.ndim === 0) throw new IndexError(`${operation}: a 0-d tensor has no dim to slice.`);
    const d = wrapDim(operation, dim, this.ndim);
    const { start, step, count } = resolve(operation, range, this.shape[d]!, d);
    const stride = this.strides[d]!;
    return new Layout(this.shape.with(d, count), this.strides.with(d, stride * step), this.offset + start * stride);
  }

  /** A whole slice expression: indices, ranges, new dims and one `'...'`, from the first dim on. */
  slice(indices: readonly SliceIndex[]): Layout {
    const used = indices.reduce<number>((count, index) => count + Number(index !== null && index !== '...'), 0);
    if (indices.indexOf('...') !== indices.lastIndexOf('...'))
      throw new IndexError(`slice: at most one '...' is possible.`);
    if (used > this.ndim)
      throw new IndexError(`slice: ${used} indices for a tensor of rank ${this.ndim} with shape ${shown(this.shape)}.`);
    const shape: number[] = [];
    const strides: number[] = [];
    let offset = this.offset;
    let d = 0;
    const keep = (end: number): void => {
      for (; d < end; d++) {
        shape.push(this.shape[d]!);
        strides.push(this.strides[d]!);
      }
    };
    for (const index of indices) {
      if (index === null) {
        shape.push(1);
        strides.push(d < this.ndim ? this.shape[d]! * this.strides[d]! : 1);
      } else if (index === '...') keep(d + this.ndim - used);
      else if (typeof index === 'number') {
        offset += wrapIndex('slice', index, this.shape[d]!, d) * this.strides[d]!;
        d++;
      } else if (Array.isArray(index) && index.length <= 3) {
        const { start, step, count } = resolve('slice', index, this.shape[d]!, d);
        shape.push(count);
        strides.push(this.strides[d]! * step);
        offset += start * this.strides[d]!;
        d++;
      } else
        throw new IndexError(
          `slice: an entry is an index, [start, stop, step], null or '...', got ${described(index)}.`,
        );
    }
    keep(this.ndim);
    return new Layout(shape, strides, offset);
  }

  /** The order of some dims reversed, by negative strides. */
  flip(dims: readonly number[]): Layout {
    const order = wrapDims('flip', dims, this.ndim);
    return order.reduce<Layout>((layout, dim) => layout.range(dim, [null, null, -1], 'flip'), this);
  }

  /** The diagonal over two dims as a new last dim; `shift` above (positive) or below the main one. */
  diagonal(shift: number, dim0: number, dim1: number): Layout {
    const a = wrapDim('diagonal', dim0, this.ndim);
    const b = wrapDim('diagonal', dim1, this.ndim);
    if (a === b || this.ndim < 2)
      throw new ShapeError(`diagonal: wants two different dims, got ${dim0} and ${dim1} of ${shown(this.shape)}.`);
    const count = Math.max(
      0,
      shift >= 0 ? Math.min(this.shape[a]!, this.shape[b]! - shift) : Math.min(this.shape[a]! + shift, this.shape[b]!),
    );
    const first = count === 0 ? 0 : shift >= 0 ? shift * this.strides[b]! : -shift * this.strides[a]!;
    const others = this.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
    return new Layout(
      [...others.map((d) => this.shape[d]!), count],
      [...others.map((d) => this.strides[d]!), this.strides[a]! + this.strides[b]!],
      this.offset + first,
    );
  }

  /** Windows of `size` every `step` positions along `dim`, as a new last dim. */
  unfold(dim: number, size: number, step: number): Layout {
    const d = wrapDim('unfold', dim, this.ndim);
    const length = this.ndim === 0 ? 1 : this.shape[d]!;
    if (!Number.isInteger(size) || size < 0 || size > length)
      throw new ShapeError(`unfold: window size ${described(size)} does not fit dim ${d} of size ${length}.`);
    if (!Number.isInteger(step) || step <= 0)
      throw new ShapeError(`unfold: step must be a positive integer, got ${described(step)}.`);
    if (this.ndim === 0) return new Layout([size], [1], this.offset);
    const count = Math.floor((length - size) / step) + 1;
    const stride = this.strides[d]!;
    return new Layout(
      [...this.shape.with(d, count), size],
      [...this.strides.with(d, stride * step), stride],
      this.offset,
    );
  }

  /** The same elements under another shape, or null where no strides can express it. */
  reshape(shape: Shape): Layout | null {
    if (sameShape(this.shape, shape)) return this;
    if (this.isContiguous || this.numel === 0) return new Layout(shape, undefined, this.offset);
    const strides = regroup(this, shape);
    return strides && new Layout(shape, strides, this.offset);
  }
}

/** A range over a dim of `size` as its first position, its step and its length, bounds clamped as Python does. */
function resolve(
  operation: string,
  [from, to, by]: Range,
  size: number,
  d: number,
): { readonly start: number; readonly step: number; readonly count: number } {
  const step = by ?? 1;
  for (const bound of [from ?? 0, to ?? 0, step])
    if (!Number.isInteger(bound))
      throw new IndexError(`${operation}: bounds of dim ${d} must be integers, got ${described(bound)}.`);
  if (step === 0) throw new IndexError(`${operation}: step of dim ${d} must not be 0.`);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, low), high);
  const start = from == null ? (step > 0 ? 0 : size - 1) : clamp(from);
  const stop = to == null ? (step > 0 ? size : -1) : clamp(to);
  const count = Math.max(0, Math.ceil((stop - start) / step));
  return { start: count === 0 ? 0 : start, step, count };
}

function walksInOrder(shape: Shape, strides: readonly number[]): boolean {
  for (let d = shape.length - 1, step = 1; d >= 0; d--) {
    if (shape[d] === 1) continue;
    if (strides[d] !== step) return false;
    step *= shape[d]!;
  }
  return true;
}

/** The dims from the largest step to the smallest, equal steps in their order. */
export function memoryOrder(strides: readonly number[]): number[] {
  const order: number[] = [];
  for (let d = 0; d < strides.length; d++) {
    let at = d;
    for (; at > 0 && strides[order[at - 1]!]! < strides[d]!; at--) order[at] = order[at - 1]!;
    order[at] = d;
  }
  return order;
}

/** Strides of `shape` over the elements of `old`: each run of old dims that walks as one may be cut anew. */
function regroup(old: Layout, shape: Shape): number[] | null {
  const dims = old.shape.map((size, d) => ({ size, stride: old.strides[d]! })).filter(({ size }) => size !== 1);
  const strides = new Array<number>(shape.length).fill(1);
  let from = 0;
  let to = 0;
  while (from < dims.length) {
    let oldCount = dims[from]!.size;
    let newCount = shape[to] ?? 1;
    let oldEnd = from + 1;
    let newEnd = to + 1;
    while (oldCount !== newCount) {
      if (newCount < oldCount) newCount *= shape[newEnd++]!;
      else oldCount *= dims[oldEnd++]!.size;
    }
    for (let d = from; d < oldEnd - 1; d++)
      if (dims[d]!.stride !== dims[d + 1]!.stride * dims[d + 1]!.size) return null;
    let step = dims[oldEnd - 1]!.stride;
    for (let d = newEnd - 1; d >= to; d--) {
      strides[d] = step;
      step *= shape[d]!;
    }
    from = oldEnd;
    to = newEnd;
  }
  return strides;
}
