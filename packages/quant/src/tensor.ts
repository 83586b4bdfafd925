import {
  DTypeError,
  dtypes,
  isFloat,
  isGradEnabled,
  isInt,
  noGrad,
  Tensor,
  type ArrayOf,
  type DType,
  type View,
} from '@q/tensor';
import { checkTensor, Layout } from '@q/tensor/internal';
import { checkFloating, checkInstance, type FloatDType } from './arguments.js';
import { AffineEncoding } from './encodings/affine.js';
import { GridValues, type GridDType } from './encodings/grid-values.js';
import { EncodingError } from './errors.js';
import { checkSpread } from './spread.js';

/** Numbers from which a kernel makes them faster than a loop, its start and a copy included. */
const KERNEL_NUMBERS = 4096;

/** A place for the elements, and the integers behind them where these are known. */
interface Stored {
  readonly values: Tensor<FloatDType>;
  readonly grid: GridValues | null;
}

/**
 * A floating tensor that knows how its numbers are represented in few bits. Operations read it as the floats it shows and
 * give plain tensors; those that only move elements keep the class, and the encoding where it is per tensor. Writing to it
 * in place, or to anything that shares its storage, drops the encoding.
 */
export abstract class EncodedTensor extends Tensor<FloatDType> {
  /** The encoding of the elements it was made with. */
  declare private given: AffineEncoding | null;
  /**
   * The integers, where they are known.
   *
   * @internal
   */
  declare protected grid: GridValues | null;

  /** The version of its storage for which the encoding holds. */
  declare private made: number;

  /** @internal */
  protected constructor({ values, grid }: Stored, encoding: AffineEncoding | null) {
    super(values.storage, values.layout);
    this.given = encoding;
    this.grid = grid;
    this.made = this.storage.version;
    if (values.node !== null) this.attach(values.node, values.outputIndex);
  }

  /** How the numbers are represented; null once an operation, or a write through whatever view, has made it meaningless. */
  get encoding(): AffineEncoding | null {
    return this.isIntact ? this.given : null;
  }

  /** Whether its elements are those it was made with: nothing was written to its storage since, nor to its integers. */
  private get isIntact(): boolean {
    return this.storage.version === this.made && (this.grid?.isIntact ?? true);
  }

  /** The grid positions, as a tensor of the same shape whose floats are the integers themselves. Itself where it is one. */
  abstract quantize(): QuantizedTensor;

  /** The numbers the grid positions stand for. Itself where it is them. */
  abstract dequantize(): DequantizedTensor;

  /**
   * The grid positions as integers of `encoding.dtype`, outside the autograd graph; a copy.
   *
   * @throws EncodingError without an encoding, and for positions that no integer dtype holds
   */
  quantizedRepr(): Tensor<GridDType> {
    return this.integers().clone();
  }

  /**
   * What `quantizedRepr` copies; it may share memory with this tensor.
   *
   * @internal
   */
  abstract integers(): Tensor<GridDType>;

  /**
   * A tensor of this class over other elements.
   *
   * @internal
   */
  protected abstract like(stored: Stored, encoding: AffineEncoding | null): EncodedTensor;

  /** @internal */
  override carry(result: Tensor): Tensor {
    const keeps = this.encoding?.granularity === 'pertensor';
    const grid = keeps && result.storage === this.storage ? this.grid : null;
    // What only moves elements keeps their dtype.
    return this.like({ values: result as Tensor<FloatDType>, grid }, keeps ? this.encoding : null);
  }

  override detach(): Tensor<FloatDType> {
    return this.like({ values: super.detach(), grid: this.grid }, this.encoding?.detach() ?? null);
  }

  override clone(): Tensor<FloatDType> {
    const copy = super.clone();
    if (copy instanceof EncodedTensor) copy.given = this.encoding;
    return copy;
  }

  /** The elements and the encoding in another floating dtype. Throws DTypeError for any other: see `quantizedRepr()`. */
  override to<E extends DType>(dtype: E): Tensor<E> {
    const cast = super.to(dtype);
    if (cast.storage === this.storage) return cast;
    if (!isFloat(dtype))
      throw new DTypeError(
        `to: a ${this.constructor.name} holds floats and cannot become ${dtype}. Use quantizedRepr() for its integers, or detach it from its encoding with add(0).`,
      );
    const values = cast as Tensor as Tensor<FloatDType>;
    return this.like({ values, grid: null }, this.encoding) as Tensor as Tensor<E>;
  }

  /** Which elements are not zero, as a plain tensor. */
  override bool(): Tensor<'bool'> {
    return this.plain().to('bool');
  }

  /** The elements as plain bytes, which truncate and wrap. For the grid positions see `quantizedRepr()`. */
  override byte(): Tensor<'uint8'> {
    return this.plain().to('uint8');
  }

  /** @internal */
  override beginWrite(operation: string): void {
    super.beginWrite(operation);
    this.given = null;
    this.grid = null;
  }

  /** The integers behind the elements in their order, or null where they are not known. */
  protected known(): Tensor<GridDType> | null {
    return this.grid?.standsFor(this.storage) ? this.grid.tensor(this.layout) : null;
  }

  /** The encoding. Throws EncodingError where there is none. */
  protected needed(operation: string): AffineEncoding {
    const { encoding } = this;
    if (encoding === null)
      throw new EncodingError(
        `${operation}: this ${this.constructor.name} has no encoding any more: it or a view of it was written to, or its dims no longer match a per-channel encoding. ${operation} before that.`,
      );
    return encoding;
  }

  /** Whether a computation from this tensor and an encoding has to be recorded. */
  protected recorded({ scale, offset }: AffineEncoding): boolean {
    return isGradEnabled() && (this.requiresGrad || scale.requiresGrad || offset.requiresGrad);
  }

  /** The same elements as a plain tensor outside the graph. */
  protected plain(): Tensor {
    return new Tensor(this.storage, this.layout);
  }
}

/** A tensor in the graph that is no leaf, so that what is made of it can take its place. */
const grown = (values: Tensor<FloatDType>): Tensor<FloatDType> =>
  values.isLeaf && values.requiresGrad && isGradEnabled() ? values.clone() : values;

/** Integers that fill a storage, in order or (`anyOrder`) not. */
function packed(integers: Tensor<GridDType>, anyOrder: boolean): Tensor<GridDType> {
  const { storage, layout, isContiguous } = integers;
  return storage.length === layout.numel && (anyOrder || isContiguous) ? integers : integers.clone();
}

/** Floats over integers of the encoding's dtype. */
function overIntegers(integers: Tensor<GridDType>): Stored {
  const { storage, layout } = packed(integers, true);
  const { grid, floats } = GridValues.ofIntegers(storage);
  return { values: new Tensor(floats, layout), grid };
}

/** Numbers as they are. */
function numbers(values: Tensor): Stored {
  checkFloating('DequantizedTensor', 'values', values);
  return { values: grown(values), grid: null };
}

/** Where the elements of a new tensor are. Throws ArgumentError for values or an encoding that are none. */
function placed(
  name: string,
  values: Tensor | Stored,
  encoding: AffineEncoding | null,
  store: (values: Tensor) => Stored,
): Stored {
  if (encoding !== null) checkInstance(name, 'encoding', encoding, AffineEncoding);
  if (values instanceof Tensor) return store(values);
  checkTensor(name, 'values', (values as Stored | null | undefined)?.values);
  return values;
}

/** Whether a dtype holds all of some integers. */
function holds(dtype: GridDType, integers: Tensor): boolean {
  const [wanted, given] = [dtypes[dtype], dtypes[integers.dtype]];
  if (given.min >= wanted.min && given.max <= wanted.max) return true;
  return integers.numel === 0 || (integers.amin().item() >= wanted.min && integers.amax().item() <= wanted.max);
}

/** Grid positions stored as integers where that saves memory and nothing is recorded; those beyond the grid's dtype as floats. */
function stored(values: Tensor, encoding: AffineEncoding | null): Stored {
  if (isInt(values.dtype)) {
    const dtype = encoding?.dtype ?? 'int32';
    if (values.dtype === dtype) return overIntegers(values as Tensor<GridDType>);
    return holds(dtype, values) ? overIntegers(values.to(dtype)) : { values: values.to('float32'), grid: null };
  }
  checkFloating('QuantizedTensor', 'values', values);
  const source = grown(values);
  const compact =
    encoding !== null &&
    encoding.dtype !== 'int32' &&
    source.dtype === 'float32' &&
    source.isContiguous &&
    !source.requiresGrad;
  const made = compact ? GridValues.compacted(source, encoding.dtype) : null;
  return made === null
    ? { values: source, grid: null }
    : { values: new Tensor(made.floats, new Layout(source.shape)), grid: made.grid };
}

/** Positions on the grid of an encoding. They are stored as integers; operations see them as floats, NaN and -0 included. */
export class QuantizedTensor extends EncodedTensor {
  /**
   * @param values grid positions, floating or integer
   * @param encoding what they stand for
   */
  constructor(values: Tensor, encoding: AffineEncoding | null);
  /** @internal */
  constructor(values: Stored, encoding: AffineEncoding | null);
  constructor(values: Tensor | Stored, encoding: AffineEncoding | null) {
    super(
      placed('QuantizedTensor', values, encoding, (given) => stored(given, encoding)),
      encoding,
    );
  }

  override quantize(): QuantizedTensor {
    return this;
  }

  override dequantize(): DequantizedTensor {
    const encoding = this.needed('dequantize');
    const integers = this.recorded(encoding) ? null : this.known();
    if (integers === null) return new DequantizedTensor(encoding.dequantize(this), encoding);
    if (encoding.blockSize === null) checkSpread('dequantize', encoding.scale.shape, this.shape);
    return DequantizedTensor.ofIntegers(integers, encoding.detach());
  }

  override integers(): Tensor<GridDType> {
    const { dtype, qmin, qmax } = this.needed('quantizedRepr');
    const known = this.known();
    if (known !== null) return known;
    const positions = this.plain();
    const { min, max } = dtypes[dtype];
    if ((qmin < min || qmax > max) && !holds(dtype, positions))
      throw new EncodingError(
        `quantizedRepr: ${dtype}, the widest dtype of integers, does not hold all positions on a grid from ${qmin} to ${qmax}. Read them as floats: quantize().data.`,
      );
    return positions.to(dtype);
  }

  protected override like(stored: Stored, encoding: AffineEncoding | null): QuantizedTensor {
    return new QuantizedTensor(stored, encoding);
  }
}

/** The numbers that the positions on a grid stand for. */
export class DequantizedTensor extends EncodedTensor {
  /**
   * @param values numbers that lie on the grid of the encoding
   * @param encoding the grid
   * @throws DTypeError for numbers that are not floating
   */
  constructor(values: Tensor, encoding: AffineEncoding | null);
  /** @internal */
  constructor(values: Stored, encoding: AffineEncoding | null);
  constructor(values: Tensor | Stored, encoding: AffineEncoding | null) {
    super(placed('DequantizedTensor', values, encoding, numbers), encoding);
  }

  /** @internal Integers of the encoding's dtype as the numbers they stand for, which are made when first asked for. */
  static ofIntegers(integers: Tensor<GridDType>, encoding: AffineEncoding): DequantizedTensor {
    const source = packed(integers, encoding.scale.numel === 1);
    const { grid, floats } = GridValues.dequantized(source, encoding);
    return new DequantizedTensor({ values: new Tensor(floats, source.layout), grid }, encoding);
  }

  override quantize(): QuantizedTensor {
    const encoding = this.needed('quantize');
    if (this.recorded(encoding)) return new QuantizedTensor(encoding.quantize(this), encoding);
    return new QuantizedTensor(this.known() ?? encoding.quantize(this.plain()), encoding.detach());
  }

  override dequantize(): DequantizedTensor {
    return this;
  }

  /** The numbers in row-major order, see `Tensor.data`. */
  override get data(): ArrayOf<FloatDType> {
    this.makeNumbers();
    return super.data;
  }

  /** Makes many numbers by a kernel, where they are asked for outside of one. */
  private makeNumbers(): void {
    const { storage, grid } = this;
    if (!storage.isPending || storage.length < KERNEL_NUMBERS || !grid?.standsFor(storage)) return;
    const numbers = grid.numbers();
    if (numbers !== null) storage.fillWith(numbers.data);
  }

  /** @internal What copies elements copies the integers; views stay views of the floats, which may be written to. */
  override movedBehind(move: (x: Tensor) => View | readonly View[]): Tensor | null {
    const { encoding } = this;
    if (encoding?.granularity !== 'pertensor') return null;
    const integers = this.known();
    if (integers === null) return null;
    const result = move(integers);
    if (!('storage' in result) || result.storage === integers.storage) return null;
    return DequantizedTensor.ofIntegers(integers.wrap(result as View<GridDType>), encoding);
  }

  override integers(): Tensor<GridDType> {
    return this.known() ?? noGrad(() => this.quantize()).integers();
  }

  protected override like(stored: Stored, encoding: AffineEncoding | null): DequantizedTensor {
    return new DequantizedTensor(stored, encoding);
  }
}
