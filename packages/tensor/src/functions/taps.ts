import type { Taps } from '../kernels/contract/resample.js';
import { checkFits } from '../shape.js';

/** How the positions of one dim are mapped: from `size` to `count`, `step` input positions per output position. */
export interface Mapping {
  readonly size: number;
  readonly count: number;
  readonly alignCorners: boolean;
  /** Input positions per output position where the caller gave a scale factor; null: the sizes decide. */
  readonly step: number | null;
  /** Rounds to the precision of the computation: float32's for all but float64 tensors. */
  readonly round: (x: number) => number;
}

/** One weighted position. */
type Tap = readonly [index: number, weight: number];

/** The taps of `count` positions, at most `width` for each. */
function tapsOf(count: number, width: number, at: (o: number) => readonly Tap[]): Taps {
  checkFits('interpolate', [count, width], Float64Array.BYTES_PER_ELEMENT);
  const first = new Int32Array(count + 1);
  const indices = new Int32Array(count * width);
  const weights = new Float64Array(count * width);
  let next = 0;
  for (let o = 0; o < count; o++) {
    for (const [index, weight] of at(o)) {
      indices[next] = index;
      weights[next++] = weight;
    }
    first[o + 1] = next;
  }
  return { first, indices: indices.subarray(0, next), weights: weights.subarray(0, next) };
}

/** Input positions per output position. */
function stepOf({ size, count, alignCorners, step, round }: Mapping): number {
  if (alignCorners) return count > 1 ? round((size - 1) / (count - 1)) : 0;
  return round(step ?? size / count);
}

/** Where an output position lies in the input; pixel centres are aligned unless the corners are. */
function sourceOf(o: number, step: number, { alignCorners, round }: Mapping): number {
  return alignCorners ? round(step * o) : round(round(step * (o + 0.5)) - 0.5);
}

/** The nearest position below, or the one whose pixel covers the centre where `exact`. Always in float32, as in PyTorch. */
export function nearestTaps(mapping: Mapping, exact: boolean): Taps {
  const { size, count } = mapping;
  const step = Math.fround(mapping.step ?? size / count);
  const index = (o: number): number => {
    if (!exact && size === count) return o;
    if (!exact && count === 2 * size) return Math.floor(o / 2);
    return Math.min(Math.floor(Math.fround((exact ? o + 0.5 : o) * step)), size - 1);
  };
  return tapsOf(count, 1, (o) => [[index(o), 1]]);
}

/** The two neighbours, weighted by distance. */
export function linearTaps(mapping: Mapping): Taps {
  const { size, count, round } = mapping;
  if (size === count) return tapsOf(count, 1, (o) => [[o, 1]]);
  const step = stepOf(mapping);
  return tapsOf(count, 2, (o) => {
    const source = Math.max(sourceOf(o, step, mapping), 0);
    const low = Math.min(Math.floor(source), size - 1);
    const weight = Math.min(Math.max(round(source - low), 0), 1);
    return [
      [low, round(1 - weight)],
      [Math.min(low + 1, size - 1), weight],
    ];
  });
}

/** Keys' cubic convolution kernel at distance `x` from the centre. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

/** Four neighbours by cubic convolution with a = -0.75; positions outside repeat the border. */
export function cubicTaps(mapping: Mapping): Taps {
  const { size, count, round } = mapping;
  const step = stepOf(mapping);
  return tapsOf(count, 4, (o) => {
    const source = sourceOf(o, step, mapping);
    const low = Math.floor(source);
    const t = round(source - low);
    return [-1, 0, 1, 2].map((k) => [Math.min(Math.max(low + k, 0), size - 1), round(cubic(t - k, -0.75))] as const);
  });
}

/** A filter widened to the step when shrinking, so that no input position is left out; weights sum to 1. */
export function antialiasTaps(mapping: Mapping, filter: 'linear' | 'cubic'): Taps {
  const { size, count } = mapping;
  const step = stepOf(mapping);
  const widening = Math.max(step, 1);
  const support = (filter === 'linear' ? 1 : 2) * widening;
  const at = (x: number): number => (filter === 'linear' ? Math.max(0, 1 - Math.abs(x)) : cubic(x, -0.5));
  return tapsOf(count, Math.min(Math.ceil(2 * support) + 1, size), (o) => {
    const centre = step * (o + 0.5);
    const from = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), size);
    const weights = Array.from({ length: end - from }, (_, j) => at((j + from - centre + 0.5) / widening));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight, j) => [from + j, total === 0 ? 0 : weight / total] as const);
  });
}
