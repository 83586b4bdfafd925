import { newArray, type ArrayOf, type DType } from './dtype.js';
import { MemoryError } from './errors.js';
import { Layout } from './layout.js';
import type { Shape } from './shape.js';

/**
 * One buffer of one dtype. Kernels reach the elements through `array` and `base` only, so that where a storage lives is
 * its own affair: element `i` is `array[base + i]`.
 */
export class Storage<D extends DType = DType> {
  /** Counts the writes, so that autograd notices a saved tensor that was changed in place. */
  version = 0;
  private host: ArrayOf<D> | null;
  private fill: (() => ArrayOf<D>) | null;

  /** Over an existing array, or over one that `source` makes when the elements are first asked for. */
  constructor(
    readonly dtype: D,
    readonly length: number,
    source: ArrayOf<D> | (() => ArrayOf<D>),
  ) {
    this.host = typeof source === 'function' ? null : source;
    this.fill = typeof source === 'function' ? source : null;
  }

  /** The array that holds the elements from `base` on. */
  get array(): ArrayOf<D> {
    if (this.host === null) {
      this.host = this.fill!();
      this.fill = null;
    }
    return this.host;
  }

  /** Position in `array` of the first element. */
  get base(): number {
    return 0;
  }
}

/** What a kernel takes: a storage and how to walk it. Tensors are views too. */
export interface View<D extends DType = DType> {
  readonly storage: Storage<D>;
  readonly layout: Layout;
}

/** A new contiguous view of zeros. */
export function alloc<D extends DType>(shape: Shape, dtype: D): View<D> {
  const layout = new Layout(shape);
  try {
    return { storage: new Storage(dtype, layout.numel, newArray(dtype, layout.numel)), layout };
  } catch (cause) {
    throw new MemoryError(`cannot allocate ${layout.numel} elements of ${dtype}. Free tensors that are no longer needed.`, { cause });
  }
}
