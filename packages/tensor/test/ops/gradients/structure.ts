import fc from 'fast-check';
import { apply, cat, nllLoss, tensor, type ScatterReduction, type Tensor } from '@q/tensor';
import { asStrided } from '../../../src/ops/movement.js';
import { exclusiveProd } from '../../../src/ops/scan.js';
import { along, around, each, indices, over, pool, positive, shapes, type Case, type Entry } from './case.js';

/** A dim of `x` counted from its front. */
const front = (x: Tensor, dim: number): number => (dim < 0 ? dim + x.ndim : dim);

/** An order of `count` things, from a number. */
const permutation = (count: number, seed: number): number[] => {
  const rest = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => rest.splice((seed >> i) % rest.length, 1)[0]!);
};

/** Positions of a dim, some of them several times. */
const positions = (size: number, count: number, seed: number): Tensor =>
  indices(Array.from({ length: count }, (_, i) => (seed >> (2 * i)) % size));

interface Places {
  readonly shape: number[];
  readonly dim: number;
  readonly seed: number;
  readonly pick: number;
}

const places: fc.Arbitrary<Places> = fc
  .record({ shape: shapes(1), seed: fc.nat(), at: fc.nat(), pick: fc.nat({ max: 2 ** 20 }) })
  .map(({ shape, seed, at, pick }) => ({ shape, dim: at % shape.length, seed, pick }));

/** `x`, a source and an index that names each place of a dim once. */
const onto = (f: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor): Entry =>
  places.map(({ shape, dim, seed, pick }) => {
    const index = indices(permutation(shape[dim]!, pick));
    return { inputs: pool(seed, around, shape, shape), f: (x, source) => f(x!, dim, index, source!) };
  });

/** As `onto`, with an index of the source's shape that may name a place several times. */
const scattering = (f: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor, domain = around): Entry =>
  places.map(({ shape, dim, seed, pick }) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const index = indices(
      Array.from({ length: count }, (_, i) => (pick >> (i % 18)) % shape[dim]!),
      shape,
    );
    return { inputs: pool(seed, domain, shape, shape), f: (x, source) => f(x!, dim, index, source!) };
  });

/** An index like `scattering`'s that names each place once: an order of the dim, the same everywhere. */
const spreadIndex = (index: Tensor, shape: readonly number[], dim: number): Tensor =>
  index
    .reshape(shape.map((size, d) => (d === dim ? size : 1)))
    .expand(shape)
    .contiguous();

const reductions = fc.record({
  reduce: fc.constantFrom<ScatterReduction>('sum', 'prod', 'mean', 'amax', 'amin'),
  includeSelf: fc.boolean(),
});

/** Ops that move, pick, order and fold elements. */
export const structure: Readonly<Record<string, Entry>> = {
  'extrema.amax': over((x, dims, keepdim) => x.amax(dims, { keepdim })),
  'extrema.amin': over((x, dims, keepdim) => x.amin(dims, { keepdim })),
  'extrema.aminmax': along((x, dim) => {
    const { min, max } = x.aminmax({ dim });
    return [min, max];
  }),
  'extrema.max': each((x) => x.max()),
  'extrema.maxAlong': along((x, dim) => x.max(dim).values),
  'extrema.min': each((x) => x.min()),
  'extrema.minAlong': along((x, dim) => x.min(dim).values),

  'indexing.gather': scattering((x, dim, index, source) => x.gather(dim, index).mul(source)),
  'indexing.indexAdd': places.map(({ shape, dim, seed, pick }) => {
    const index = positions(shape[dim]!, 4, pick);
    const source = shape.with(dim, 4);
    return { inputs: pool(seed, around, shape, source), f: (x, s) => x!.indexAdd(dim, index, s!, { alpha: 1.5 }) };
  }),
  'indexing.indexCopy': onto((x, dim, index, source) => x.indexCopy(dim, index, source)),
  'indexing.indexFill': places.map(({ shape, dim, seed, pick }) => ({
    inputs: pool(seed, around, shape, []),
    f: (x, value) => x!.indexFill(dim, positions(shape[dim]!, 2, pick), value!),
  })),
  'indexing.indexSelect': along((x, dim, pick) => x.indexSelect(dim, positions(x.shape.at(dim)!, 4, pick))),
  'indexing.scatter': onto((x, dim, index, source) => x.scatter(dim, spreadIndex(index, x.shape, dim), source)),
  'indexing.scatterAdd': scattering((x, dim, index, source) => x.scatterAdd(dim, index, source)),
  'indexing.scatterReduce': reductions.chain(({ reduce, includeSelf }) =>
    scattering((x, dim, index, source) => x.scatterReduce(dim, index, source, reduce, { includeSelf }), positive),
  ),
  'indexing.scatterValue': scattering((x, dim, index, source) => x.scatter(dim, index, 2.5).mul(source)),

  'join.cat': fc
    .record({
      shape: shapes(1),
      seed: fc.nat(),
      at: fc.nat(),
      sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ shape, seed, at, sizes }) => {
      const dim = at % shape.length;
      return { inputs: pool(seed, around, ...sizes.map((size) => shape.with(dim, size))), f: (...xs) => cat(xs, dim) };
    }),
  'join.split': along((x, dim) => x.split(2, dim)),
  'join.unbind': along((x, dim) => x.unbind(dim)),

  'loss.nll': fc
    .record({
      n: fc.integer({ min: 1, max: 3 }),
      c: fc.integer({ min: 1, max: 3 }),
      reduction: fc.constantFrom('none', 'mean', 'sum'),
      image: fc.boolean(),
      weighted: fc.boolean(),
      pick: fc.nat({ max: 2 ** 20 }),
      seed: fc.nat(),
    })
    .map(({ n, c, reduction, image, weighted, pick, seed }): Case => {
      const after = image ? [2] : [];
      const target = positions(c, n * (image ? 2 : 1), pick).reshape([n, ...after]);
      const weight = weighted ? tensor([0.5, 2, 1.25].slice(0, c), { dtype: 'float64' }) : null;
      return {
        inputs: pool(seed, around, [n, c, ...after]),
        f: (x) => nllLoss(x!, target, { reduction, weight, ignoreIndex: pick % 2 === 0 ? c - 1 : -100 }),
      };
    })
    .filter(({ f, inputs }) => [f(...inputs)].flat().every((y) => y.isfinite().all().item() === 1)),
  'movement.asStrided': fc.nat().map((seed) => ({
    inputs: pool(seed, around, [3, 2]),
    f: (x) => apply(asStrided, [x!], { shape: [2, 3], strides: [1, 2], offset: 0 }),
  })),
  'movement.assigned': along((x, dim, pick) => {
    const target = x.mul(1.5);
    const part = [...new Array<[]>(front(x, dim)).fill([]), pick % x.shape.at(dim)!];
    return target.set_(part, x.select(dim, 0).mul(-2));
  }),
  'movement.broadcastTo': each((x) => x.broadcastTo([2, ...x.shape])),
  'movement.clone': each((x) => x.clone()),
  'movement.diagEmbed': along((x, _dim, pick) => x.diagEmbed({ offset: (pick % 3) - 1 })),
  'movement.diagonal': fc
    .record({ shape: shapes(2), seed: fc.nat(), offset: fc.integer({ min: -1, max: 1 }) })
    .map(({ shape, seed, offset }) => ({
      inputs: pool(seed, around, shape),
      // A diagonal outside of the matrix is empty.
      f: (x) => [x!.diagonal({ offset }), x!],
    })),
  'movement.flip': along((x, dim) => x.flip(dim)),
  'movement.narrow': along((x, dim, pick) => x.narrow(dim, pick % x.shape.at(dim)!, 1)),
  'movement.permute': along((x, _dim, pick) => x.permute(permutation(x.ndim, pick))),
  'movement.replaced': along((x, dim, pick) => x.selectScatter(x.select(dim, 0).mul(-2), dim, pick % x.shape.at(dim)!)),
  'movement.reshape': each((x) => x.reshape([-1])),
  'movement.roll': along((x, dim, pick) => x.roll(pick % 4, dim)),
  'movement.select': along((x, dim, pick) => x.select(dim, pick % x.shape.at(dim)!)),
  'movement.slice': along((x, dim, pick) => {
    const range = (
      [
        [null, null, -1],
        [0, 1],
        [null, null, 2],
        [-1, null],
      ] as const
    )[pick % 4]!;
    return x.slice(...new Array<[]>(front(x, dim)).fill([]), range, null);
  }),
  'movement.triangle': fc
    .record({ shape: shapes(2), seed: fc.nat(), diagonal: fc.integer({ min: -1, max: 1 }), upper: fc.boolean() })
    .map(({ shape, seed, diagonal, upper }) => ({
      inputs: pool(seed, around, shape),
      f: (x) => (upper ? x!.triu({ diagonal }) : x!.tril({ diagonal })),
    })),
  'movement.unfold': along((x, dim) => x.unfold(dim, Math.min(2, x.shape.at(dim)!), 1)),
  'pad.padConstant': along((x, _dim, pick) => x.pad([(pick % 4) - 1, 1], { value: 0.3 })),

  'reduce.mean': over((x, dims, keepdim) => x.mean(dims, { keepdim })),
  'reduce.prod': over((x, dims, keepdim) => x.prod(dims, { keepdim })),
  'reduce.sum': over((x, dims, keepdim) => x.sum(dims, { keepdim })),
  'reduce.sumTo': along((x, dim) => x.broadcastTo([2, ...x.shape]).sumTo(x.shape.with(dim, 1))),

  'scan.cummax': along((x, dim) => x.cummax(dim).values),
  'scan.cummin': along((x, dim) => x.cummin(dim).values),
  'scan.cumprod': along((x, dim) => x.cumprod(dim)),
  'scan.cumsum': along((x, dim) => x.cumsum(dim)),
  'scan.exclusiveProd': along((x, dim, pick) =>
    apply(exclusiveProd, [x], { dim: front(x, dim), reverse: pick % 2 === 1 }),
  ),
  'scan.logcumsumexp': along((x, dim) => x.logcumsumexp(dim)),

  'sort.kthvalue': along((x, dim, pick) => x.kthvalue(1 + (pick % x.shape.at(dim)!), { dim }).values),
  'sort.median': each((x) => x.median()),
  'sort.medianAlong': along((x, dim) => x.median(dim).values),
  'sort.mode': along((x, dim) => x.mode(dim).values),
  'sort.sort': along((x, dim, pick) => x.sort(dim, { descending: pick % 2 === 1 }).values),

  'statistics.logsumexp': along((x, dim) => x.logsumexp(dim)),
  'statistics.norm': fc
    .constantFrom(1, 1.5, 2, 3, Infinity, -Infinity)
    .chain((p) => over((x, dim, keepdim) => x.norm({ p, dim, keepdim }))),
  'statistics.std': along((x, dim) => x.pad([1, 1]).std(dim, { correction: 0 })),
  'statistics.varMean': over((x, dims) => {
    const { var: variance, mean } = x.varMean(dims, { correction: 0 });
    return [variance, mean];
  }),
  'statistics.variance': over((x, dims, keepdim) => x.var(dims, { correction: 0, keepdim })),
};
