import { Parameter } from '@q/nn';
import { rand, tensor } from '@q/tensor';
import { GroupedBlockQuantizeDequantize } from '../../src/quantizers/grouped-block.js';

const options = {
  shape: [2, 4],
  bitwidth: 4,
  symmetric: true,
  decompressedBw: 8,
  blockSize: [1, 2],
  blockGrouping: [1, 4],
};

describe('GroupedBlockQuantizeDequantize', () => {
  it('uses block scales that are integers times the scale of their group', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    quantizer.setRange(
      tensor([
        [-1, -2, -3, -16],
        [-1, -1, -1, -0.001],
      ]),
      tensor([
        [1, 2, 3, 15],
        [1, 1, 1, 0.001],
      ]),
    );
    const integers = quantizer.getPerBlockIntegerScale()!;
    const scales = quantizer.getPerChannelScale()!;
    expect([integers.dtype, integers.toArray(), scales.shape]).toEqual([
      'int32',
      [
        [1, 2, 3, 16],
        [16, 16, 16, 1],
      ],
      [2, 1, 1, 1],
    ]);
    const products = scales.reshape([2, 1]).mul(integers);
    expect(quantizer.getScale()?.toArray()).toEqual(products.toArray());
  });

  it('gives the gradient of the largest block to all that tie', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    quantizer.setRange(-8, 7);
    quantizer
      .forward(
        tensor([
          [100, 1, 1, 1, 1, 1, 1, 1],
          [1, 1, 1, 1, 1, 1, 1, 1],
        ]),
      )
      .sum()
      .backward();
    expect(quantizer.max.grad!.data.every(Number.isFinite)).toBe(true);
    expect(quantizer.max.grad!.data[0]).toBeGreaterThan(0.3);
  });

  it('shows by NaN gradients that a group holds NaN, and leaves other groups alone', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    quantizer.setRange(-1, 1);
    quantizer.max = new Parameter(
      tensor([
        [1, 1, NaN, 1],
        [1, 1, 1, 1],
      ]),
    );
    quantizer
      .forward(
        tensor([
          [1, 2, 3, 4, 5, 6, 7, 8],
          [1, 2, 3, 4, 5, 6, 7, 8],
        ]),
      )
      .sum()
      .backward();
    const [broken, whole] = quantizer.max.grad!.toArray() as number[][];
    expect(broken).toEqual([NaN, NaN, NaN, NaN]);
    expect(whole!.every(Number.isFinite)).toBe(true);
  });

  it.each([
    [{ symmetric: false }, /symmetrically only/],
    [{ decompressedBw: 3 }, /must not be smaller than bitwidth 4/],
    [{ blockGrouping: [1, 3] }, /does not divide the shape \[2, 4\] evenly in dim 1/],
    [{ blockGrouping: [1] }, /one entry per dim/],
    [{ blockSize: null }, /needs a blockSize/],
    [{ qmin: 0 }, /unknown option qmin/],
  ])('refuses %j', (changed, message) =>
    expect(() => new GroupedBlockQuantizeDequantize({ ...options, ...changed } as never)).toThrow(message),
  );

  it('clones with its grid, which need not be around zero', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    quantizer.signed = false;
    quantizer.setRange(0, 1.5);
    const x = rand([2, 8]);
    expect(quantizer.clone().forward(x).toArray()).toEqual(quantizer.forward(x).toArray());
    expect(quantizer.clone().signed).toBe(false);
  });

  it('refuses grids that its integers cannot be held in, and stays as it was', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    quantizer.setRange(-1, 1);
    const before = [String(quantizer), quantizer.getScale()!.toArray()];
    expect(() => (quantizer.bitwidth = 16)).toThrow(/bitwidth 16 must not be larger than decompressedBw 8/);
    expect(() => (quantizer.qmin = -7)).toThrow(/whole number of bits|bitwidth/);
    const encodings = quantizer.getLegacyEncodings()!;
    expect(() => quantizer.setLegacyEncodings(encodings.map((entry) => ({ ...entry, bitwidth: 16 })))).toThrow(
      /decompressedBw/,
    );
    expect(() =>
      quantizer.setLegacyEncodings(encodings.map((entry) => ({ ...entry, is_symmetric: 'False' as const }))),
    ).toThrow(/symmetrically only/);
    expect([String(quantizer), quantizer.getScale()!.toArray()]).toEqual(before);
  });

  it('clones, and stays symmetric', () => {
    const quantizer = new GroupedBlockQuantizeDequantize(options);
    expect(String(quantizer.clone())).toBe(String(quantizer));
    expect(() => (quantizer.symmetric = false)).toThrow(/symmetrically only/);
  });
});
