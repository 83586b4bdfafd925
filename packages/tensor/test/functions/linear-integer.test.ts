import { linearInteger, matmulInteger, randint, requantize, tensor, unpackHalves } from '@q/tensor';

const x = randint(0, 256, [2, 5, 96], { dtype: 'uint8' });

describe('linearInteger', () => {
  it('multiplies with the rows of the weight, whatever the dims before the last', () => {
    const weight = randint(-128, 128, [40, 96], { dtype: 'int8' });
    const zeros = randint(-3, 4, [40], { dtype: 'int32' });
    const y = linearInteger(x, weight, { xZeroPoint: 7, wZeroPoint: zeros });
    const wanted = matmulInteger(x, weight.T, { aZeroPoint: 7, bZeroPoint: zeros });
    expect([y.dtype, y.toArray()]).toEqual(['int32', wanted.toArray()]);
    const row = x.select(0, 0).select(0, 0);
    expect(linearInteger(row, weight).toArray()).toEqual(matmulInteger(row, weight.T).toArray());
  });

  it('puts the result on a grid', () => {
    const weight = randint(-128, 128, [40, 96], { dtype: 'int8' });
    const grid = { bias: 3, zeroPoint: 10, dtype: 'uint8' as const };
    expect(linearInteger(x, weight, { requantize: { multiplier: 0.001, ...grid } }).toArray()).toEqual(
      requantize(linearInteger(x, weight), 0.001, grid).toArray(),
    );
  });

  it('takes weights of 4 bits, two a byte, with a factor per block', () => {
    const halves = tensor(
      [
        [0x21, 0xf8],
        [0x0f, 0x70],
      ],
      { dtype: 'uint8' },
    );
    const signed = { halves, signed: true };
    expect(unpackHalves(signed, 4).toArray()).toEqual([
      [1, 2, -8, -1],
      [-1, 0, 0, 7],
    ]);
    expect(unpackHalves({ halves, signed: false }, 3).toArray()).toEqual([
      [1, 2, 8],
      [15, 0, 0],
    ]);
    const factors = tensor(
      [
        [1, 16],
        [2, 3],
      ],
      { dtype: 'uint8' },
    );
    expect(unpackHalves({ ...signed, factors }, 4).toArray()).toEqual([
      [1, 2, -128, -16],
      [-2, 0, 0, 21],
    ]);
    const large = { halves: randint(0, 256, [40, 48], { dtype: 'uint8' }), signed: true };
    expect(linearInteger(x, large, { xZeroPoint: 3 }).toArray()).toEqual(
      linearInteger(x, unpackHalves(large, 96), { xZeroPoint: 3 }).toArray(),
    );
  });

  it('refuses operands, weights and zero points that do not fit', () => {
    const weight = tensor([[1, 2]], { dtype: 'int8' });
    const two = tensor([[1, 2]], { dtype: 'uint8' });
    expect(() => linearInteger(tensor([[1.5, 2]]), weight)).toThrow(/x must have an integer dtype, got float32/);
    expect(() => linearInteger(two, tensor([[1, 2]], { dtype: 'int32' }))).toThrow(/weight must be int8 or uint8/);
    expect(() => linearInteger(two, tensor([[1]], { dtype: 'int8' }))).toThrow(/weight must be \[n, 2\]/);
    expect(() => linearInteger(two, weight, { xZeroPoint: 0.5 })).toThrow(/xZeroPoint must be an integer/);
    expect(() => linearInteger(two, weight, { wZeroPoint: tensor([1, 2], { dtype: 'int32' }) })).toThrow(
      /zero points of shape \[2\] for 1 outputs/,
    );
    expect(() => linearInteger(two, { halves: two, signed: true })).toThrow(
      /must be uint8 \[n, 1\], got uint8 \[1, 2\]/,
    );
    expect(() => unpackHalves({ halves: two, signed: true, factors: two }, 3)).toThrow(
      /blocks of equal size in rows of 3/,
    );
    expect(() => unpackHalves({ halves: two, signed: 1 as unknown as boolean }, 3)).toThrow(
      /signed must be true or false/,
    );
  });
});
