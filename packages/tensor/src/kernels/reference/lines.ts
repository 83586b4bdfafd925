import { Layout } from '../../layout.js';
import type { View } from '../../storage.js';
import { distances, merge, positions, type Positions } from './walk.js';

/** The last dim of a view: where each line starts in the array, its step and its length. */
export interface Lines {
  readonly starts: Positions;
  readonly step: number;
  readonly size: number;
}

/** Where blocks of `size` elements start that lie one behind the other. */
function inOrder(first: number, count: number, size: number): Positions {
  const starts = new Uint32Array(count);
  for (let i = 0; i < count; i++) starts[i] = first + i * size;
  return starts;
}

const numelOf = (shape: readonly number[], from: number, to: number): number => {
  let count = 1;
  for (let d = from; d < to; d++) count *= shape[d]!;
  return count;
};

/** The lines of a view along its last dim. */
export function lines({ storage, layout }: View): Lines {
  const { shape, strides, offset, ndim } = layout;
  if (layout.isContiguous) {
    const size = shape[ndim - 1]!;
    return { starts: inOrder(storage.base + offset, numelOf(shape, 0, ndim - 1), size), step: 1, size };
  }
  const outer = new Layout(shape.slice(0, -1), strides.slice(0, -1), offset);
  return { starts: positions(outer, storage.base), step: strides[ndim - 1]!, size: shape[ndim - 1]! };
}

/** The trailing dims of a view: where each group starts, and the runs of equal step that every group is made of. */
export interface Groups {
  readonly starts: Positions;
  /** Starts of the runs, relative to the group's. */
  readonly runs: Int32Array;
  readonly step: number;
  /** Elements in a run. */
  readonly count: number;
}

/** One run, from the start of the group. */
const whole = new Int32Array(1);

/** The groups a view falls into behind its first `outer` dims. */
export function groups({ storage, layout }: View, outer: number): Groups {
  const { shape, strides, offset } = layout;
  if (layout.isContiguous && layout.numel > 0) {
    const count = numelOf(shape, outer, shape.length);
    return { starts: inOrder(storage.base + offset, numelOf(shape, 0, outer), count), runs: whole, step: 1, count };
  }
  const starts = positions(new Layout(shape.slice(0, outer), strides.slice(0, outer), offset), storage.base);
  const inner = new Layout(shape.slice(outer), strides.slice(outer));
  if (inner.numel === 0) return { starts, runs: new Int32Array(0), step: 1, count: 0 };
  const { sizes, strides: merged } = merge([inner]);
  const last = sizes.length - 1;
  const runs = distances(new Layout(sizes.slice(0, last), merged[0]!.slice(0, last)));
  return { starts, runs, step: merged[0]![last]!, count: sizes[last]! };
}
