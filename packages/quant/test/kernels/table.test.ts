import { tensor, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../../src/index.js';
import { look, tableOf, tabulates } from '../../src/kernels/table.js';

const bytes = new AffineEncoding(0.5, -3, { bitwidth: 8, signed: false });
const signed = new AffineEncoding(0.25, 0, { bitwidth: 8, signed: true });
const few = new AffineEncoding(1, 2, { qmin: -8, qmax: 7 });
const all = ({ qmin, qmax, dtype }: AffineEncoding): Tensor =>
  tensor(
    Array.from({ length: qmax - qmin + 1 }, (_, i) => qmin + i),
    { dtype },
  );

describe('a table', () => {
  it.each([
    ['unsigned to signed', bytes, signed],
    ['signed to few', signed, few],
    ['few to unsigned', few, bytes],
  ])('gives every position what the function gives its number, %s', (_name, input, output) => {
    const cube = (x: Tensor): Tensor => x.mul(x).mul(x);
    const values = all(input);
    const got = look(tableOf(input, output, cube), values);
    expect(got.dtype).toBe(output.dtype);
    expect(got.toArray()).toEqual(
      (output.quantize(cube(input.dequantize(values))).toArray() as number[]).map((q) => q + 0),
    );
  });

  it('is made for 16 bits of arguments at most', () => {
    const wide = new AffineEncoding(1, 0, { bitwidth: 16, signed: true });
    const wider = new AffineEncoding(1, 0, { bitwidth: 17, signed: true });
    expect([tabulates(bytes), tabulates(wide), tabulates(wider)]).toEqual([true, true, false]);
  });
});
