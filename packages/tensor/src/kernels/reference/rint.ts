/** From here on every double is an integer. */
const INTEGERS = 2 ** 52;

/** The nearest integer, ties to even, with the sign of `x` for a zero result; NaN and infinities stay. */
export const rint = (x: number): number =>
  x > 0 ? (x < INTEGERS ? x + INTEGERS - INTEGERS : x) : x < 0 && x > -INTEGERS ? -(INTEGERS - x - INTEGERS) : x;
