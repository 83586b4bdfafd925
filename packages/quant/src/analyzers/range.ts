/** Range arithmetic in float32, one operation at a time; NaN stays NaN. */
const { fround } = Math;

/** Largest float32. */
export const FLOAT_MAX = 3.4028234663852886e38;

/** Distance of 1 to the next float32: no step of a range is smaller. */
export const EPSILON = 2 ** -23;

/** A range of one encoding entry. */
export type Ends = readonly [min: number, max: number];

/** Infinities become the largest float. */
export const bounded = ([min, max]: Ends): Ends => [Math.max(min, -FLOAT_MAX), Math.min(max, FLOAT_MAX)];

/** The range widened to contain zero. */
export const withZero = ([min, max]: Ends): Ends => [Math.min(min, 0), Math.max(max, 0)];

/** Steps on the two sides of zero of a symmetric grid of `n` steps. */
const sides = (n: number): readonly [number, number] => [Math.ceil(n / 2), Math.floor(n / 2)];

/** True where a step would be smaller than float32's epsilon. */
export const tooNarrow = ([min, max]: Ends, n: number): boolean => fround(fround(max - min) / fround(n)) < EPSILON;

/**
 * The smallest range around zero on whose grid of `n` steps both ends lie. A grid of one step has none above zero (AIMET divides by
 * that 0): it reaches as far below as the larger end.
 */
export function symmetricRange([min, max]: Ends, n: number): Ends {
  const [below, above] = sides(n);
  const delta = Math.max(fround(max / fround(above || below)), fround(-min / fround(below)));
  return [fround(-below * delta), fround(above * delta)];
}

/** The range with steps of at least epsilon: both ends move for a symmetric grid, the upper one otherwise. */
export function widened([min, max]: Ends, n: number, isSymmetric: boolean, by: number): Ends {
  if (!isSymmetric) return [min, fround(max + fround(n * by))];
  const [below, above] = sides(n);
  return [fround(min - fround(below * by)), fround(max + fround(above * by))];
}
