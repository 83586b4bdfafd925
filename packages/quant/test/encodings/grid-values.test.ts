import fc from 'fast-check';
import { randn, tensor, zeros } from '@q/tensor';
import { AffineEncoding } from '../../src/encodings/affine.js';
import { GridValues } from '../../src/encodings/grid-values.js';

const grids: [string, number[], number[], number[] | null][] = [
  ['per tensor', [3, 4], [], null],
  ['per channel', [3, 4], [3, 1], null],
  ['along the last dim', [2, 3, 4], [4], null],
  ['along two dims', [2, 3, 4], [2, 1, 4], null],
  ['in blocks', [4, 6], [2, 3], [2, 2]],
  ['in shared blocks', [2, 4, 6], [1, 3], [-1, -1]],
];

describe('GridValues', () => {
  it.each(grids)('makes the numbers that dequantizing gives, %s', (_name, shape, encodingShape, blockSize) => {
    const scale = randn(encodingShape).abs().add(0.1);
    const offset = zeros(encodingShape).sub(3);
    const encoding = new AffineEncoding(scale, offset, { bitwidth: 8, signed: true, blockSize });
    const integers = randn(shape).mul(40).to('int8');
    const { grid, floats } = GridValues.dequantized(integers, encoding);
    expect(Array.from(floats.array)).toEqual(Array.from(encoding.dequantize(integers.to('float32')).data));
    expect(grid.standsFor(floats)).toBe(true);
    floats.beginWrite();
    expect(grid.standsFor(floats)).toBe(false);
  });

  it('compacts what integers can hold, zeros with their signs', () =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -128, max: 127 }), fc.constant(-0)), { minLength: 1 }),
        (values) => {
          const made = GridValues.compacted(tensor(values), 'int8');
          expect(Array.from(made!.floats.array)).toEqual(values);
          expect(Array.from(made!.grid.integers.array)).toEqual(values.map((value) => value + 0));
        },
      ),
    ));

  it.each([NaN, 0.5, 128, -129, Infinity])('leaves %p alone', (value) =>
    expect(GridValues.compacted(tensor([1, value]), 'int8')).toBeNull(),
  );
});
