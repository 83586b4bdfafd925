/** From here on every double is an integer. */
const INTEGERS = 2 ** 52;

/**
 * The nearest integer, half to even, as IEEE 754 and `torch.round` round. Keeps the sign of zero, infinities and NaN. Adding
 * 2^52 to a smaller number of its sign and taking it away leaves no room for a fraction.
 */
export const rint = (x: number): number =>
  x > 0 ? (x < INTEGERS ? x + INTEGERS - INTEGERS : x) : x < 0 && x > -INTEGERS ? -(INTEGERS - x - INTEGERS) : x;
