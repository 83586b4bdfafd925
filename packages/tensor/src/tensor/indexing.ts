import { checkChoice, checkNumber, checkTensor, isTensor, optionsOf } from '../arguments.js';
import { apply, isGradEnabled, noGrad } from '../autograd.js';
import { dtypes, isFloat, isHalf, type DType } from '../dtype.js';
import { ArgumentError, AutogradError, described, DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import { Layout } from '../layout.js';
import * as advanced from '../ops/advanced.js';
import type { IndexItem } from '../ops/advanced.js';
import * as ops from '../ops/indexing.js';
import { assigned, replaced } from '../ops/movement.js';
import { maskedFillInto } from '../ops/select.js';
import { margins, mirrored, padConstant, type PadMode } from '../ops/pad.js';
import { commonShape, checkFits, checkShape, sameShape, wrapDim } from '../shape.js';
import { alloc, Storage } from '../storage.js';
import type { Tensor } from '../tensor.js';
import { MovementMethods } from './movement.js';
import { operand, type TensorLike } from './operand.js';

/** Options of `pad`. */
export interface PadOptions {
  /** What stands in the padding. Default: 'constant'. */
  readonly mode?: PadMode;
  /** What `constant` fills with; 0 unless given. */
  readonly value?: number;
}

/** Picking, replacing and counting elements by position or by mask. Index tensors are of any integer dtype. */
export abstract class IndexingMethods<D extends DType = DType> extends MovementMethods<D> {
  /**
   * Advanced indexing: entries of `slice` mixed with integer tensors, which broadcast against each other, and bool masks.
   * The shape of the picks takes their place where they stand side by side, else it comes first. A copy where any entry
   * is a tensor with dims. Integers always select first, as in PyTorch (NumPy counts them as picks).
   *
   * @throws IndexError for positions outside or a mask that does not fit
   * @example
   * x.index(rows, [], null); // x[rows, :, None] of Python
   * x.index(x.gt(0)); // all positive elements
   */
  index(this: Tensor<D>, ...items: readonly IndexItem[]): Tensor<D> {
    const { basic, picks } = advanced.planIndex('index', this, items);
    const sliced = picks.length > 0 && advanced.isWhole(basic) ? this : this.slice(...basic);
    return (picks.length === 0 ? sliced : advanced.picked('index', sliced, picks)) as Tensor<D>;
  }

  /**
   * A copy with the elements at `indices` (one entry per dim from the first on, null for a whole dim) replaced by
   * `values`, which broadcast; with `accumulate` they are added, also to places named several times.
   */
  indexPut(
    this: Tensor<D>,
    indices: readonly (Tensor | null)[],
    values: Tensor,
    options: { readonly accumulate?: boolean } = {},
  ): Tensor<D> {
    const { accumulate = false } = optionsOf('indexPut', options, ['accumulate']);
    checkTensor('indexPut', 'values', values);
    if (!Array.isArray(indices))
      throw new ArgumentError(`indexPut: wants an array of index tensors, got ${described(indices)}.`);
    const { picks } = advanced.planIndex(
      'indexPut',
      this,
      indices.map((index: Tensor | null) => index ?? []),
    );
    if (picks.length === 0) throw new ArgumentError('indexPut: wants at least one index tensor.');
    if (values.dtype !== this.dtype)
      throw new DTypeError(
        `indexPut: values are ${values.dtype} but the tensor ${this.dtype}. Convert them with to('${this.dtype}').`,
      );
    return advanced.put('indexPut', this, picks, values, accumulate) as Tensor<D>;
  }

  /**
   * Writes `value`, broadcast and converted to this dtype, to what `index` names: `x[index] = value` of Python.
   * Gradients flow to `value` and, for a tensor that was computed, to what it was before. Returns this tensor.
   *
   * @throws AutogradError for a leaf or a view that requires a gradient; IndexError, ShapeError before anything is written
   */
  set_(this: Tensor<D>, index: readonly IndexItem[], value: TensorLike): Tensor<D> {
    if (!Array.isArray(index))
      throw new ArgumentError(
        `set_: wants an array of index entries, got ${described(index)}. Write set_([${described(index)}], value).`,
      );
    const [mask] = index;
    const filled = typeof value === 'number' && !this.requiresGrad && isFloat(this.dtype) && !isHalf(this.dtype);
    if (filled && index.length === 1 && isMaskOf(this, mask)) {
      // `x[mask] = number` needs no list of places.
      this.beginWrite('set_');
      maskedFillInto([this, mask, operand(this, value, 'set_')], this);
      return this;
    }
    const plan = advanced.planIndex('set_', this, index);
    const wanted = advanced.shapeOfIndex('set_', this, plan);
    let source = operand(this, value, 'set_').to(this.dtype) as Tensor;
    // Leading dims of size 1 carry nothing, so a value may have more of them than there is room for.
    while (source.ndim > wanted.length && source.shape[0] === 1) source = source.select(0, 0);
    source = source.broadcastTo(wanted);
    if (source.storage === this.storage) source = source.clone();
    if (isGradEnabled() && (this.node !== null || (source.requiresGrad && !this.requiresGrad))) {
      checkHistory(this);
      noGrad(() => this.beginWrite('set_'));
    } else this.beginWrite('set_');
    const before = this.wrap<D>(this);
    if (this.node) before.attach(this.node, this.outputIndex);
    if (plan.picks.length > 0) source = advanced.put('set_', before.slice(...plan.basic), plan.picks, source, false);
    const after = apply(assigned, [before, source], plan.basic);
    if (after.node) this.attach(after.node, after.outputIndex);
    return this;
  }

  /** A copy in which every `step`-th position of `dim` from `start` to `end` is replaced by `src`. */
  sliceScatter(
    this: Tensor<D>,
    src: Tensor,
    options: {
      readonly dim?: number;
      readonly start?: number | null;
      readonly end?: number | null;
      readonly step?: number;
    } = {},
  ): Tensor<D> {
    const {
      dim = 0,
      start = null,
      end = null,
      step = 1,
    } = optionsOf('sliceScatter', options, ['dim', 'start', 'end', 'step']);
    const d = wrapDim('sliceScatter', dim, this.ndim);
    const part = [...new Array<[]>(d).fill([]), [start, end, step] as const];
    const wanted = this.layout.slice(part).shape;
    checkReplacement('sliceScatter', this, src, wanted);
    return apply(replaced, [this, src], part) as Tensor<D>;
  }

  /** A copy in which position `index` of `dim` is replaced by `src`. */
  selectScatter(this: Tensor<D>, src: Tensor, dim: number, index: number): Tensor<D> {
    const d = wrapDim('selectScatter', dim, this.ndim);
    const part = [...new Array<[]>(d).fill([]), index];
    checkReplacement('selectScatter', this, src, this.layout.slice(part).shape);
    return apply(replaced, [this, src], part) as Tensor<D>;
  }

  /** The positions of `dim` that a one-dimensional index names, in its order. Negative positions are not allowed. */
  indexSelect(this: Tensor<D>, dim: number, index: Tensor): Tensor<D> {
    checkTensor('indexSelect', 'index', index);
    return apply(ops.indexSelect, [this, index], wrapDim('indexSelect', dim, this.ndim)) as Tensor<D>;
  }

  /** A copy with `alpha * source` added at the positions of `dim` that an index names; repeated positions add up. */
  indexAdd(
    this: Tensor,
    dim: number,
    index: Tensor,
    source: Tensor,
    options: { readonly alpha?: number } = {},
  ): Tensor {
    const { alpha = 1 } = optionsOf('indexAdd', options, ['alpha']);
    checkTensor('indexAdd', 'index', index);
    checkTensor('indexAdd', 'source', source);
    checkNumber('indexAdd', 'alpha', alpha);
    const scaled = alpha === 1 ? source : source.mul(alpha);
    return apply(ops.indexAdd, [this, index, scaled], wrapDim('indexAdd', dim, this.ndim));
  }

  /** A copy with the positions of `dim` that an index names replaced by `source`; of repeated positions the last stays. */
  indexCopy(this: Tensor<D>, dim: number, index: Tensor, source: Tensor): Tensor<D> {
    checkTensor('indexCopy', 'index', index);
    checkTensor('indexCopy', 'source', source);
    return apply(ops.indexCopy, [this, index, source], wrapDim('indexCopy', dim, this.ndim)) as Tensor<D>;
  }

  /** A copy with the positions of `dim` that an index names set to one value, a number or a tensor of one element. */
  indexFill(this: Tensor<D>, dim: number, index: Tensor, value: TensorLike): Tensor<D> {
    checkTensor('indexFill', 'index', index);
    return apply(ops.indexFill, [this, index, operand(this, value, 'indexFill')], {
      dim: wrapDim('indexFill', dim, this.ndim),
    }) as Tensor<D>;
  }

  /** `out[i][j] = this[index[i][j]][j]` for `dim` 0, and likewise for other dims: one element per entry of `index`. */
  gather(this: Tensor<D>, dim: number, index: Tensor): Tensor<D> {
    checkTensor('gather', 'index', index);
    return apply(ops.gather, [this, index], wrapDim('gather', dim, this.ndim)) as Tensor<D>;
  }

  /** `gather` after broadcasting the other dims; without `dim` both tensors are flattened. */
  takeAlongDim(this: Tensor<D>, indices: Tensor, dim?: number | null): Tensor<D> {
    checkTensor('takeAlongDim', 'indices', indices);
    if (dim === undefined || dim === null) return this.flatten().gather(0, indices.flatten());
    const d = wrapDim('takeAlongDim', dim, this.ndim);
    if (indices.ndim !== this.ndim)
      throw new ShapeError(
        `takeAlongDim: indices of shape ${shown(indices.shape)} for a tensor of shape ${shown(this.shape)}: ranks differ.`,
      );
    if (this.ndim === 0) return this.gather(0, indices);
    const shape = commonShape('takeAlongDim', this.shape.with(d, 1), indices.shape.with(d, 1));
    return this.broadcastTo(shape.with(d, this.shape[d]!)).gather(
      d,
      indices.broadcastTo(shape.with(d, indices.shape[d]!)),
    );
  }

  /** The elements at row-major positions, in the shape of `index`; negative positions count from the end. */
  take(this: Tensor<D>, index: Tensor): Tensor<D> {
    checkTensor('take', 'index', index);
    const flat = this.reshape([this.numel]);
    return index.ndim === 0 ? flat.index(index.reshape([1])).reshape([]) : flat.index(index);
  }

  /**
   * A copy with elements of `src` (or one value) written along `dim` to the places `index` names: the reverse of `gather`.
   * Of several entries for one place the last stays; `reduce` `'add'` or `'multiply'` folds them instead.
   */
  scatter(
    this: Tensor<D>,
    dim: number,
    index: Tensor,
    src: TensorLike,
    options: { readonly reduce?: 'add' | 'multiply' } = {},
  ): Tensor<D> {
    const { reduce } = optionsOf('scatter', options, ['reduce']);
    checkTensor('scatter', 'index', index);
    const d = wrapDim('scatter', dim, this.ndim);
    if (reduce !== undefined && reduce !== 'add' && reduce !== 'multiply')
      throw new ArgumentError(
        `scatter: reduce is 'add' or 'multiply', got ${described(reduce)}. See also scatterReduce().`,
      );
    if (reduce !== undefined) {
      const given = operand(this, src, 'take');
      const source = given.weak === null ? given : given.to(this.dtype).broadcastTo(index.shape);
      return this.scatterReduce(d, index, source, reduce === 'add' ? 'sum' : 'prod') as Tensor<D>;
    }
    if (typeof src === 'number' || typeof src === 'boolean')
      return apply(ops.scatterValue, [this, index], { dim: d, value: Number(src) }) as Tensor<D>;
    return apply(ops.scatter, [this, index, operand(this, src, 'take')], d) as Tensor<D>;
  }

  /** A copy with elements of `src` added along `dim` to the places `index` names. */
  scatterAdd(this: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
    checkTensor('scatterAdd', 'index', index);
    checkTensor('scatterAdd', 'src', src);
    return apply(ops.scatterAdd, [this, index, src], wrapDim('scatterAdd', dim, this.ndim));
  }

  /** `scatterAdd` with another fold; without `includeSelf` the elements at places that are written to do not count. */
  scatterReduce(
    this: Tensor,
    dim: number,
    index: Tensor,
    src: Tensor,
    reduce: ops.ScatterReduction,
    options: { readonly includeSelf?: boolean } = {},
  ): Tensor {
    const { includeSelf = true } = optionsOf('scatterReduce', options, ['includeSelf']);
    checkTensor('scatterReduce', 'index', index);
    checkTensor('scatterReduce', 'src', src);
    checkChoice('scatterReduce', 'reduce', reduce, ['sum', 'prod', 'mean', 'amax', 'amin']);
    ops.checkSameDType('scatterReduce', this, src);
    const [x, source] = isHalf(this.dtype) ? [this.to('float32'), src.to('float32')] : [this, src];
    return apply(ops.scatterReduce, [x, index, source], {
      dim: wrapDim('scatterReduce', dim, this.ndim),
      reduce,
      includeSelf,
    });
  }

  /** The elements where a mask (broadcast) is true, as one dim. */
  maskedSelect(this: Tensor<D>, mask: Tensor): Tensor<D> {
    checkMask('maskedSelect', mask);
    const shape = commonShape('maskedSelect', this.shape, mask.shape);
    const places = this.wrap(ops.nonzeroPositions({ storage: mask.storage, layout: mask.layout.broadcastTo(shape) }));
    return this.broadcastTo(shape).flatten().indexSelect(0, places);
  }

  /** A copy whose elements where a mask (broadcast) is true are replaced by those of `source` in order. */
  maskedScatter(this: Tensor<D>, mask: Tensor, source: Tensor): Tensor<D> {
    checkMask('maskedScatter', mask);
    checkTensor('maskedScatter', 'source', source);
    if (source.dtype !== this.dtype)
      throw new DTypeError(
        `maskedScatter: source is ${source.dtype} but the tensor ${this.dtype}. Convert it with to('${this.dtype}').`,
      );
    const shape = commonShape('maskedScatter', this.shape, mask.shape);
    const places = this.wrap(ops.nonzeroPositions({ storage: mask.storage, layout: mask.layout.broadcastTo(shape) }));
    if (places.numel > source.numel)
      throw new ShapeError(
        `maskedScatter: the mask has ${places.numel} places but the source only ${source.numel} elements.`,
      );
    const flat = this.broadcastTo(shape).flatten();
    return flat.indexCopy(0, places, source.flatten().narrow(0, 0, places.numel)).reshape(shape);
  }

  /** Coordinates of the elements that are not zero: int32 of shape `[count, rank]`, in row-major order. */
  nonzero(this: Tensor): Tensor<'int32'> {
    const places = ops.nonzeroPositions(this);
    const out = alloc([places.layout.numel, this.ndim], 'int32');
    if (this.ndim > 0) kernels.unravel(places, this.shape, out);
    return this.wrap(out);
  }

  /** A last dim of `numClasses` with a 1 at the place each element names, as int32; -1 takes the largest element plus one. */
  oneHot(this: Tensor, numClasses = -1): Tensor<'int32'> {
    if (!Number.isInteger(numClasses) || numClasses === 0 || numClasses < -1)
      throw new ArgumentError(`oneHot: numClasses must be positive, or -1 to find it, got ${described(numClasses)}.`);
    if (numClasses === -1 && this.numel === 0)
      throw new ArgumentError('oneHot: an empty tensor does not tell how many classes there are.');
    const classes = numClasses === -1 ? this.amax().item() + 1 : numClasses;
    ops.checkIndex('oneHot', this, classes, this.ndim);
    const shape = [...this.shape, classes];
    checkFits('oneHot', shape, Int32Array.BYTES_PER_ELEMENT);
    const zeros = this.wrap(alloc(shape, 'int32'));
    return zeros.scatter(-1, this.reshape([...this.shape, 1]), 1);
  }

  /**
   * Every element (or position of `dim`) repeated: the same number of times, or as often as a one-dimensional tensor says
   * for each. Without `dim` the flattened tensor. A copy.
   */
  repeatInterleave(
    this: Tensor<D>,
    repeats: number | Tensor,
    options: { readonly dim?: number; readonly outputSize?: number } = {},
  ): Tensor<D> {
    const { dim, outputSize } = optionsOf('repeatInterleave', options, ['dim', 'outputSize']);
    if (typeof repeats !== 'number') checkTensor('repeatInterleave', 'repeats', repeats);
    if (dim === undefined) return this.flatten().repeatInterleave(repeats, { dim: 0, outputSize });
    if (this.ndim === 0) return this.reshape([1]).repeatInterleave(repeats, { dim, outputSize });
    const d = wrapDim('repeatInterleave', dim, this.ndim);
    const size = this.shape[d]!;
    const times = typeof repeats === 'number' ? [repeats] : ([repeats.flatten().toArray()].flat() as number[]);
    if (typeof repeats === 'object' && repeats.ndim > 1)
      throw new ShapeError(`repeatInterleave: repeats have one dim, got shape ${shown(repeats.shape)}.`);
    if (times.length !== 1 && times.length !== size)
      throw new ShapeError(`repeatInterleave: ${times.length} repeats for dim ${d} of size ${size}.`);
    if (times.some((count) => !Number.isInteger(count) || count < 0))
      throw new ArgumentError('repeatInterleave: repeats must be non-negative integers.');
    const timesOf = (i: number): number => (times.length === 1 ? times[0]! : times[i]!);
    let total = 0;
    for (let i = 0; i < size; i++) total += timesOf(i);
    // Before anything of that size is made.
    const shape = checkShape('repeatInterleave', this.shape.with(d, total));
    checkFits('repeatInterleave', shape, dtypes[this.dtype].bytes);
    checkFits('repeatInterleave', [total], Int32Array.BYTES_PER_ELEMENT);
    if (outputSize !== undefined && outputSize !== total)
      throw new ShapeError(`repeatInterleave: outputSize is ${described(outputSize)}, but there are ${total} results.`);
    const places = new Int32Array(total);
    for (let i = 0, at = 0; i < size; i++) places.fill(i, at, (at += timesOf(i)));
    return this.indexSelect(d, line(this, places));
  }

  /**
   * A border around the last dims: `[before, after]` of the last dim, then of the one before it, and so on; negative
   * numbers crop. Modes: `constant` (with `value`), `reflect` (mirrored without the edge), `replicate`, `circular`.
   *
   * @throws ShapeError where a mirrored border is larger than the tensor
   */
  pad(this: Tensor<D>, pad: readonly number[], options: PadOptions = {}): Tensor<D> {
    const { mode = 'constant', value = 0 } = optionsOf('pad', options, ['mode', 'value']);
    checkChoice('pad', 'mode', mode, ['constant', 'reflect', 'replicate', 'circular']);
    checkNumber('pad', 'value', value);
    const around = margins(pad, this.ndim);
    if (mode === 'constant') return apply(padConstant, [this], { margins: around, value }) as Tensor<D>;
    const maps = around.map((margin, d) =>
      margin[0] === 0 && margin[1] === 0 ? null : mirrored(mode, this.shape[d]!, margin, d),
    );
    const padded = maps.reduce<Tensor<D>>((x, map, d) => (map ? x.indexSelect(d, line(x, map)) : x), this);
    return padded === this ? this.clone() : padded;
  }
}

/** A one-dimensional index. */
const line = (x: Tensor, places: Int32Array): Tensor =>
  x.wrap({ storage: new Storage('int32', places.length, places), layout: new Layout([places.length]) });

const isMaskOf = (x: Tensor, item: unknown): item is Tensor =>
  isTensor(item) && item.dtype === 'bool' && sameShape(item.shape, x.shape);

function checkMask(operation: string, mask: Tensor): void {
  checkTensor(operation, 'mask', mask);
  if (mask.dtype !== 'bool')
    throw new DTypeError(
      `${operation}: a mask is a bool tensor, got ${mask.dtype}. Compare, or convert with to('bool').`,
    );
}

function checkReplacement(operation: string, x: Tensor, src: Tensor, wanted: readonly number[]): void {
  checkTensor(operation, 'src', src);
  if (!sameShape(src.shape, wanted))
    throw new ShapeError(`${operation}: src has shape ${shown(src.shape)}, wanted ${shown(wanted)}.`);
  if (src.dtype !== x.dtype)
    throw new DTypeError(
      `${operation}: src is ${src.dtype} but the tensor ${x.dtype}. Convert it with to('${x.dtype}').`,
    );
}

/** In-place writes are recorded on the tensor they are called on: a recorded view would leave its base with a wrong gradient. */
function checkHistory(x: Tensor): void {
  let { node } = x;
  while (node?.op.name === 'assigned') node = node.edges[0]?.node ?? null;
  const partial = x.node === null && x.numel !== x.storage.length;
  if (partial || node?.inputs.some((input) => input.storage === x.storage))
    throw new AutogradError(
      'set_: this tensor is a view, and its base would not see the gradient. Call set_ on the base with a longer index, or on a clone().',
    );
}
