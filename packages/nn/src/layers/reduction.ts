import type { Dims, ReduceOptions, Tensor } from '@q/tensor';
import { normalize, type NormalizeOptions } from '../functional/distance.js';
import { operation } from './operation.js';

/** Mean over dims; over everything where none are given. */
export class Mean extends operation((x: Tensor, dim?: Dims, options?: ReduceOptions) => x.mean(dim, options)) {}

/** Sum over dims; over everything where none are given. */
export class Sum extends operation((x: Tensor, dim?: Dims, options?: ReduceOptions) => x.sum(dim, options)) {}

/** Product over dims; over everything where none are given. */
export class Prod extends operation((x: Tensor, dim?: Dims, options?: ReduceOptions) => x.prod(dim, options)) {}

/** Largest elements over dims. */
export class AMax extends operation((x: Tensor, dim?: Dims, options?: ReduceOptions) => x.amax(dim, options)) {}

/** Smallest elements over dims. */
export class AMin extends operation((x: Tensor, dim?: Dims, options?: ReduceOptions) => x.amin(dim, options)) {}

/** The largest element, or `{ values, indices }` along a dim. */
export class Max extends operation((x: Tensor, dim?: number | null, options?: ReduceOptions) =>
  dim === undefined || dim === null ? x.max() : x.max(dim, options),
) {}

/** The smallest element, or `{ values, indices }` along a dim. */
export class Min extends operation((x: Tensor, dim?: number | null, options?: ReduceOptions) =>
  dim === undefined || dim === null ? x.min() : x.min(dim, options),
) {}

/** Index of the largest element. */
export class Argmax extends operation((x: Tensor, dim?: number | null, options?: ReduceOptions) =>
  x.argmax(dim, options),
) {}

/** Index of the smallest element. */
export class Argmin extends operation((x: Tensor, dim?: number | null, options?: ReduceOptions) =>
  x.argmin(dim, options),
) {}

/** Norm, see `Tensor.norm`. */
export class Norm extends operation((x: Tensor, options?: Parameters<Tensor['norm']>[0]) => x.norm(options)) {}

/** Vectors scaled to norm 1, see `functional.normalize`. */
export class Normalize extends operation((x: Tensor, options?: NormalizeOptions) => normalize(x, options)) {}

/** Running sum along a dim. */
export class CumSum extends operation((x: Tensor, dim: number) => x.cumsum(dim)) {}

/** The largest elements and their indices, see `Tensor.topk`. */
export class TopK extends operation((x: Tensor, k: number, options?: Parameters<Tensor['topk']>[1]) =>
  x.topk(k, options),
) {}
