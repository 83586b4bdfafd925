import fc from 'fast-check';
import { joinBytes, randint, splitBytes, tensor } from '@q/tensor';

describe('splitBytes', () => {
  it('is undone by joinBytes, for integers within 16 bits of the shift', () =>
    fc.assert(
      fc.property(fc.integer({ min: -40_000, max: 40_000 }), fc.integer({ min: 2, max: 30 }), (shift, rows) => {
        const x = randint(shift - 32_768, shift + 32_768, [rows, 20], { dtype: 'int32' }).T;
        const { high, low } = splitBytes(x, shift);
        expect([high.dtype, low.dtype, high.strides]).toEqual(['int8', 'uint8', x.strides]);
        expect(joinBytes(high.to('int32'), low.to('int32')).add(shift).toArray()).toEqual(x.toArray());
      }),
    ));

  it('refuses floats, shifts and sums that are none', () => {
    expect(() => splitBytes(tensor([1.5]))).toThrow(/x must have an integer dtype/);
    expect(() => splitBytes(tensor([1], { dtype: 'int16' }), 0.5)).toThrow(/shift must be an integer, got 0.5/);
    const sums = tensor([1], { dtype: 'int32' });
    expect(() => joinBytes(sums, tensor([1]))).toThrow(/low must be int32, got float32/);
    expect(() => joinBytes(sums, tensor([1, 2], { dtype: 'int32' }))).toThrow(/shapes differ: \[1\] and \[2\]/);
  });
});
