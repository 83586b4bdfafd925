import { FILTER } from '../../../../src/kernels/simd/conv/winograd-transforms.js';

/** The transformations of inputs and products for the points 0, ±a, ±b and infinity, in double precision. */
const [a, b] = [0.625, 1.5];
const [A, B] = [a * a, b * b];
const INPUT = [
  [A * B, 0, -A - B, 0, 1, 0],
  [0, -a * B, -B, a, 1, 0],
  [0, a * B, -B, -a, 1, 0],
  [0, -b * A, -A, b, 1, 0],
  [0, b * A, -A, -b, 1, 0],
  [0, A * B, 0, -A - B, 0, 1],
];
const OUTPUT = [0, 1, 2, 3].map((k) => [k === 0 ? 1 : 0, a ** k, (-a) ** k, b ** k, (-b) ** k, k === 3 ? 1 : 0]);

describe("Winograd's transformations", () => {
  it('of one dim give the four sums of three taps exactly, up to rounding', () => {
    const [d, g] = [
      [0.3, -1.2, 2.5, 0.7, -0.1, 1.9],
      [0.5, -0.25, 1.5],
    ];
    const times = (rows: readonly (readonly number[])[], x: readonly number[]) =>
      rows.map((row) => row.reduce((sum, factor, i) => sum + factor * x[i]!, 0));
    const [u, v] = [times(FILTER, g), times(INPUT, d)];
    const y = times(
      OUTPUT,
      u.map((value, i) => value * v[i]!),
    );
    y.forEach((value, k) => expect(value).toBeCloseTo(g[0]! * d[k]! + g[1]! * d[k + 1]! + g[2]! * d[k + 2]!, 12));
  });
});
