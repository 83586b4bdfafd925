import fc from 'fast-check';
import { RadixSort, type KeyKind } from '../../../src/kernels/reference/radix.js';

const float = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, 1, -1, Infinity, -Infinity, 2 ** -149, -(2 ** -149), 3e38),
);
const integer = fc.oneof(
  fc.integer(),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0, -1),
  fc.integer({ min: -3, max: 3 }),
);

describe('RadixSort', () => {
  it.each<[KeyKind, fc.Arbitrary<number>]>([
    ['float32', float],
    ['integer', integer],
  ])('orders positions by %s keys, equal ones as they were, in both directions', (kind, key) =>
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 400 }), fc.boolean(), (values, descending) => {
        const keys = Float64Array.from(values, (value) => (descending ? -value : value));
        const order = Int32Array.from(values, (_, i) => i);
        new RadixSort(kind, values.length).sort(order, keys, new Int32Array(values.length), descending);
        const wanted = values
          .map((_, i) => i)
          .sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
        expect([...order]).toEqual(wanted);
      }),
    ),
  );

  it('orders the positions it is given only, and can be used again', () => {
    const radix = new RadixSort('float32', 5);
    const order = Int32Array.of(4, 0, 2);
    radix.sort(order, Float64Array.of(3, NaN, 1, NaN, 2), new Int32Array(3), false);
    expect([...order]).toEqual([2, 4, 0]);
    const all = Int32Array.of(0, 1, 2, 3, 4);
    radix.sort(all, Float64Array.of(5, 5, 5, 5, 5), new Int32Array(5), false);
    expect([...all]).toEqual([0, 1, 2, 3, 4]);
  });
});
