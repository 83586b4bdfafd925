import { Parameter } from '@q/nn';
import { described, full, noGrad, ShapeError, shown, tensor, Tensor, type Shape } from '@q/tensor';
import { checkBoolean, checkTensor, optionsOf, sameShape } from '@q/tensor/internal';
import { EncodingAnalyzer, type EncodingRange } from '../analyzers/analyzer.js';
import { MinMaxEncodingAnalyzer } from '../analyzers/min-max.js';
import { checkKnownOptions, sizesOf } from '../arguments.js';
import { elementsOf } from '../elements.js';
import { AffineEncoding } from '../encodings/affine.js';
import { QuantizationError } from '../errors.js';
import {
  bitwidthOf,
  checkBitwidth,
  gridOf,
  gridOfBits,
  gridOfEnds,
  isSigned,
  shifted,
  type Grid,
  type GridByBits,
  type GridByEnds,
} from '../grid.js';
import { checkBlockSize, checkSpread, type BlockSize } from '../spread.js';
import type { EncodedTensor } from '../tensor.js';
import { warn } from '../warnings.js';
import { checkedLegacy, legacyOf, type LegacyRange } from './legacy.js';
import { affineParameters } from './parameters.js';
import { QuantizerBase, type LegacyEncoding, type LegacyOptions } from './quantizer.js';
import { checkRanges, spreadEnd } from './ranges.js';

/** What an affine quantizer is besides its grid. */
export interface AffineQuantizerSettings {
  /** Shape of scale and offset: [] per tensor, [channels, 1, ...] per channel, one entry per block with `blockSize`. */
  readonly shape: Shape | number;
  /** Whether the range lies around zero, with offset 0. */
  readonly symmetric: boolean;
  /** Elements per scale along each of its dims; -1 shares a dim out evenly. */
  readonly blockSize?: BlockSize | null;
  /** Finds the range while the quantizer is calibrated; `MinMaxEncodingAnalyzer` where left out. */
  readonly encodingAnalyzer?: EncodingAnalyzer | null;
}

/** The grid of a quantizer: `bitwidth`, signed where it is symmetric, or the ends `qmin` and `qmax`. */
export type QuantizerGrid = Omit<GridByBits, 'signed' | 'numSteps'> | Omit<GridByEnds, 'signed' | 'numSteps'>;

/** Options of an affine quantizer: its grid, and everything else. */
export type AffineQuantizerOptions = AffineQuantizerSettings & QuantizerGrid;

/** The names of the options every affine quantizer takes. */
export const affineOptions = [
  'shape',
  'symmetric',
  'bitwidth',
  'qmin',
  'qmax',
  'blockSize',
  'encodingAnalyzer',
] as const;

/** What a parameter was when its quantizer was made: as long as it is that, there is no range yet. */
interface Initial {
  readonly parameter: Parameter;
  /** Null until it is next looked at: after a state was loaded. */
  version: number | null;
}

type End = 'min' | 'max';

/** What the affine quantizers share: a grid, a trainable range, and scale and offset computed from both. */
export abstract class AffineQuantizerBase extends QuantizerBase {
  /** Shape of scale and offset. */
  readonly shape: Shape;
  /** Elements per scale along each of its dims, for a block-wise quantizer. */
  readonly blockSize: BlockSize | null;
  /** Lower end of the range, trainable. Assigning a new parameter counts as setting it. */
  min: Parameter;
  /** Upper end of the range, trainable. Assigning a new parameter counts as setting it. */
  max: Parameter;
  #grid: Grid;
  #symmetric: boolean;
  #analyzer: EncodingAnalyzer;
  #initial: Record<End, Initial | null>;

  /**
   * @throws QuantizationError for options that contradict each other or miss something; ShapeError for a block size or an
   * analyzer that does not fit the shape
   */
  constructor(options: AffineQuantizerOptions) {
    super();
    const name = this.constructor.name;
    if (typeof options !== 'object' || options === null)
      throw new QuantizationError(
        `${name}: wants an options object { shape, bitwidth, symmetric }, got ${described(options)}.`,
      );
    const { symmetric, blockSize = null } = options;
    if (typeof symmetric !== 'boolean')
      throw new QuantizationError(`${name}: symmetric must be true or false, got ${described(symmetric)}.`);
    this.shape = sizesOf(name, options.shape);
    checkBlockSize(name, blockSize, this.shape);
    this.blockSize = blockSize === null ? null : [...blockSize];
    this.#grid = gridOf(name, options, symmetric);
    this.#symmetric = symmetric;
    const observed = this.observedShape();
    this.#analyzer = options.encodingAnalyzer ?? new MinMaxEncodingAnalyzer(observed);
    checkAnalyzer(name, this.#analyzer, observed);
    this.min = new Parameter(full(this.shape, -1, { dtype: 'float32' }));
    this.max = new Parameter(full(this.shape, 1, { dtype: 'float32' }));
    this.#initial = { min: { parameter: this.min, version: 0 }, max: { parameter: this.max, version: 0 } };
    this.#initial.min!.version = this.min.storage.version;
    this.#initial.max!.version = this.max.storage.version;
  }

  /** Throws for an option that the class does not have. */
  protected static check(name: string, options: unknown, known: readonly string[]): void {
    checkKnownOptions(name, options, known);
  }

  override get encodingAnalyzer(): EncodingAnalyzer {
    return this.#analyzer;
  }

  /** Whether the range lies around zero, with offset 0. */
  get symmetric(): boolean {
    return this.#symmetric;
  }

  /** Throws QuantizationError for anything but true and false. */
  set symmetric(symmetric: boolean) {
    if (typeof symmetric !== 'boolean')
      throw new QuantizationError(
        `${this.constructor.name}.symmetric: wants true or false, got ${described(symmetric)}.`,
      );
    this.#change(this.#grid, symmetric);
  }

  protected override get isSymmetric(): boolean {
    return this.#symmetric;
  }

  #change(grid: Grid, symmetric: boolean): void {
    this.checkGrid(grid, symmetric);
    this.#grid = grid;
    this.#symmetric = symmetric;
  }

  /** Throws QuantizationError for a grid that the quantizer cannot be given. */
  protected checkGrid(_grid: Grid, _symmetric: boolean): void {}

  /** The grid. */
  get grid(): Grid {
    return this.#grid;
  }

  /** Smallest integer of the grid. */
  get qmin(): number {
    return this.#grid.qmin;
  }

  /** Throws QuantizationError unless it is an integer below `qmax`. */
  set qmin(qmin: number) {
    this.#change(gridOfEnds(`${this.constructor.name}.qmin`, qmin, this.qmax), this.#symmetric);
  }

  /** Largest integer of the grid. */
  get qmax(): number {
    return this.#grid.qmax;
  }

  /** Throws QuantizationError unless it is an integer above `qmin`. */
  set qmax(qmax: number) {
    this.#change(gridOfEnds(`${this.constructor.name}.qmax`, this.qmin, qmax), this.#symmetric);
  }

  override get numSteps(): number {
    return this.qmax - this.qmin;
  }

  override get bitwidth(): number {
    return bitwidthOf(this.constructor.name, this.#grid);
  }

  /** Makes the grid of so many bits, signed as it was. Throws QuantizationError unless it is from 1 to 32. */
  override set bitwidth(bitwidth: number) {
    const name = this.constructor.name;
    checkBitwidth(`${name}.bitwidth`, bitwidth);
    bitwidthOf(name, this.#grid);
    this.#change(gridOfBits(`${name}.bitwidth`, bitwidth, isSigned(name, this.#grid)), this.#symmetric);
  }

  /** Whether the grid lies around zero. Throws QuantizationError for a grid that is neither `[-k - 1, k]` nor `[0, k]`. */
  get signed(): boolean {
    return isSigned(this.constructor.name, this.#grid);
  }

  /** Moves the grid around zero, or to begin at it. Throws QuantizationError for anything but true and false. */
  set signed(signed: boolean) {
    if (typeof signed !== 'boolean')
      throw new QuantizationError(`${this.constructor.name}.signed: wants true or false, got ${described(signed)}.`);
    this.#change(shifted(this.constructor.name, this.#grid, signed), this.#symmetric);
  }

  override isInitialized(): boolean {
    return this.#isSet('min') && this.#isSet('max');
  }

  #isSet(end: End): boolean {
    const initial = this.#initial[end];
    if (initial === null) return true;
    const parameter = this[end];
    if (initial.parameter !== parameter) {
      if (!isCastOf(parameter, initial.parameter)) return true;
      this.#initial[end] = { parameter, version: parameter.storage.version };
      return false;
    }
    initial.version ??= parameter.storage.version;
    return initial.version !== parameter.storage.version;
  }

  /** Step size; null before initialisation. */
  override getScale(): Tensor | null {
    return this.getEncoding()?.scale ?? null;
  }

  /** Position of zero; null before initialisation. */
  override getOffset(): Tensor | null {
    return this.getEncoding()?.offset ?? null;
  }

  override getEncoding(): AffineEncoding | null {
    return this.isInitialized() ? this.encodingOf(this.min, this.max) : null;
  }

  /** The encoding of a range. */
  protected encodingOf(min: Tensor, max: Tensor): AffineEncoding {
    const { qmin, qmax, symmetric, blockSize } = this;
    for (const [name, end] of Object.entries({ min, max })) {
      checkTensor(this.constructor.name, name, end);
      if (!sameShape(end.shape, this.shape))
        throw new ShapeError(
          `${this.constructor.name}: ${name} must have the quantizer's shape ${shown(this.shape)}, got ${shown(end.shape)}. Assign a parameter of that shape, or use setRange().`,
        );
    }
    const [scale, offset] = affineParameters(min.to('float32'), max.to('float32'), { qmin, qmax, symmetric });
    return new AffineEncoding(this.refined(scale), offset, { qmin, qmax, symmetry: symmetric, blockSize }, true);
  }

  /** The scale that is used for a computed one. */
  protected refined(scale: Tensor): Tensor {
    return scale;
  }

  /** Quantizes with an encoding. */
  protected abstract quantizeAs(x: Tensor, encoding: AffineEncoding): EncodedTensor;

  /** The encoding. Throws QuantizationError where there is none yet. */
  protected needed(): AffineEncoding {
    const encoding = this.getEncoding();
    if (encoding === null)
      throw new QuantizationError(
        `${this.constructor.name}: there is no encoding yet. Run it inside computeEncodings(), or set its range with setRange().`,
      );
    return encoding;
  }

  protected override quantizeWithin(x: Tensor, { min, max }: EncodingRange): Tensor {
    return this.quantizeAs(x, this.encodingOf(this.#spread('min', min), this.#spread('max', max)));
  }

  protected override inspect(range: EncodingRange, analyzer: EncodingAnalyzer): void {
    // The lower end of a symmetric range is below 0 whatever was observed.
    const observed = () => elementsOf(analyzer.computeEncodings(this.numSteps, false).min)[0];
    if (this.#symmetric && this.qmin >= 0 && observed().some((low: number) => low < 0))
      warn({
        code: 'clipped-negatives',
        message: `${this.constructor.name}: a symmetric range on the grid [${this.qmin}, ${this.qmax}] has no place for the negative values that were observed; they become ${this.qmin}. Set signed to true, or symmetric to false.`,
        source: this,
      });
    super.inspect(range, analyzer);
  }

  /** What was observed may hold NaN: the range is then NaN too, of which calibration warns. */
  protected override adopt({ min, max }: EncodingRange): void {
    this.#set(this.#spread('min', min), this.#spread('max', max));
  }

  /**
   * Sets the range, in the parameters there are: optimizers that hold them go on.
   *
   * @param min lower ends, and @param max upper ends: numbers or tensors that spread over the quantizer's shape
   * @throws QuantizationError unless all are finite in float32, and no upper end lies below its lower one
   */
  setRange(min: Tensor | number, max: Tensor | number): void {
    const [low, high] = [this.#spread('min', min), this.#spread('max', max)];
    const [lows, highs] = elementsOf(low, high);
    checkRanges(`${this.constructor.name}.setRange`, lows, highs);
    this.#set(low, high);
  }

  #spread(what: string, value: Tensor | number): Tensor {
    return spreadEnd(`${this.constructor.name}.setRange`, what, value, this.shape, this.blockSize !== null);
  }

  #set(min: Tensor, max: Tensor): void {
    noGrad(() => {
      this.min.copy_(min);
      this.max.copy_(max);
    });
    this.#initial = { min: null, max: null };
  }

  override getLegacyEncodings(): LegacyEncoding[] | null {
    const encoding = this.getEncoding();
    return encoding === null ? null : noGrad(() => legacyOf(this.constructor.name, encoding));
  }

  override checkLegacyEncodings(encodings: readonly LegacyEncoding[]): void {
    this.#legacy(encodings);
  }

  override setLegacyEncodings(encodings: readonly LegacyEncoding[], options: LegacyOptions = {}): void {
    const operation = `${this.constructor.name}.setLegacyEncodings`;
    const { exact = false } = optionsOf(operation, options, ['exact']);
    checkBoolean(operation, 'exact', exact);
    const { grid, symmetric, min, max } = this.#legacy(encodings, exact);
    this.#change(grid, symmetric);
    this.#set(min, max);
  }

  #legacy(encodings: readonly LegacyEncoding[], exact = false): LegacyRange {
    const range = checkedLegacy(this.constructor.name, encodings, this.shape, exact);
    this.checkGrid(range.grid, range.symmetric);
    return range;
  }

  /** Which ends of the range are set, as two numbers. */
  override getExtraState(): Tensor {
    return tensor([Number(this.#isSet('min')), Number(this.#isSet('max'))], { dtype: 'uint8' });
  }

  override setExtraState(state: Tensor | null): void {
    if (state === null) return;
    checkTensor(this.constructor.name, 'its extra state', state);
    if (state.numel !== 2)
      throw new QuantizationError(
        `${this.constructor.name}: its extra state must say of min and max whether they are set, got shape ${shown(state.shape)}.`,
      );
    const [min, max] = [...state.data];
    this.#initial = {
      min: min ? null : { parameter: this.min, version: null },
      max: max ? null : { parameter: this.max, version: null },
    };
  }

  override clone(): this {
    const copy = new (this.constructor as new (options: AffineQuantizerOptions) => this)(this.settings());
    // Not every grid is one that options can ask for.
    copy.#grid = this.#grid;
    noGrad(() => {
      copy.min.copy_(this.min.detach());
      copy.max.copy_(this.max.detach());
    });
    copy.min.requiresGrad = this.min.requiresGrad;
    copy.max.requiresGrad = this.max.requiresGrad;
    copy.setExtraState(this.getExtraState());
    copy.allowOverwrite(this.overwritable);
    copy.training = this.training;
    return copy;
  }

  /** The options that make a quantizer of the same settings. */
  protected settings(): AffineQuantizerOptions {
    const { shape, symmetric, qmin, qmax, blockSize } = this;
    return { shape, symmetric, qmin, qmax, blockSize, encodingAnalyzer: this.#analyzer.fresh() };
  }

  /** Shape the analyzer works with: blocks are dims of their own. */
  private observedShape(): number[] {
    return this.blockSize === null ? [...this.shape] : this.shape.flatMap((size) => [size, 1]);
  }

  protected override observed(x: Tensor): Tensor {
    if (this.blockSize === null) return x;
    const leading = x.ndim - this.shape.length;
    const blocks = this.shape.flatMap((count, d) => {
      const size = x.shape[leading + d] ?? NaN;
      const length = this.blockSize![d] === -1 ? size / count : this.blockSize![d]!;
      if (!Number.isInteger(length) || length * count !== size)
        throw new ShapeError(
          `${this.constructor.name}: a tensor of shape ${shown(x.shape)} is not made of blocks ${shown(this.blockSize!)} for an encoding of shape ${shown(this.shape)}.`,
        );
      return [count, length];
    });
    return x.detach().reshape([...x.shape.slice(0, leading), ...blocks]);
  }

  override extraRepr(): string {
    const sizes = this.shape.length === 1 ? `(${this.shape[0]},)` : `(${this.shape.join(', ')})`;
    const blocks =
      this.blockSize === null
        ? ''
        : `, block_size=(${this.blockSize.join(', ')}${this.blockSize.length === 1 ? ',' : ''})`;
    return `shape=${sizes}, qmin=${this.qmin}, qmax=${this.qmax}, symmetric=${this.symmetric ? 'True' : 'False'}${blocks}`;
  }
}

/** Whether `Module.to` made `next` from `before`: another dtype, the same values. */
const isCastOf = (next: Tensor, before: Tensor): boolean =>
  next instanceof Tensor &&
  next.dtype !== before.dtype &&
  sameShape(next.shape, before.shape) &&
  next.detach().sub(before.detach()).eq(0).all().item() === 1;

function checkAnalyzer(name: string, analyzer: unknown, observed: Shape): void {
  if (!(analyzer instanceof EncodingAnalyzer))
    throw new QuantizationError(`${name}: encodingAnalyzer must be an EncodingAnalyzer, got ${described(analyzer)}.`);
  checkSpread(name, analyzer.shape, observed, 'an encoding analyzer', 'ranges');
}
