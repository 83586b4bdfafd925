import { checkBoolean, checkNumber, checkOptionalTensor, optionsOf } from '../arguments.js';
import { isGradEnabled, type Node } from '../autograd.js';
import { backward, type BackwardOptions } from '../backward.js';
import { isFloat, isHalf, type ArrayOf, type DType } from '../dtype.js';
import { ArgumentError, AutogradError, DTypeError, ShapeError, shown } from '../errors.js';
import { kernels } from '../kernels/active.js';
import type { Layout } from '../layout.js';
import { sameShape, type Shape } from '../shape.js';
import { alloc, empty, type Storage, type View } from '../storage.js';
import type { Tensor } from '../tensor.js';

/** Nested arrays of numbers, as deep as the tensor's rank. */
export type NestedArray = number | readonly NestedArray[];

/** What a tensor is, before any operation: a storage, a layout, and its place in the autograd graph. */
export abstract class TensorCore<D extends DType = DType> implements View<D> {
  // Fields are only declared here and set by the constructor: engines define fields slowly where there are many subclasses.
  /** Where the elements are; views share it. */
  declare readonly storage: Storage<D>;
  /** How to walk them. */
  declare readonly layout: Layout;
  /**
   * The gradient, read without lending it to anybody.
   *
   * @internal
   */
  declare gradient: Tensor | null;
  /**
   * The recorded operation this tensor comes from; null for a leaf.
   *
   * @internal
   */
  declare node: Node | null;
  /**
   * Which output of `node` this is.
   *
   * @internal
   */
  declare outputIndex: number;
  /**
   * For a plain JavaScript number in an operation: the dtype it promotes as, weaker than any tensor of its kind.
   *
   * @internal
   */
  declare weak: DType | null;
  declare private wanted: boolean;

  constructor(storage: Storage<D>, layout: Layout) {
    this.storage = storage;
    this.layout = layout;
    this.gradient = null;
    this.node = null;
    this.outputIndex = 0;
    this.weak = null;
    this.wanted = false;
  }

  /**
   * A plain tensor over a view; how operations make their results.
   *
   * @internal
   */
  abstract wrap<E extends DType>(view: View<E>): Tensor<E>;

  /**
   * Called before an operation that only moves elements, with the operation: a subclass may give the result by moving what stands
   * behind its elements; null where it does not.
   *
   * @internal
   */
  movedBehind(_move: (x: Tensor) => View | readonly View[]): Tensor | null {
    return null;
  }

  /**
   * Called with the result of an operation that only moved elements; a subclass may return one of its kind.
   *
   * @internal
   */
  carry(result: Tensor): Tensor {
    return result;
  }

  /** Sizes, outermost first. */
  get shape(): Shape {
    return this.layout.shape;
  }

  /** Steps in elements from one position of a dim to the next. */
  get strides(): readonly number[] {
    return this.layout.strides;
  }

  /** Element type. */
  get dtype(): D {
    return this.storage.dtype;
  }

  /** Number of dims. */
  get ndim(): number {
    return this.layout.shape.length;
  }

  /** Number of elements. */
  get numel(): number {
    return this.layout.numel;
  }

  /** True where the elements lie in order without gaps. */
  get isContiguous(): boolean {
    return this.layout.isContiguous;
  }

  /** Gradient accumulated by `backward()`, or null. */
  get grad(): Tensor | null {
    // Whoever asks for it may keep it.
    this.gradient?.storage.hide(false);
    return this.gradient;
  }

  /** Takes a gradient of this tensor's shape and dtype, or null for none. Throws ShapeError or DTypeError for another. */
  set grad(grad: Tensor | null) {
    checkOptionalTensor('grad', 'a gradient', grad);
    if (grad && !sameShape(grad.shape, this.shape))
      throw new ShapeError(
        `grad: a tensor of shape ${shown(this.shape)} has no gradient of shape ${shown(grad.shape)}.`,
      );
    if (grad && grad.dtype !== this.dtype)
      throw new DTypeError(
        `grad: the gradient of ${this.dtype} is ${this.dtype}, got ${grad.dtype}. Convert it with to().`,
      );
    this.gradient = grad ?? null;
  }

  /**
   * Sets the gradient to null. One that nobody has asked for gives its memory back at once.
   *
   * @internal
   */
  dropGradient(): void {
    this.gradient?.storage.retire();
    this.gradient = null;
  }

  /** True where this tensor was not computed from others that require a gradient. */
  get isLeaf(): boolean {
    return this.node === null;
  }

  /** Whether `backward()` reaches this tensor. May be set on leaves of a floating dtype. */
  get requiresGrad(): boolean {
    return this.wanted || this.node !== null;
  }

  /** Throws AutogradError for a tensor that was computed from others, DTypeError for one that is not floating. */
  set requiresGrad(value: boolean) {
    checkBoolean('requiresGrad', 'the value', value);
    if (this.node !== null) {
      if (value) return;
      throw new AutogradError('requiresGrad: only a leaf can stop requiring a gradient. Use detach().');
    }
    if (value && !isFloat(this.dtype))
      throw new DTypeError(`requiresGrad: only floating tensors have gradients, this one is ${this.dtype}.`);
    this.wanted = value;
  }

  /**
   * Places this tensor in the autograd graph; `apply` calls it.
   *
   * @internal
   */
  attach(node: Node, index: number): void {
    this.node = node;
    this.outputIndex = index;
  }

  /** Keeps the gradient of a tensor that is not a leaf in `grad`, as `retain_grad`. */
  retainGrad(this: Tensor): void {
    if (!this.requiresGrad) throw new AutogradError('retainGrad: this tensor does not require a gradient.');
    this.node?.retained.set(this.outputIndex, this);
  }

  /**
   * Computes the gradients of all leaves this tensor was computed from and adds them to their `grad`.
   *
   * @param grad gradient of the result with respect to this tensor, of its shape; may be left out for a single element
   * @throws AutogradError if nothing was recorded, the graph was released, or a saved tensor was changed in place
   */
  backward(this: Tensor, grad?: Tensor, options: BackwardOptions = {}): void {
    checkOptionalTensor('backward', 'the gradient', grad);
    backward(this, grad, optionsOf('backward', options, ['retainGraph', 'createGraph']));
  }

  /** The same elements outside the autograd graph. */
  detach(): Tensor<D> {
    return this.wrap<D>(this);
  }

  /** The elements in row-major order: live where they lie in order already, else a copy. Half precision dtypes give their bits. */
  get data(): ArrayOf<D> {
    const { storage, layout } = this.layout.isContiguous ? this : this.packed();
    const array = storage.expose();
    const { offset, numel } = layout;
    return numel === array.length ? array : (array.subarray(offset, offset + numel) as ArrayOf<D>);
  }

  /** A contiguous view: this one, or a copy. */
  private packed(): View<D> {
    const out = empty(this.shape, this.dtype);
    kernels.copy(this, out);
    return out;
  }

  /** The elements as numbers in row-major order, to be read at once; half precision dtypes are decoded. */
  private numbers(): ArrayLike<number> {
    let view: View = this;
    if (isHalf(this.dtype)) kernels.copy(this, (view = empty(this.shape, 'float32')));
    else if (!this.isContiguous) view = this.packed();
    const { array, base } = view.storage;
    const start = base + view.layout.offset;
    return array.subarray(start, start + view.layout.numel);
  }

  /** The single element as a number (0 or 1 for bool). Throws ShapeError unless there is exactly one. */
  item(): number {
    if (this.numel !== 1) throw new ShapeError(`item: wants a tensor of one element, got shape ${shown(this.shape)}.`);
    const { array, base } = this.storage;
    return isHalf(this.dtype) ? this.numbers()[0]! : array[base + this.layout.offset]!;
  }

  /**
   * What `loss < best` and `total + loss` read: the element of a tensor of one. Throws ShapeError where a number is wanted of more.
   */
  [Symbol.toPrimitive](hint: 'number' | 'string' | 'default'): number | string {
    if (hint !== 'string' && this.numel === 1) return this.item();
    if (hint === 'number')
      throw new ShapeError(
        `a tensor of shape ${shown(this.shape)} is no number. Compare elements with lt(), gt() or eq(), or reduce it first.`,
      );
    return this.toString();
  }

  /** Nested arrays of numbers; a number for a 0-d tensor. */
  toArray(): NestedArray {
    const numbers = this.numbers();
    let next = 0;
    const build = (dim: number): NestedArray =>
      dim === this.ndim ? numbers[next++]! : Array.from({ length: this.shape[dim]! }, () => build(dim + 1));
    return build(0);
  }

  /** What `JSON.stringify` writes: `toArray()`. JSON has no NaN and no infinities: they become null. */
  toJSON(): NestedArray {
    return this.toArray();
  }

  /** A tensor of one value with this shape and dtype, contiguous and outside the graph. */
  fullLike(value: number): Tensor<D> {
    checkNumber('fullLike', 'value', value);
    const out = alloc(this.shape, this.dtype);
    if (value !== 0) kernels.fill(value, out);
    return this.wrap(out);
  }

  /** Zeros of this shape and dtype. */
  zerosLike(): Tensor<D> {
    return this.fullLike(0);
  }

  /** Ones of this shape and dtype. */
  onesLike(): Tensor<D> {
    return this.fullLike(1);
  }

  /**
   * Throws unless the tensor may be written to in place now; then counts the write. Operations that end in `_` call it.
   *
   * @internal
   */
  beginWrite(operation: string): void {
    if (this.requiresGrad && isGradEnabled())
      throw new AutogradError(
        `${operation}: this tensor requires a gradient. Update it inside noGrad(), or use the operation that returns a new tensor.`,
      );
    if (this.layout.strides.some((stride, d) => stride === 0 && this.shape[d]! > 1))
      throw new ArgumentError(
        `${operation}: several elements of an expanded tensor share one place. Write to a clone().`,
      );
    this.storage.beginWrite();
  }
}
