import { ShapeError, shown, tensor, type Tensor } from '@q/tensor';
import { checkTensor, checkTensors, optionsOf } from '@q/tensor/internal';

/** Options of `normalize`. */
export interface NormalizeOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
  /** Dim of the vectors. Default: 1. */
  readonly dim?: number;
  /** Smallest divisor. Default: 1e-12. */
  readonly eps?: number;
}

/** `x / max(norm(x), eps)` along a dim. */
export const normalize = (x: Tensor, options: NormalizeOptions = {}): Tensor => {
  const { p = 2, dim = 1, eps = 1e-12 } = optionsOf('normalize', options);
  checkTensor('normalize', 'x', x);
  return x.div(x.norm({ p, dim, keepdim: true }).clamp({ min: eps }));
};

/** Options of `cosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** Dim of the vectors. Default: 1. */
  readonly dim?: number;
  /** Smallest norm divided by. Default: 1e-8. */
  readonly eps?: number;
}

/** Cosine of the angle between vectors along a dim; operands broadcast. */
export function cosineSimilarity(x1: Tensor, x2: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  const { dim = 1, eps = 1e-8 } = optionsOf('cosineSimilarity', options);
  checkTensors('cosineSimilarity', { x1, x2 });
  // The common rank first, so that `dim` means the same in both.
  const rank = Math.max(x1.ndim, x2.ndim);
  const aligned = (x: Tensor): Tensor =>
    x.ndim === rank ? x : x.reshape([...new Array<number>(rank - x.ndim).fill(1), ...x.shape]);
  const unit = (x: Tensor): Tensor => x.div(x.norm({ p: 2, dim, keepdim: true }).clamp({ min: eps }));
  return unit(aligned(x1))
    .mul(unit(aligned(x2)))
    .sum(dim);
}

/** Options of `pairwiseDistance`. */
export interface PairwiseDistanceOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
  /** Added to every difference. Default: 1e-6. */
  readonly eps?: number;
  /** Whether the last dim stays, with size 1. Default: false. */
  readonly keepdim?: boolean;
}

/** Norm of `x1 - x2 + eps` along the last dim. */
export const pairwiseDistance = (x1: Tensor, x2: Tensor, options: PairwiseDistanceOptions = {}): Tensor => {
  const { p = 2, eps = 1e-6, keepdim = false } = optionsOf('pairwiseDistance', options);
  checkTensors('pairwiseDistance', { x1, x2 });
  return x1.sub(x2).add(eps).norm({ p, dim: -1, keepdim });
};

/** Options of `cdist` and `pdist`. */
export interface DistanceOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
}

/** Distances of all rows of `x1` `[..., P, M]` to all rows of `x2` `[..., R, M]`: `[..., P, R]`. */
export function cdist(x1: Tensor, x2: Tensor, options: DistanceOptions = {}): Tensor {
  const { p = 2 } = optionsOf('cdist', options);
  checkTensors('cdist', { x1, x2 });
  if (x1.ndim < 2 || x2.ndim < 2 || x1.shape.at(-1) !== x2.shape.at(-1))
    throw new ShapeError(`cdist: wants [..., P, M] and [..., R, M], got ${shown(x1.shape)} and ${shown(x2.shape)}.`);
  return x1.unsqueeze(-2).sub(x2.unsqueeze(-3)).norm({ p, dim: -1 });
}

/** Distances of all pairs of rows of `x` `[N, M]`, each pair once: `[N (N - 1) / 2]`. */
export function pdist(x: Tensor, options: DistanceOptions = {}): Tensor {
  const { p = 2 } = optionsOf('pdist', options);
  checkTensor('pdist', 'x', x);
  if (x.ndim !== 2) throw new ShapeError(`pdist: wants [N, M], got shape ${shown(x.shape)}.`);
  const first: number[] = [];
  const second: number[] = [];
  for (let i = 0; i < x.shape[0]!; i++)
    for (let j = i + 1; j < x.shape[0]!; j++) {
      first.push(i);
      second.push(j);
    }
  const rows = (index: readonly number[]): Tensor =>
    x.indexSelect(0, tensor(index, { dtype: 'int32', shape: [index.length] }));
  return rows(first).sub(rows(second)).norm({ p, dim: -1 });
}
