import fc from 'fast-check';
import { tensor, unpackHalves } from '@q/tensor';
import { packRows } from '../../src/kernels/nibbles.js';

describe('packRows', () => {
  it.each([
    [true, -8, 7, 'int8'],
    [false, 0, 15, 'uint8'],
  ] as const)('is undone by unpackHalves, signed %s', (signed, min, max, dtype) =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min, max }), { maxLength: 40 }),
        (rows, row) => {
          const all = Array.from({ length: rows }, (_, r) => row.map((value, i) => row[(i + r) % row.length] ?? value));
          const values = tensor(all.flat(), { dtype, shape: [rows, row.length] });
          const bytes = packRows(values);
          expect(bytes.shape).toEqual([rows, Math.ceil(row.length / 2)]);
          expect(unpackHalves({ halves: bytes, signed }, row.length).toArray()).toEqual(values.toArray());
        },
      ),
    ),
  );

  it('puts the first integer in the low half, and every row in bytes of its own', () =>
    expect(
      packRows(
        tensor(
          [
            [1, -1, 7],
            [2, 3, 4],
          ],
          { dtype: 'int8' },
        ),
      ).toArray(),
    ).toEqual([
      [0xf1, 7],
      [0x32, 4],
    ]));
});
