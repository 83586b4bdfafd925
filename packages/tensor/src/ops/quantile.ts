import { checkChoice } from '../arguments.js';
import { ArgumentError, ShapeError, shown } from '../errors.js';
import type { Tensor } from '../tensor.js';
import { checkFloat } from './accumulate.js';
import { sizeOf } from './sort.js';

/** What a quantile between two elements is. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

const roundEven = (x: number): number => {
  const low = Math.floor(x);
  return x - low > 0.5 || (x - low === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

/** The elements around a rank, and the weight of the upper one. */
const between: Record<Interpolation, (rank: number) => readonly [low: number, high: number, weight: number]> = {
  linear: (rank) => [Math.floor(rank), Math.ceil(rank), rank - Math.floor(rank)],
  midpoint: (rank) => [Math.floor(rank), Math.ceil(rank), 0.5],
  lower: (rank) => [Math.floor(rank), Math.floor(rank), 0],
  higher: (rank) => [Math.ceil(rank), Math.ceil(rank), 0],
  nearest: (rank) => [roundEven(rank), roundEven(rank), 0],
};

/** `a + weight * (b - a)` from the nearer end, as `torch.lerp`. */
function mix(a: Tensor, b: Tensor, weight: number): Tensor {
  const step = b.sub(a);
  return weight < 0.5 ? a.add(step.mul(weight)) : b.sub(step.mul(1 - weight));
}

/** One quantile for each q, along `dim`, which goes; NaN for lines that have a NaN. */
export function quantiles(x: Tensor, qs: readonly number[], dim: number, interpolation: Interpolation): Tensor[] {
  checkFloat('quantile', x.dtype);
  checkChoice('quantile', 'interpolation', interpolation, Object.keys(between));
  const size = sizeOf(x, dim);
  if (size === 0) throw new ShapeError(`quantile: dim ${dim} of shape ${shown(x.shape)} is empty.`);
  for (const q of qs)
    if (!(q >= 0 && q <= 1)) throw new ArgumentError(`quantile: q must lie between 0 and 1, got ${q}.`);
  // PyTorch computes ranks in the dtype of the input.
  const round = x.dtype === 'float64' ? (rank: number): number => rank : Math.fround;
  const { values } = (x.ndim === 0 ? x.reshape([1]) : x).sort(dim);
  const last = values.select(dim, size - 1);
  return qs.map((q) => {
    const [low, high, weight] = between[interpolation](round(round(q) * (size - 1)));
    const below = values.select(dim, low);
    const value = low === high ? below : mix(below, values.select(dim, high), weight);
    return value.where(last.eq(last), last);
  });
}
