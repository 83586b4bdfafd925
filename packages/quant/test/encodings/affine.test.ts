import { tensor, zeros } from '@q/tensor';
import { AffineEncoding } from '../../src/encodings/affine.js';
import { EncodingError, QuantizationError } from '../../src/errors.js';
import { QuantizeDequantize } from '../../src/quantizers/affine.js';

const ones = (shape: number[]) => zeros(shape).add(1);

describe('AffineEncoding', () => {
  it('knows the ends of its grid as numbers', () => {
    const encoding = new AffineEncoding(tensor(0.5), tensor(-2), { bitwidth: 4 });
    expect([encoding.min.item(), encoding.max.item(), encoding.numSteps]).toEqual([-1, 6.5, 15]);
    expect([encoding.bitwidth, encoding.signed, encoding.dtype, encoding.mapping]).toEqual([
      4,
      false,
      'uint8',
      'affine',
    ]);
  });

  it.each([
    [[], null, 'pertensor'],
    [[1], null, 'perchannel'],
    [[4, 1], null, 'perchannel'],
    [[4, 2], null, 'unknown'],
    [[4, 2], [1, 8], 'blockwise'],
  ])('of shape %j with blocks %j is %s', (shape, blockSize, granularity) =>
    expect(new AffineEncoding(ones(shape), zeros(shape), { bitwidth: 8, blockSize }).granularity).toBe(granularity),
  );

  it('goes to another floating dtype and to no other', () => {
    const encoding = new AffineEncoding(1, 0, { bitwidth: 8, symmetry: true });
    const double = encoding.to('float64');
    expect([double.scale.dtype, double.offset.dtype, double.symmetry]).toEqual(['float64', 'float64', true]);
    for (const dtype of ['int8', 'float31', 'constructor', undefined, 3, Symbol('s'), {}] as never[])
      expect(() => encoding.to(dtype)).toThrow(EncodingError);
  });

  it('quantizes and dequantizes', () => {
    const encoding = new AffineEncoding(tensor([[1], [0.5]]), tensor([[0], [-1]]), { bitwidth: 8 });
    const q = encoding.quantize(tensor([[1.2], [2]]));
    expect(q.toArray()).toEqual([[1], [5]]);
    expect(encoding.dequantize(q).toArray()).toEqual([[1], [2]]);
  });

  it('refuses what does not fit together', () => {
    expect(() => new AffineEncoding(ones([2]), zeros([3]), { bitwidth: 8 })).toThrow(/must have one shape/);
    expect(() => new AffineEncoding(ones([2]), zeros([2]), { bitwidth: 8, blockSize: [1, 2] })).toThrow(
      /one entry per dim/,
    );
    expect(() => new AffineEncoding(1, 0, {} as never)).toThrow(QuantizationError);
    expect(() => new AffineEncoding(tensor(1, { dtype: 'int32' }), 0, { bitwidth: 8 })).toThrow(EncodingError);
    expect(() => new AffineEncoding(1, 0, { bitwidth: 8, simmetry: true } as never)).toThrow(/unknown option simmetry/);
  });

  it.each([NaN, -1, 0, Infinity])('refuses the scale %p, alone and among others', (scale) => {
    const message = `AffineEncoding: scales must be positive and finite, got ${scale}.`;
    expect(() => new AffineEncoding(scale, 0, { bitwidth: 8 })).toThrow(message);
    expect(() => new AffineEncoding(tensor([1, scale]), zeros([2]), { bitwidth: 8 })).toThrow(QuantizationError);
  });

  it.each([NaN, -Infinity])('refuses the offset %p', (offset) =>
    expect(() => new AffineEncoding(1, offset, { bitwidth: 8 })).toThrow(/offsets must be finite/),
  );

  it('of a range without width says what it computes, as AIMET does', () => {
    const quantizer = new QuantizeDequantize({ shape: [], bitwidth: 8, symmetric: false });
    quantizer.setRange(1, 1);
    const { scale, offset } = quantizer.getEncoding()!.to('float64');
    expect([scale.item(), offset.item()]).toEqual([0, Infinity]);
  });
});
