import { tensor, type Tensor } from '@q/tensor';
import { AffineEncoding } from '../../src/index.js';
import { look, lookPairs, pairTableOf, tableOf, tabulates } from '../../src/kernels/table.js';

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

  it('of pairs is read by the first operand, then the second', () => {
    const minus = (x: Tensor, y: Tensor): Tensor => x.sub(y);
    const [left, right] = [tensor([0, 9, 255], { dtype: 'uint8' }), tensor([-8, 0, 7], { dtype: 'int8' })];
    const got = lookPairs(pairTableOf(bytes, few, signed, minus), left, right);
    const wanted = signed.quantize(minus(bytes.dequantize(left), few.dequantize(right)));
    expect(got.toArray()).toEqual(wanted.toArray());
  });

  it('is made for 16 bits of arguments at most', () => {
    const wide = new AffineEncoding(1, 0, { bitwidth: 16, signed: true });
    expect([tabulates(bytes), tabulates(wide), tabulates(bytes, signed), tabulates(bytes, wide)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});
