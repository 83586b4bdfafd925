import { checkTensor, optionsOf } from '../arguments.js';
import { apply } from '../autograd.js';
import * as ops from '../ops/histogram.js';
import type { Tensor } from '../tensor.js';
import type { MinAndMax } from '../tensor/extrema.js';
import { operand } from '../tensor/operand.js';
import type { Dims, ReduceOptions } from '../tensor/reduce.js';

/** Options of `histograms`. */
export interface HistogramsOptions {
  /** Counts elements outside a range, infinities too, in its outer bins; without it they are left out. */
  readonly clip?: boolean;
}

/**
 * Histograms of the lines of a tensor (its last dim), each over a range of its own: counts in `bins` equal bins from `min` to
 * `max`, both included, in the dtype of x. As `histc` it divides before it multiplies, in the precision of x, where that has
 * a number for the width of the range; where min and max are equal, what equals them counts in the first bin. NaN is left out.
 *
 * @param x floating `[..., n]`
 * @param min lower ends, and @param max upper ends of the ranges: numbers, or tensors that broadcast to `[...]`
 * @returns `[..., bins]`
 * @throws ArgumentError for bins < 1, for ranges that are not finite and for max < min; DTypeError for integers; ShapeError
 *   where min and max do not fit the lines
 * @example
 * histograms(tensor([[0, 1, 2], [0, 10, 20]]), 2, 0, tensor([2, 20])); // [[1, 2], [1, 2]]
 */
export function histograms(
  x: Tensor,
  bins: number,
  min: Tensor | number,
  max: Tensor | number,
  options: HistogramsOptions = {},
): Tensor {
  checkTensor('histograms', 'x', x);
  const { clip = false } = optionsOf('histograms', options, ['clip']);
  return apply(ops.histograms, [x, operand(x, min, 'histograms'), operand(x, max, 'histograms')], { bins, clip });
}

/** The smallest and the largest element of all of `x`, or along `dim`; NaN wins. The function of `Tensor.aminmax`. */
export function aminmax(x: Tensor, options: ReduceOptions & { readonly dim?: Dims } = {}): MinAndMax {
  checkTensor('aminmax', 'x', x);
  return x.aminmax(options);
}

/** Counts in `bins` equal bins from `min` to `max`. The function of `Tensor.histc`. */
export function histc(x: Tensor, bins = 100, options: { readonly min?: number; readonly max?: number } = {}): Tensor {
  checkTensor('histc', 'x', x);
  return x.histc(bins, options);
}
