const BIG = 1.5 * 2 ** 52;

/**
 * The nearest integer, half to even, as IEEE 754 and `torch.round` round. Keeps the sign of zero, infinities and NaN. Adding
 * 1.5 * 2^52 and taking it away leaves no room for a fraction; numbers too large for that have none.
 */
export function rint(x: number): number {
  if (!(Math.abs(x) < 2 ** 51)) return x;
  const rounded = x + BIG - BIG;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}
