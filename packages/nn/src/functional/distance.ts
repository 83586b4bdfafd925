import { defineOp, ShapeError, shown, tensor, type Tensor } from '@q/tensor';
import { checkBoolean, checkTensor, checkTensors, optionsOf } from '@q/tensor/internal';

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
  const { p = 2, dim = 1, eps = 1e-12 } = optionsOf('normalize', options, ['p', 'dim', 'eps']);
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
  const { dim = 1, eps = 1e-8 } = optionsOf('cosineSimilarity', options, ['dim', 'eps']);
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
  const { p = 2, eps = 1e-6, keepdim = false } = optionsOf('pairwiseDistance', options, ['p', 'eps', 'keepdim']);
  checkTensors('pairwiseDistance', { x1, x2 });
  checkBoolean('pairwiseDistance', 'keepdim', keepdim);
  return x1.sub(x2).add(eps).norm({ p, dim: -1, keepdim });
};

/** Options of `cdist` and `pdist`. */
export interface DistanceOptions {
  /** Which norm. Default: 2. */
  readonly p?: number;
}

/** Rows from which on one matrix product gives Euclidean distances, as PyTorch's 'use_mm_for_euclid_dist_if_necessary'. */
const MANY = 26;

/** Part of the squared lengths of two rows below which their difference is no longer told from rounding. */
const CLOSE = 1e-3;

/** Rows around a common middle, which leaves distances as they are and rounding small. */
function centred(x1: Tensor, x2: Tensor): [x1: Tensor, x2: Tensor] {
  const mean = x1.mean(-2, { keepdim: true });
  // An infinite entry concerns the distances of its own row only.
  const middle = mean.maskedFill(mean.isfinite().logicalNot(), 0);
  return [x1.sub(middle), x2.sub(middle)];
}

/** The distances of pairs of rows that stand at `places` of the result `[..., P, R]`, from their differences. */
function differences(x1: Tensor, x2: Tensor, places: Tensor, [rows, columns]: readonly [number, number]): Tensor {
  const picked = (x: Tensor, row: (place: number) => number): Tensor =>
    x.reshape([-1, x.shape.at(-1)!]).indexSelect(0, tensor(Int32Array.from(places.data, row)));
  const first = picked(x1, (at) => Math.floor(at / columns));
  const second = picked(x2, (at) => Math.floor(at / (rows * columns)) * columns + (at % columns));
  return first.sub(second).norm({ dim: -1 });
}

/** `|a - b|` as `sqrt(|a|^2 + |b|^2 - 2 a b)`: nothing of the size `[P, R, M]` is made. */
const euclidean = defineOp<readonly [Tensor, Tensor]>({
  name: 'cdist',
  transient: true,
  forward: ([x1, x2]) => {
    const [a, b] = centred(x1, x2);
    const lengths = a.square().sum(-1, { keepdim: true }).add(b.square().sum(-1).unsqueeze(-2));
    const squares = lengths.sub(a.matmul(b.transpose(-2, -1)).mul(2));
    const distances = squares.clamp({ min: 0 }).sqrt();
    const places = squares.ge(lengths.mul(CLOSE)).logicalNot().reshape([-1]).nonzero().reshape([-1]);
    if (places.numel === 0) return distances;
    const [rows, columns] = distances.shape.slice(-2) as [number, number];
    const outer = distances.shape.slice(0, -2);
    const whole = (x: Tensor): Tensor => x.expand([...outer, ...x.shape.slice(-2)]);
    const exact = differences(whole(a), whole(b), places, [rows, columns]);
    return distances.reshape([-1]).indexCopy(0, places, exact).reshape(distances.shape);
  },
  backward: (grad, [x1, x2], distances) => {
    const [a, b] = centred(x1, x2);
    // Equal rows have no direction: their gradient is 0, as that of the norm.
    const pull = grad.div(distances).maskedFill(distances.eq(0), 0);
    const of = (x: Tensor, other: Tensor, pulls: Tensor): Tensor =>
      x.mul(pulls.sum(-1, { keepdim: true })).sub(pulls.matmul(other));
    return [of(a, b, pull).sumTo(x1.shape), of(b, a, pull.transpose(-2, -1)).sumTo(x2.shape)];
  },
});

/** Distances of all rows of `x1` `[..., P, M]` to all rows of `x2` `[..., R, M]`: `[..., P, R]`. */
export function cdist(x1: Tensor, x2: Tensor, options: DistanceOptions = {}): Tensor {
  const { p = 2 } = optionsOf('cdist', options, ['p']);
  checkTensors('cdist', { x1, x2 });
  if (x1.ndim < 2 || x2.ndim < 2 || x1.shape.at(-1) !== x2.shape.at(-1))
    throw new ShapeError(`cdist: wants [..., P, M] and [..., R, M], got ${shown(x1.shape)} and ${shown(x2.shape)}.`);
  const many = Math.max(x1.shape.at(-2)!, x2.shape.at(-2)!) >= MANY && x1.numel > 0 && x2.numel > 0;
  // Half floats would leave too little of the difference of squares.
  const wide = [x1, x2].every(({ dtype }) => dtype === x1.dtype && (dtype === 'float32' || dtype === 'float64'));
  if (p === 2 && many && wide) return euclidean(x1, x2);
  return x1.unsqueeze(-2).sub(x2.unsqueeze(-3)).norm({ p, dim: -1 });
}

/** Distances of all pairs of rows of `x` `[N, M]`, each pair once: `[N (N - 1) / 2]`. */
export function pdist(x: Tensor, options: DistanceOptions = {}): Tensor {
  const { p = 2 } = optionsOf('pdist', options, ['p']);
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
