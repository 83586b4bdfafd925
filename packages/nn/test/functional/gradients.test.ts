import fc from 'fast-check';
import { functional as F } from '@q/nn';
import * as tensors from '@q/tensor';
import { tensor, type Tensor } from '@q/tensor';
import { expectGradient } from '../../../tensor/test/gradcheck.js';
import {
  around,
  fractions,
  indices,
  pool,
  positive,
  type Differentiable,
  type Domain,
} from '../../../tensor/test/ops/gradients/case.js';

/** Sizes and a seed to draw from. */
interface Draw {
  readonly n: number;
  readonly c: number;
  readonly seed: number;
  readonly reduction: F.Reduction;
  readonly flag: boolean;
}

const draws: fc.Arbitrary<Draw> = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  c: fc.integer({ min: 2, max: 4 }),
  seed: fc.nat(),
  reduction: fc.constantFrom('none', 'mean', 'sum'),
  flag: fc.boolean(),
});

interface Call {
  readonly inputs: readonly Tensor[];
  readonly f: Differentiable;
}

type Entry = (draw: Draw) => Call;

/** A call with tensors of the given shapes from a domain. */
const call = (draw: Draw, f: Differentiable, sizes: readonly (readonly number[])[], domain: Domain = around): Call => ({
  inputs: pool(draw.seed, domain, ...sizes),
  f,
});

/** A loss of two tensors of one shape, both of which have gradients. */
const pairwise =
  (f: (x: Tensor, y: Tensor, draw: Draw) => Tensor, domain: Domain = around): Entry =>
  (draw) =>
    call(
      draw,
      (x, y) => f(x!, y!, draw),
      [
        [draw.n, draw.c],
        [draw.n, draw.c],
      ],
      domain,
    );

/** The class of each of `n` samples. */
const classes = ({ n, c, seed }: Draw): Tensor => indices(Array.from({ length: n }, (_, i) => (seed >> i) % c));

/** 1 or -1 for each of `count` things. */
const signs = ({ seed }: Draw, shape: readonly number[]): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((seed >> (i % 20)) % 2 === 0 ? 1 : -1)),
    { shape },
  );

const entries: Readonly<Record<string, Entry>> = {
  bilinear: (d) => call(d, (a, b, w, bias) => F.bilinear(a!, b!, w!, bias!), [[d.n, d.c], [d.n, 2], [3, d.c, 2], [3]]),
  binaryCrossEntropy: pairwise((x, y, { reduction }) => F.binaryCrossEntropy(x, y, { reduction }), fractions),
  binaryCrossEntropyWithLogits: pairwise((x, y, { reduction }) =>
    F.binaryCrossEntropyWithLogits(x, y, { reduction, posWeight: tensor(1.5) }),
  ),
  cdist: (d) =>
    call(d, (x, y) => F.cdist(x!, y!, { p: d.flag ? 2 : 1 }), [
      [d.n, d.c],
      [2, d.c],
    ]),
  cosineEmbeddingLoss: (d) =>
    call(d, (x, y) => F.cosineEmbeddingLoss(x!, y!, signs(d, [d.n]), { margin: -0.9, reduction: d.reduction }), [
      [d.n, d.c],
      [d.n, d.c],
    ]),
  cosineSimilarity: pairwise((x, y, { flag }) => F.cosineSimilarity(x, y, { dim: flag ? 0 : 1 })),
  ctcLoss: (d) =>
    call(
      d,
      (x) =>
        F.ctcLoss(
          x!.logSoftmax(2),
          indices(
            Array.from({ length: d.n * 2 }, (_, i) => 1 + ((d.seed >> i) % (d.c - 1))),
            [d.n, 2],
          ),
          Array<number>(d.n).fill(5),
          Array<number>(d.n).fill(2),
          {
            reduction: d.reduction,
          },
        ),
      [[5, d.n, d.c]],
    ),
  embedding: (d) => call(d, (w) => F.embedding(classes(d), w!), [[d.c, 3]]),
  embeddingBag: (d) =>
    call(
      d,
      (w) => F.embeddingBag(indices([0, d.seed % d.c, 1, 1], [2, 2]), w!, null, { mode: d.flag ? 'max' : 'mean' }),
      [[d.c, 3]],
    ),
  gaussianNllLoss: (d) =>
    call(
      d,
      (x, y, v) => F.gaussianNllLoss(x!, y!, v!, { reduction: d.reduction, full: d.flag }),
      [
        [d.n, d.c],
        [d.n, d.c],
        [d.n, d.c],
      ],
      positive,
    ),
  hingeEmbeddingLoss: (d) =>
    call(d, (x) => F.hingeEmbeddingLoss(x!, signs(d, [d.n, d.c]), { reduction: d.reduction }), [[d.n, d.c]]),
  huberLoss: pairwise((x, y, { reduction }) => F.huberLoss(x, y, { delta: 0.7, reduction })),
  klDiv: pairwise((x, y, { reduction, flag }) => F.klDiv(x, y, { reduction, logTarget: flag }), positive),
  l1Loss: pairwise((x, y, { reduction }) => F.l1Loss(x, y, { reduction })),
  marginRankingLoss: pairwise((x, y, d) =>
    F.marginRankingLoss(x, y, signs(d, [d.n, d.c]), { margin: 0.3, reduction: d.reduction }),
  ),
  mseLoss: pairwise((x, y, { reduction }) => F.mseLoss(x, y, { reduction })),
  multiMarginLoss: (d) =>
    call(d, (x) => F.multiMarginLoss(x!, classes(d), { p: d.flag ? 1 : 2, reduction: d.reduction }), [[d.n, d.c]]),
  multilabelMarginLoss: (d) =>
    call(
      d,
      (x) =>
        F.multilabelMarginLoss(
          x!,
          indices(
            Array.from({ length: d.n * d.c }, (_, i) => (i % d.c === 0 ? (d.seed >> i) % d.c : -1)),
            [d.n, d.c],
          ),
          { reduction: d.reduction },
        ),
      [[d.n, d.c]],
    ),
  multilabelSoftMarginLoss: (d) =>
    call(d, (x, y) => F.multilabelSoftMarginLoss(x!, y!, { reduction: d.reduction }), [
      [d.n, d.c],
      [d.n, d.c],
    ]),
  normalize: (d) => call(d, (x) => F.normalize(x!, { p: d.flag ? 2 : 1, dim: 0 }), [[d.n, d.c]]),
  pairwiseDistance: pairwise((x, y, { flag }) => F.pairwiseDistance(x, y, { p: flag ? 2 : 3, keepdim: flag })),
  pdist: (d) => call(d, (x) => F.pdist(x!, { p: d.flag ? 2 : 1 }), [[d.n + 1, d.c]]),
  poissonNllLoss: pairwise(
    (x, y, { reduction, flag }) => F.poissonNllLoss(x, y, { reduction, logInput: flag, full: false }),
    positive,
  ),
  scaledDotProductAttention: (d) =>
    call(d, (q, k, v) => F.scaledDotProductAttention(q!, k!, v!, { isCausal: d.flag }), [
      [d.n, 3, d.c],
      [d.n, 3, d.c],
      [d.n, 3, 2],
    ]),
  smoothL1Loss: pairwise((x, y, { reduction }) => F.smoothL1Loss(x, y, { beta: 0.7, reduction })),
  softMarginLoss: pairwise((x, y, { reduction }) => F.softMarginLoss(x, y, { reduction })),
  tripletMarginLoss: (d) =>
    call(d, (a, p, n) => F.tripletMarginLoss(a!, p!, n!, { swap: d.flag, reduction: d.reduction }), [
      [d.n, d.c],
      [d.n, d.c],
      [d.n, d.c],
    ]),
  tripletMarginWithDistanceLoss: (d) =>
    call(
      d,
      (a, p, n) =>
        F.tripletMarginWithDistanceLoss(a!, p!, n!, {
          distanceFunction: (x: Tensor, y: Tensor) => F.cosineSimilarity(x, y),
          reduction: d.reduction,
        }),
      [
        [d.n, d.c],
        [d.n, d.c],
        [d.n, d.c],
      ],
    ),
};

/** Functions that draw what to drop, or a slope. */
const random = ['alphaDropout', 'dropout', 'dropout1d', 'dropout2d', 'dropout3d', 'featureAlphaDropout', 'rrelu'];

it('every function of this package has an entry', () =>
  expect(
    Object.keys(F)
      .filter((name) => !(name in tensors) && !random.includes(name))
      .sort(),
  ).toEqual(Object.keys(entries).sort()));

it.each(Object.entries(entries))('%s has the gradient that central differences give', (_name, entry) =>
  // A fixed seed: hinges are drawn apart from their kinks this once, so apart from them always.
  fc.assert(
    fc.property(draws, (draw) => {
      const { f, inputs } = entry(draw);
      expectGradient(f, inputs);
    }),
    { numRuns: 12, seed: 7 },
  ),
);
