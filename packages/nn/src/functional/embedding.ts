import {
  ArgumentError,
  defineOp,
  described,
  DTypeError,
  isFloat,
  isInt,
  noGrad,
  ShapeError,
  shown,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';
import { checkBoolean, checkChoice, checkOptionalTensor, checkTensors, optionsOf, sameShape } from '@q/tensor/internal';

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** Row that gets no gradient; a negative number counts from the end. Default: none. */
  readonly paddingIdx?: number | null;
  /** Rows longer than this are scaled down to it, in the weight itself, when they are looked up. Default: never. */
  readonly maxNorm?: number | null;
  /** Norm that `maxNorm` limits. Default: 2. */
  readonly normType?: number;
  /** Whether a row's gradient is divided by how often it was looked up. Default: false. */
  readonly scaleGradByFreq?: boolean;
}

interface LookupAttrs {
  readonly paddingIdx: number | null;
  readonly scaleGradByFreq: boolean;
}

const lookup = defineOp<readonly [Tensor, Tensor], LookupAttrs>({
  name: 'embedding',
  transient: true,
  saves: 'inputs',
  forward: ([weight, index]) =>
    weight.indexSelect(0, index.reshape([-1])).reshape([...index.shape, ...weight.shape.slice(1)]),
  backward: (grad, [weight, index], _output, { paddingIdx, scaleGradByFreq }) => {
    const flat = index.reshape([-1]);
    let rows = grad.reshape([flat.numel, ...weight.shape.slice(1)]);
    if (scaleGradByFreq) {
      const frequency = flat.bincount({ minlength: weight.shape[0]! }).indexSelect(0, flat).to(grad.dtype);
      rows = rows.div(frequency.reshape([-1, 1]));
    }
    if (paddingIdx !== null) rows = rows.maskedFill(flat.eq(paddingIdx).reshape([-1, 1]), 0);
    return [weight.zerosLike().indexAdd(0, flat, rows), null];
  },
});

function checkIndex(operation: string, index: Tensor, weight: Tensor): void {
  checkTensors(operation, { index, weight });
  if (!isInt(index.dtype)) throw new DTypeError(`${operation}: indices must be integers, got ${index.dtype}.`);
  if (weight.ndim !== 2 || !isFloat(weight.dtype))
    throw new ShapeError(
      `${operation}: the weight must be a floating [rows, columns], got ${weight.dtype} ${shown(weight.shape)}.`,
    );
}

/** `paddingIdx` counted from the front. Throws ArgumentError outside the rows. */
export function wrapPadding(operation: string, paddingIdx: number | null | undefined, rows: number): number | null {
  if (paddingIdx === null || paddingIdx === undefined) return null;
  if (!Number.isInteger(paddingIdx) || paddingIdx < -rows || paddingIdx >= rows)
    throw new ArgumentError(`${operation}: paddingIdx ${described(paddingIdx)} is outside the ${rows} rows.`);
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** Scales down the rows of `weight` that are looked up and too long, in place. */
function renormalize(weight: Tensor, index: Tensor, maxNorm: number, normType: number): void {
  noGrad(() => {
    const table = weight.detach();
    const rows = table.indexSelect(0, index);
    const norms = rows.norm({ p: normType, dim: 1, keepdim: true });
    const short = norms.le(maxNorm).data;
    const scaled = rows.mul(norms.add(1e-7).rdiv(maxNorm));
    // Row by row: a table is large, and few of its rows are too long.
    const places = new Map(Array.from(index.data, (row, i) => [row, i] as const));
    for (const [row, i] of places) if (!short[i]) table.select(0, row).copy_(scaled.select(0, i));
  });
}

/**
 * Rows of `weight` `[rows, columns]` by index: `[...]` integers to `[..., columns]`.
 *
 * @throws IndexError for an index outside the rows; DTypeError for indices that are not integers
 */
export function embedding(index: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  const {
    paddingIdx,
    maxNorm = null,
    normType = 2,
    scaleGradByFreq = false,
  } = optionsOf('embedding', options, ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq']);
  checkIndex('embedding', index, weight);
  checkBoolean('embedding', 'scaleGradByFreq', scaleGradByFreq);
  const padding = wrapPadding('embedding', paddingIdx, weight.shape[0]!);
  if (maxNorm !== null) renormalize(weight, index.reshape([-1]), maxNorm, normType);
  return lookup(weight, index, { paddingIdx: padding, scaleGradByFreq });
}

/** How `embeddingBag` reduces the rows of a bag. */
export type BagMode = 'sum' | 'mean' | 'max';

/** Options of `embeddingBag`. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Default: 'mean'. */
  readonly mode?: BagMode;
  /** Factor of every row looked up, in the shape of the indices; only with mode 'sum'. */
  readonly perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag instead of the start of one more. Default: false. */
  readonly includeLastOffset?: boolean;
}

/** The bag of every index, and how many bags there are. */
function bagsOf(index: Tensor, offsets: Tensor | null, includeLastOffset: boolean): { bags: number[]; count: number } {
  if (index.ndim === 2) {
    if (offsets !== null)
      throw new ArgumentError(
        'embeddingBag: a [bags, size] tensor of indices takes no offsets, its rows are the bags.',
      );
    const [count, size] = index.shape as [number, number];
    return { bags: Array.from({ length: count * size }, (_, i) => Math.floor(i / size)), count };
  }
  if (index.ndim !== 1 || offsets === null || offsets.ndim !== 1)
    throw new ShapeError(
      `embeddingBag: wants indices [bags, size], or indices [n] with offsets [bags]; got ${shown(index.shape)} and ${offsets ? shown(offsets.shape) : 'no offsets'}.`,
    );
  const starts = Array.from(offsets.data, Number);
  if (includeLastOffset && starts.length === 0)
    throw new ArgumentError('embeddingBag: with includeLastOffset there must be one offset at least.');
  const ends = [...starts.slice(1), ...(includeLastOffset ? [] : [index.numel])];
  const bags = new Array<number>(index.numel).fill(-1);
  ends.forEach((end, bag) => {
    const start = starts[bag]!;
    if ((bag === 0 && start !== 0) || !(start <= end) || end > index.numel)
      throw new ArgumentError(
        `embeddingBag: offsets must start at 0, not fall and stay within the ${index.numel} indices, got ${shown(starts)}.`,
      );
    bags.fill(bag, start, end);
  });
  return { bags, count: ends.length };
}

/**
 * Sum, mean or maximum over bags of embedding rows: indices `[bags, size]`, or `[n]` with the `offsets` `[bags]` at which
 * bags begin, to `[bags, columns]`. Empty bags give 0; indices equal to `paddingIdx` are left out.
 */
export function embeddingBag(
  index: Tensor,
  weight: Tensor,
  offsets: Tensor | null = null,
  options: EmbeddingBagOptions = {},
): Tensor {
  const {
    mode = 'mean',
    perSampleWeights = null,
    includeLastOffset = false,
    paddingIdx,
    ...lookupOptions
  } = optionsOf('embeddingBag', options, [
    'mode',
    'perSampleWeights',
    'includeLastOffset',
    'paddingIdx',
    'maxNorm',
    'normType',
    'scaleGradByFreq',
  ]);
  checkIndex('embeddingBag', index, weight);
  checkChoice('embeddingBag', 'mode', mode, ['sum', 'mean', 'max']);
  checkBoolean('embeddingBag', 'includeLastOffset', includeLastOffset);
  checkOptionalTensor('embeddingBag', 'offsets', offsets);
  checkOptionalTensor('embeddingBag', 'perSampleWeights', perSampleWeights);
  if (perSampleWeights !== null && (mode !== 'sum' || !sameShape(perSampleWeights.shape, index.shape)))
    throw new ArgumentError(
      `embeddingBag: perSampleWeights need mode 'sum' and the shape of the indices, got mode '${mode}' and ${shown(perSampleWeights.shape)} for ${shown(index.shape)}.`,
    );
  const padding = wrapPadding('embeddingBag', paddingIdx, weight.shape[0]!);
  const { bags, count } = bagsOf(index, offsets, includeLastOffset);
  const flat = index.reshape([-1]);
  const ids = flat.data;
  const places = bags.flatMap((bag, i) => (bag >= 0 && ids[i] !== padding ? [i] : []));
  const at = tensor(places, { dtype: 'int32', shape: [places.length] });
  const bagOf = tensor(
    places.map((i) => bags[i]!),
    { dtype: 'int32', shape: [places.length] },
  );
  const columns = weight.shape[1]!;
  let rows = embedding(flat.indexSelect(0, at), weight, lookupOptions);
  if (perSampleWeights) rows = rows.mul(perSampleWeights.reshape([-1]).indexSelect(0, at).unsqueeze(1));
  const empty = zeros([count, columns], { dtype: weight.dtype });
  if (mode === 'max')
    return empty.scatterReduce(0, bagOf.unsqueeze(1).expand([places.length, columns]), rows, 'amax', {
      includeSelf: false,
    });
  const sums = empty.indexAdd(0, bagOf, rows);
  if (mode === 'sum') return sums;
  const sizes = new Array<number>(count).fill(0);
  for (const i of places) sizes[bags[i]!]!++;
  return sums.div(
    tensor(
      sizes.map((size) => Math.max(size, 1)),
      { shape: [count, 1] },
    ).to(weight.dtype),
  );
}
