import fc from 'fast-check';
import { elements, largestError, output, reference, simd, viewOf } from '../views.js';

const small = (min: number, max: number) => fc.integer({ min, max });

/** Sizes, windows and channels of a convolution in two dims. */
const problems = fc.record({
  batch: small(1, 3),
  groups: small(1, 4),
  inside: small(1, 5),
  outside: small(1, 6),
  size: fc.tuple(small(1, 30), small(1, 40)),
  kernel: fc.tuple(small(1, 4), small(1, 5)),
  stride: fc.tuple(small(1, 3), small(1, 3)),
  padding: fc.tuple(small(0, 3), small(0, 3)),
  dilation: fc.tuple(small(1, 2), small(1, 3)),
  biased: fc.boolean(),
  exposed: fc.boolean(),
  seed: fc.integer(),
});

type Problem = typeof problems extends fc.Arbitrary<infer T> ? T : never;

/** The largest distances from the reference of result and gradient, and the bounds on them. */
function distances(problem: Problem): readonly { worst: number; bound: number }[] {
  const { batch, groups, inside, outside, size, kernel, stride, padding, dilation, biased, exposed, seed } = problem;
  const out = size.map(
    (s, d) => Math.floor((s + 2 * padding[d]! - dilation[d]! * (kernel[d]! - 1) - 1) / stride[d]!) + 1,
  );
  if (out.some((s) => s < 1)) return [];
  const x = viewOf([batch, groups * inside, 1, ...size], { seed, exposed, shift: 1 }, false);
  const weight = viewOf([groups * outside, inside, 1, ...kernel], { seed: seed + 1, shift: 2 }, false);
  const bias = biased ? viewOf([groups * outside], { seed: seed + 2 }, false) : null;
  const windows = {
    kernel: [1, ...kernel],
    stride: [1, ...stride],
    padding: [0, ...padding],
    dilation: [1, ...dilation],
    groups,
  } as const;
  const full = [batch, groups * outside, 1, ...out];
  const grad = viewOf(full, { seed: seed + 3, exposed, shift: 1 }, false);
  const [ours, theirs] = [simd, reference].map((kernels) => {
    const [result, gradient] = [output(full), output(x.layout.shape)];
    kernels.conv(x, weight, bias, result, windows);
    kernels.convInput(grad, weight, gradient, windows);
    return { result, gradient };
  });
  // |x|, |grad|, |weight| <= 4: each of k products adds at most half an ulp of the largest partial sum.
  const bound = (k: number): number => k * 16 * k * 2 ** -24;
  const taps = kernel[0] * kernel[1];
  return [
    { worst: largestError(ours!.result, theirs!.result), bound: bound(inside * taps + 1) },
    { worst: largestError(ours!.gradient, theirs!.gradient), bound: bound(outside * taps + 1) },
  ];
}

describe('SIMD convolution', () => {
  it('equals the reference within the rounding of float32 sums for any sizes, strides, paddings, dilations and groups, forward and back', () =>
    fc.assert(
      fc.property(problems, (problem) => {
        for (const { worst, bound } of distances(problem)) expect(worst).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 150 },
    ));

  it.each([1, 5])('equals the reference where a window is a whole sample, of %i', (batch) => {
    const found = distances({
      batch,
      groups: 1,
      inside: 6,
      outside: 9,
      size: [5, 4],
      kernel: [5, 4],
      stride: [1, 1],
      padding: [0, 0],
      dilation: [1, 1],
      biased: batch > 1,
      exposed: false,
      seed: 3,
    });
    for (const { worst, bound } of found) expect(worst).toBeLessThanOrEqual(bound);
  });

  it('equals the reference where the rows of an output do not fit one band', () => {
    const found = distances({
      batch: 1,
      groups: 1,
      inside: 2,
      outside: 70,
      size: [70, 80],
      kernel: [3, 3],
      stride: [1, 1],
      padding: [1, 1],
      dilation: [1, 1],
      biased: true,
      exposed: false,
      seed: 5,
    });
    for (const { worst, bound } of found) expect(worst).toBeLessThanOrEqual(bound);
  });

  it('lets NaN and infinities of an input reach the outputs that see them, and no others', () => {
    const x = viewOf([1, 4, 1, 20, 20], {}, false);
    x.storage.array[5 * 20 + 19] = NaN;
    x.storage.array[400 + 12 * 20] = Infinity;
    const weight = viewOf([3, 4, 1, 3, 3], { seed: 2 }, false);
    const windows = {
      kernel: [1, 3, 3],
      stride: [1, 1, 1],
      padding: [0, 1, 1],
      dilation: [1, 1, 1],
      groups: 1,
    } as const;
    const [ours, theirs] = [output([1, 3, 1, 20, 20]), output([1, 3, 1, 20, 20])];
    simd.conv(x, weight, null, ours, windows);
    reference.conv(x, weight, null, theirs, windows);
    const kinds = (values: Float32Array): string[] =>
      [...values].map((value) => (Number.isFinite(value) ? 'finite' : String(value)));
    expect(kinds(elements(ours))).toEqual(kinds(elements(theirs)));
  });
});
