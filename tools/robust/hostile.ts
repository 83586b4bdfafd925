import { ones, tensor, zeros, type Tensor } from '@q/tensor';
import fc from 'fast-check';

/** Thrown by functions and objects that are handed in: theirs, not ours. */
export class Foreign extends Error {}

/** How many times something that was handed in has thrown. */
export const foreign = { thrown: 0 };

const throws = (): never => {
  foreign.thrown++;
  throw new Foreign('thrown by an argument');
};

/** Tensors of the kinds that code forgets (without dims or elements, of small integers or bools, views), and common ones. */
export const tensors = (): readonly Tensor[] => [
  tensor(3),
  zeros([0, 3]),
  tensor([
    [1, 2, 3],
    [4, NaN, -Infinity],
  ]),
  tensor([1, 0, 2], { dtype: 'int32' }),
  tensor([[-128, 127]], { dtype: 'int8' }),
  tensor([true, false, true]),
  tensor([1, 2], { dtype: 'float16' }),
  zeros([2, 3, 4]).transpose(0, 2),
  tensor([0.5, -1], { requiresGrad: true }),
  ones([2, 3]),
  ones([3]),
  ones([3, 3]),
  ones([2, 4, 3]),
  ones([1, 2, 4, 4]),
  ones([1, 1, 2, 3, 3]),
  tensor(
    [
      [0, 1],
      [1, 0],
    ],
    { dtype: 'int32' },
  ),
];

const oneOf = (makers: readonly (() => unknown)[]): fc.Arbitrary<unknown> =>
  fc.constantFrom(...makers).map((make) => make());

const fixed = (...values: readonly unknown[]): readonly (() => unknown)[] => values.map((value) => () => value);

const strange: readonly (() => unknown)[] = [
  ...fixed(undefined, null, NaN, Infinity, -Infinity, 0, -0, 1, -1, 2, 1.5, 1e308, 2 ** 53, true, false),
  ...fixed('', 'x', '__proto__', 'constructor', 'float32', 'int8', 'mean', 'constant'),
  ...fixed(Symbol('s'), 10n, throws, class {}, () => undefined),
  () => new Date(0),
  () => /x/,
  () => new Map(),
  () => new Set([1]),
  () => new Uint8Array(3),
  () => new DataView(new ArrayBuffer(4)),
  () => Object.create(null) as unknown,
  () => ({}),
  () => [],
  () => Array(2),
  () => [[]],
  () => [[1, [2]], [3]],
  () => [2 ** 20, 2 ** 20],
  () => [NaN],
  () => [null, null],
  () => [{}, Symbol('q')],
  () => [Object.create(null)],
  () => ({ shape: 3 }),
  () => ({ shape: [2], dtype: 'x' }),
  () => ({ length: 2 }),
  () => ({ length: -1, 0: 1 }),
  () => ({ storage: 1, shape: [1] }),
  () => ({ then: 1, forward: 1 }),
  () => ({ toString: throws, valueOf: throws }),
  () => ({ toJSON: throws, [Symbol.iterator]: throws }),
  () => Object.defineProperty({}, 'shape', { get: throws, enumerable: true }),
];

/** One argument that nobody should pass, or that only some calls take; records have some of `keys`. */
export function hostile(pool: readonly Tensor[], keys: readonly string[]): fc.Arbitrary<unknown> {
  const single = fc.oneof({ weight: 4, arbitrary: oneOf(strange) }, { weight: 1, arbitrary: fc.constantFrom(...pool) });
  return fc.oneof(
    { weight: 6, arbitrary: single },
    { weight: 1, arbitrary: fc.array(single, { maxLength: 3 }) },
    { weight: 2, arbitrary: fc.dictionary(fc.constantFrom('then', '__proto__', ...keys), single, { maxKeys: 2 }) },
  );
}

/** One argument that many calls take: a tensor of `pool`, a number, a shape, a choice, or one of `objects`. */
export const plausible = (pool: readonly Tensor[], objects: readonly (() => unknown)[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...pool) },
    {
      weight: 2,
      arbitrary: oneOf(
        fixed(0, 1, 2, 3, 4, 8, -1, 0.5, true, false, null, undefined, 'mean', 'sum', 'float32', 'int8', 'ij,jk->ik'),
      ),
    },
    {
      weight: 1,
      arbitrary: oneOf([() => [], () => [0], () => [1, 2], () => [2, 3], () => [1, 1], () => [4], () => ({})]),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...pool), fc.constantFrom(...pool)) },
    { weight: 1, arbitrary: oneOf([() => (x: unknown) => x, () => () => tensor(1), ...objects]) },
  );

/** An object that keeps the names that are asked of it, and has none. */
export const spy = (asked: Set<string>): object =>
  new Proxy(
    {},
    {
      get: (_target, key) => {
        if (typeof key === 'string' && !(key in Object.prototype)) asked.add(key);
        return undefined;
      },
    },
  );
