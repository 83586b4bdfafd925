import fc from 'fast-check';
import { Storage, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { reference } from '../../../src/kernels/reference/reference.js';
import { withSimd } from '../../../src/kernels/simd/simd.js';
import { alloc } from '../../../src/storage.js';

/** The kernels under test beside their oracle. */
export const simd = withSimd(reference);
export { reference };

/** Numbers of every sort: ordinary, tiny, huge, zero of both signs, infinite, not a number. */
const special = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e-40,
  -1e-40,
  1.17e-38,
  3e38,
  -3e38,
  Infinity,
  -Infinity,
  NaN,
  2.5,
  -2.5,
  16777216,
];
export const anyFloat = fc.oneof({ weight: 5, arbitrary: fc.float({ noNaN: false }) }, fc.constantFrom(...special));

/** Deterministic values so that large views need no large arbitraries. */
export function filled(length: number, seed: number, specials: boolean): Float32Array {
  let state = (seed | 0) + 0x9e3779b9;
  return Float32Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39) + 0x165667b1;
    const unit = ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
    if (specials && unit < 0.05) return special[Math.floor(unit * 20 * special.length)]!;
    return (unit - 0.5) * 8;
  });
}

/** How a view of a shape lies in its storage. */
export const lie = fc.record({
  shift: fc.integer({ min: 0, max: 5 }),
  flipped: fc.boolean(),
  transposed: fc.boolean(),
  broadcast: fc.integer({ min: -1, max: 2 }),
  seed: fc.integer(),
  exposed: fc.boolean(),
});

/** A float32 view of `shape` lying as described: shifted, flipped, transposed or broadcast. */
export function viewOf(
  shape: readonly number[],
  how: Partial<typeof lie extends fc.Arbitrary<infer T> ? T : never>,
  specials = true,
): View<'float32'> {
  const { shift = 0, flipped = false, transposed = false, broadcast = -1, seed = 1, exposed = false } = how;
  const base = shape.map((size, d) => (d === broadcast ? 1 : size));
  const stored = transposed ? base.toReversed() : base;
  const count = stored.reduce((a, b) => a * b, 1);
  const array = filled(count + shift, seed, specials);
  let layout = new Layout(stored, undefined, shift);
  if (transposed) layout = layout.permute(stored.map((_, d) => stored.length - 1 - d));
  if (flipped && shape.length > 0) layout = layout.flip([shape.length - 1]);
  return { storage: new Storage('float32', array.length, array, exposed), layout: layout.broadcastTo(shape) };
}

/** A fresh contiguous output. */
export const output = (shape: readonly number[]): View<'float32'> => alloc(shape, 'float32');

/** The elements of a contiguous view. */
export function elements(view: View<'float32'>): Float32Array {
  const { array, base } = view.storage;
  return array.slice(base + view.layout.offset, base + view.layout.offset + view.layout.numel);
}

/** The distance of two floats in units of the last place of the larger; NaN equals NaN, infinities only themselves. */
export function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Infinity;
  const size = Math.max(Math.abs(a), Math.abs(b), 2 ** -126);
  return Math.abs(a - b) / 2 ** (Math.floor(Math.log2(size)) - 23);
}

const same = (a: number, b: number): boolean => Object.is(a, b) || (a !== a && b !== b);

/** Position of the first element whose bits differ (any NaN is any other), or -1; comparing lists element by element is slow. */
export function firstDifference(a: View, b: View): number {
  const [left, right] = [a, b].map(({ storage: { array, base }, layout }) =>
    array.subarray(base + layout.offset, base + layout.offset + layout.numel),
  ) as [Float32Array, Float32Array];
  for (let i = 0; i < left.length; i++) if (!same(left[i]!, right[i]!)) return i;
  return left.length === right.length ? -1 : Math.min(left.length, right.length);
}

/** The largest distance of two contiguous outputs, in units that `unit` gives for each wanted element; NaN must meet NaN. */
export function largestError(
  a: View<'float32'>,
  wanted: View<'float32'>,
  unit: (value: number) => number = () => 1,
): number {
  const expected = elements(wanted);
  return elements(a).reduce((most, value, i) => {
    const [x, w] = [value, expected[i]!];
    return x === w || (x !== x && w !== w) ? most : Math.max(most, Math.abs(x - w) / unit(w));
  }, 0);
}
