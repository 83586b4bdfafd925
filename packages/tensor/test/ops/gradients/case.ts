import fc from 'fast-check';
import { tensor, type Tensor } from '@q/tensor';
import { distinct } from '../random.js';

/** A function of float64 tensors that runs an op. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One call whose gradient is compared with differences. */
export interface Case {
  readonly inputs: readonly Tensor[];
  readonly f: Differentiable;
  /** For a straight-through estimator: the function whose derivative it is by definition. */
  readonly meant?: Differentiable;
  readonly step?: number;
  readonly tolerance?: number;
}

/** Random calls of one op. */
export type Entry = fc.Arbitrary<Case>;

/** Where inputs lie. */
export type Domain = readonly [low: number, high: number];

/** Both signs, and no end at which a function has a kink. */
export const around: Domain = [-2.917, 3.0413];
export const positive: Domain = [0.2117, 3.0413];
/** Away from the kinks at 0 and 1. */
export const fractions: Domain = [0.0717, 0.9413];

/** Shapes of small tensors. */
export const shapes = (minRank = 0, maxRank = 3): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: minRank, maxLength: maxRank });

const numel = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Tensors of the given shapes; no two elements are equal, not even in different tensors. */
export function pool(seed: number, [low, high]: Domain, ...sizes: (readonly number[])[]): Tensor[] {
  const count = sizes.reduce((sum, shape) => sum + numel(shape), 0);
  const all = distinct([count], seed).data;
  let start = 0;
  return sizes.map((shape) => {
    const part = Float64Array.from(all.subarray(start, (start += numel(shape))), (value) => {
      const rank = value / 0.37 + count / 2;
      return low + (rank / count) * (high - low);
    });
    return tensor(part, { shape });
  });
}

/** The elements of `x`, from one domain moved to another. */
export const moved = (x: Tensor, from: Domain, to: Domain): Tensor =>
  tensor(
    Float64Array.from(x.data, (v) => to[0] + ((v - from[0]) / (from[1] - from[0])) * (to[1] - to[0])),
    { shape: x.shape },
  );

/** An int32 tensor. */
export const indices = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor =>
  tensor(Int32Array.from(values), { shape });

/** A function of each element. */
export const each = (f: (x: Tensor) => Tensor | readonly Tensor[], domain: Domain = around): Entry =>
  fc.record({ shape: shapes(), seed: fc.nat() }).map(({ shape, seed }) => ({ inputs: pool(seed, domain, shape), f }));

/** A function along a dim. */
export const along = (
  f: (x: Tensor, dim: number, pick: number) => Tensor | readonly Tensor[],
  domain: Domain = around,
): Entry =>
  fc.record({ shape: shapes(1), seed: fc.nat(), at: fc.nat(), pick: fc.nat() }).map(({ shape, seed, at, pick }) => {
    const dim = (at % (2 * shape.length)) - shape.length;
    return { inputs: pool(seed, domain, shape), f: (x) => f(x!, dim, pick) };
  });

/** A reduction of some dims, or of all. */
export const over = (
  f: (x: Tensor, dims: readonly number[] | null, keepdim: boolean) => Tensor | readonly Tensor[],
  domain: Domain = around,
): Entry =>
  fc
    .record({ shape: shapes(), seed: fc.nat(), mask: fc.nat({ max: 15 }), keepdim: fc.boolean() })
    .map(({ shape, seed, mask, keepdim }) => {
      const dims = mask === 0 ? null : shape.map((_, d) => d).filter((d) => (mask >> d) % 2 === 1);
      return { inputs: pool(seed, domain, shape), f: (x) => f(x!, dims, keepdim) };
    });

/** Two shapes that broadcast, either the smaller one. */
export const broadcasting: fc.Arbitrary<readonly [number[], number[]]> = fc
  .record({ shape: shapes(), drop: fc.nat({ max: 2 }), ones: fc.nat({ max: 7 }), swapped: fc.boolean() })
  .map(({ shape, drop, ones, swapped }) => {
    const other = shape.slice(Math.min(drop, shape.length)).map((size, d) => ((ones >> d) % 2 === 1 ? 1 : size));
    return swapped ? [other, shape] : [shape, other];
  });

/** A function of two tensors that broadcast. */
export const pair = (f: (a: Tensor, b: Tensor) => Tensor, a: Domain = around, b: Domain = a): Entry =>
  fc.tuple(broadcasting, fc.nat()).map(([sizes, seed]) => {
    const [x, y] = pool(seed, a, ...sizes) as [Tensor, Tensor];
    return { inputs: [x, b === a ? y : moved(y, a, b)], f: (p, q) => f(p!, q!) };
  });
