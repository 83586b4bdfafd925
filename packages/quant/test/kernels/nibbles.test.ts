import fc from 'fast-check';
import { packNibbles, unpackNibbles } from '../../src/kernels/nibbles.js';

describe('packNibbles', () => {
  it.each([
    [true, -8, 7],
    [false, 0, 15],
  ])('is undone by unpackNibbles, signed %s', (signed, min, max) =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min, max })), (values) => {
        const bytes = packNibbles(values);
        expect(bytes.length).toBe(Math.ceil(values.length / 2));
        expect([...unpackNibbles(bytes, values.length, signed)]).toEqual(values);
      }),
    ),
  );

  it('puts the first integer in the low half', () => expect([...packNibbles([1, -1, 7])]).toEqual([0xf1, 7]));
});
