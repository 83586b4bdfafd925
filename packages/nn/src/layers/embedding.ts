import { ArgumentError, described, noGrad, ShapeError, shown, Tensor, zeros } from '@q/tensor';
import { checkBoolean, checkOptions, checkTensor, optionsOf, sameShape } from '@q/tensor/internal';
import {
  embedding,
  embeddingBag,
  wrapPadding,
  type BagMode,
  type EmbeddingBagOptions,
  type EmbeddingOptions,
} from '../functional/embedding.js';
import { normal } from '../init.js';
import { Module } from '../module.js';
import { Parameter } from '../parameter.js';
import { fields } from '../repr.js';
import { checkSizes } from '../sizes.js';

/** Options of `fromPretrained`, apart from those of the table. */
export interface PretrainedOptions {
  /** Whether the rows stay as they are in training. Default: true. */
  readonly freeze?: boolean;
}

/** The rows of a table that were learned elsewhere. */
function pretrained(name: string, rows: Tensor, { freeze = true }: PretrainedOptions) {
  checkTensor(name, 'the rows', rows);
  checkBoolean(name, 'freeze', freeze);
  if (rows.ndim !== 2)
    throw new ShapeError(`${name}: wants rows as [numEmbeddings, embeddingDim], got ${shown(rows.shape)}.`);
  const [numEmbeddings, embeddingDim] = rows.shape as readonly [number, number];
  return { numEmbeddings, embeddingDim, weight: new Parameter(rows, { requiresGrad: !freeze }) };
}

/** What `Embedding` and `EmbeddingBag` share: a table of rows. */
abstract class Table extends Module {
  /** Number of rows. */
  numEmbeddings: number;
  /** Length of a row. */
  embeddingDim: number;
  /** The row that is not trained, or null. */
  paddingIdx: number | null;
  /** Norm to which longer rows are scaled when they are looked up, or null. */
  maxNorm: number | null;
  /** Which norm `maxNorm` means. */
  normType: number;
  /** Whether a row's gradient is divided by how often it was looked up. */
  scaleGradByFreq: boolean;
  /** The rows, `[numEmbeddings, embeddingDim]`. */
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions, weight: Parameter | null) {
    super();
    checkOptions(this.constructor.name, options);
    const { scaleGradByFreq = false } = options;
    checkSizes(this.constructor.name, { numEmbeddings, embeddingDim });
    checkBoolean(this.constructor.name, 'scaleGradByFreq', scaleGradByFreq);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = wrapPadding(this.constructor.name, options.paddingIdx, numEmbeddings);
    this.maxNorm = options.maxNorm ?? null;
    this.normType = options.normType ?? 2;
    this.scaleGradByFreq = scaleGradByFreq;
    if (weight !== null && !(weight instanceof Parameter))
      throw new ArgumentError(
        `${this.constructor.name}: its weight must be a Parameter or null, got ${described(weight)}. Rows in a tensor: ${this.constructor.name}.fromPretrained(rows).`,
      );
    if (weight && !sameShape(weight.shape, [numEmbeddings, embeddingDim]))
      throw new ShapeError(
        `${this.constructor.name}: wants a weight of [${numEmbeddings}, ${embeddingDim}], got ${shown(weight.shape)}.`,
      );
    this.weight = weight ?? new Parameter(zeros([numEmbeddings, embeddingDim]));
    if (!weight) this.resetParameters();
  }

  /** Draws new rows from the standard normal distribution; the padding row is 0. */
  resetParameters(): void {
    normal(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.detach().narrow(0, paddingIdx, 1).fill_(0));
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    const rest = fields({
      ...(paddingIdx !== null && { padding_idx: paddingIdx }),
      ...(maxNorm !== null && { max_norm: maxNorm }),
      ...(normType !== 2 && { norm_type: normType }),
      ...(scaleGradByFreq && { scale_grad_by_freq: true }),
    });
    return [numEmbeddings, embeddingDim, ...(rest === '' ? [] : [rest])].join(', ');
  }
}

/**
 * A table of learned rows: integers `[...]` to `[..., embeddingDim]`.
 *
 * `weight` is `[numEmbeddings, embeddingDim]`, drawn from the standard normal distribution.
 *
 * @example
 * new Embedding(1000, 64, { paddingIdx: 0 }).forward(tensor([[5, 7, 0]], { dtype: 'int32' })); // [1, 3, 64]
 */
export class Embedding extends Table {
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: EmbeddingOptions = {},
    weight: Parameter | null = null,
  ) {
    super(numEmbeddings, embeddingDim, options, weight);
  }

  /**
   * A table of given rows, `[numEmbeddings, embeddingDim]`, whose storage it shares.
   *
   * @throws ShapeError unless there are two dims
   */
  static fromPretrained(rows: Tensor, options: EmbeddingOptions & PretrainedOptions = {}): Embedding {
    const { numEmbeddings, embeddingDim, weight } = pretrained(
      'Embedding.fromPretrained',
      rows,
      optionsOf('Embedding.fromPretrained', options, [
        'paddingIdx',
        'maxNorm',
        'normType',
        'scaleGradByFreq',
        'freeze',
      ]),
    );
    return new Embedding(numEmbeddings, embeddingDim, options, weight);
  }

  forward(index: Tensor): Tensor {
    return embedding(index, this.weight, this);
  }
}

/** Options of the forward of `EmbeddingBag`. */
export interface BagOptions {
  /** Factor of every row looked up, in the shape of the indices; only with mode 'sum'. */
  readonly perSampleWeights?: Tensor | null;
}

/**
 * Sum, mean or maximum of bags of rows: indices `[bags, size]`, or `[n]` with the `offsets` of the bags, to
 * `[bags, embeddingDim]`.
 */
export class EmbeddingBag extends Table {
  /** What becomes of the rows of a bag. */
  mode: BagMode;
  /** Whether the last offset is the end of the last bag. */
  includeLastOffset: boolean;

  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: Omit<EmbeddingBagOptions, 'perSampleWeights'> = {},
    weight: Parameter | null = null,
  ) {
    super(numEmbeddings, embeddingDim, options, weight);
    const { mode = 'mean', includeLastOffset = false } = options;
    checkBoolean(this.constructor.name, 'includeLastOffset', includeLastOffset);
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
  }

  /**
   * A table of given rows, `[numEmbeddings, embeddingDim]`, whose storage it shares.
   *
   * @throws ShapeError unless there are two dims
   */
  static fromPretrained(
    rows: Tensor,
    options: Omit<EmbeddingBagOptions, 'perSampleWeights'> & PretrainedOptions = {},
  ): EmbeddingBag {
    const { numEmbeddings, embeddingDim, weight } = pretrained(
      'EmbeddingBag.fromPretrained',
      rows,
      optionsOf('EmbeddingBag.fromPretrained', options, [
        'mode',
        'includeLastOffset',
        'paddingIdx',
        'maxNorm',
        'normType',
        'scaleGradByFreq',
        'freeze',
      ]),
    );
    return new EmbeddingBag(numEmbeddings, embeddingDim, options, weight);
  }

  /** The bags that are the rows of `index`, `[bags, size]`. */
  forward(index: Tensor, options?: BagOptions): Tensor;
  /** The bags of `index`, `[n]`, that begin at `offsets`. */
  forward(index: Tensor, offsets: Tensor | null, options?: BagOptions): Tensor;
  forward(index: Tensor, second?: Tensor | BagOptions | null, third?: BagOptions): Tensor {
    const offsets = second instanceof Tensor ? second : null;
    const options = third ?? (offsets ? {} : ((second as BagOptions | null | undefined) ?? {}));
    const { perSampleWeights } = optionsOf('EmbeddingBag', options, ['perSampleWeights']);
    return embeddingBag(index, this.weight, offsets, { ...this.lookup(), perSampleWeights: perSampleWeights ?? null });
  }

  /** Options of the lookup. */
  protected lookup(): EmbeddingBagOptions {
    const { mode, includeLastOffset, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return { mode, includeLastOffset, paddingIdx, maxNorm, normType, scaleGradByFreq };
  }

  /** What stands between the parentheses when the module is printed. */
  override extraRepr(): string {
    return `${super.extraRepr()}, mode=${this.mode}`;
  }
}
