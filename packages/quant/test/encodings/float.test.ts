import fc from 'fast-check';
import { tensor } from '@q/tensor';
import { floatCast, halfCast, ieeeMax } from '../../src/encodings/float-cast.js';
import type { Encoding } from '../../src/encodings/encoding.js';
import { FloatEncoding } from '../../src/encodings/float.js';
import { EncodingError, QuantizationError } from '../../src/errors.js';
import { FloatQuantizeDequantize } from '../../src/quantizers/float.js';

const e4m3 = { exponentBits: 4, mantissaBits: 3 };

describe('floatCast', () => {
  it('saturates at the largest number of the format', () => {
    expect(ieeeMax(e4m3)).toBe(240);
    expect(floatCast(tensor([300, -1e30, Infinity, NaN]), e4m3, null).toArray()).toEqual([240, -240, 240, NaN]);
  });

  it('gives numbers that it gives again', () =>
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 10 }),
        (values, exponentBits, mantissaBits) => {
          const once = floatCast(tensor(Float32Array.from(values)), { exponentBits, mantissaBits }, null);
          expect(floatCast(once, { exponentBits, mantissaBits }, null).toArray()).toEqual(once.toArray());
        },
      ),
    ));

  it('is at most half a step of its binade away', () =>
    expect(floatCast(tensor([1.0624, 1.0626, 1.1874, 1.1876]), e4m3, null).toArray()).toEqual([1, 1.125, 1.125, 1.25]));

  it('ends at maxval, per channel', () => {
    const y = floatCast(tensor([[9], [9]]), e4m3, tensor([[3], [5]]));
    expect(y.toArray()).toEqual([[expect.closeTo(3, 5)], [expect.closeTo(5, 5)]]);
    expect(() => floatCast(tensor([1]), e4m3, tensor([[3], [5]]))).toThrow(/does not spread/);
  });

  it.each([['4'], [[Symbol('x')]], [Object.create(null)], [4n]])('has no format of %p bits', (bits) => {
    const wrong = bits as unknown as number;
    expect(() => new FloatEncoding(wrong, 4)).toThrow(QuantizationError);
    expect(() => new FloatEncoding(3, wrong)).toThrow(QuantizationError);
  });

  it('passes the gradient straight through inside the range only', () => {
    const x = tensor([1.03, 500, -500], { requiresGrad: true });
    floatCast(x, e4m3, null).sum().backward();
    expect(x.grad?.toArray()).toEqual([1, 0, 0]);
  });
});

describe('halfCast', () => {
  it('overflows to infinity and casts the gradient too', () => {
    const x = tensor([1.0001, 1e6], { requiresGrad: true });
    const y = halfCast(x, 'float16');
    expect(y.toArray()).toEqual([1, Infinity]);
    y.backward(tensor([1.0001, 2]));
    expect(x.grad?.toArray()).toEqual([1, 2]);
  });
});

describe('FloatEncoding', () => {
  it('has a granularity with and without a maximum', () => {
    expect(new FloatEncoding(3, 4).granularity).toBe('pertensor');
    expect(new FloatEncoding(3, 4, tensor([[1], [2]])).granularity).toBe('perchannel');
    expect(new FloatEncoding(3, 4).bitwidth).toBe(8);
  });

  it('has the members that affine encodings have, as far as they mean something', () => {
    const encoding: Encoding = new FloatEncoding(3, 4);
    expect([encoding.dtype, encoding.signed, encoding.symmetry, encoding.min.item(), encoding.max.item()]).toEqual([
      'float16',
      true,
      true,
      -240,
      240,
    ]);
    const stretched = new FloatEncoding(3, 4, tensor([[1], [2]]));
    expect([stretched.dtype, stretched.min.toArray(), stretched.max.toArray()]).toEqual([
      'float32',
      [[-1], [-2]],
      [[1], [2]],
    ]);
    stretched.max.fill_(9);
    expect(stretched.maxval!.toArray()).toEqual([[1], [2]]);
  });

  it('has a dtype that holds all its numbers', () =>
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 12 }),
        (values, exponentBits, mantissaBits) => {
          const encoding = new FloatEncoding(mantissaBits, exponentBits);
          const y = encoding.quantize(tensor(values));
          expect(y.to(encoding.dtype).to('float32').toArray()).toEqual(y.toArray());
        },
      ),
    ));

  it('quantizes as the quantizer that has it, casts of half precision included', () => {
    const x = tensor([1e-7, 1.0001, 1e6, -3.3e38]);
    for (const options of [
      { dtype: 'float16' },
      { dtype: 'bfloat16' },
      { exponentBits: 4, mantissaBits: 3 },
    ] as const) {
      const quantizer = new FloatQuantizeDequantize(options);
      expect(quantizer.getEncoding().quantize(x).toArray()).toEqual(quantizer.forward(x).toArray());
    }
  });

  it('goes to another floating dtype and to no other', () => {
    const encoding = new FloatEncoding(3, 4, tensor([1, 2]));
    expect(encoding.to('float64').maxval?.dtype).toBe('float64');
    for (const dtype of ['int8', 'float31', undefined, Symbol('s')] as never[])
      expect(() => encoding.to(dtype)).toThrow(EncodingError);
  });

  it.each([
    [-1, 4],
    [3, 0],
    [3, 9],
    [2.5, 4],
  ])('refuses %p mantissa and %p exponent bits', (mantissa, exponent) =>
    expect(() => new FloatEncoding(mantissa, exponent)).toThrow(/must be an integer from/),
  );
});
