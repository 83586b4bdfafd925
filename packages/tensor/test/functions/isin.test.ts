import fc from 'fast-check';
import { ArgumentError, isin, tensor, type DType } from '@q/tensor';

describe('isin', () => {
  it('says of each element whether it occurs, in tensors of any shape and dtype', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 8 }),
        fc.constantFrom<DType>('int32', 'float32', 'uint8', 'float64'),
        fc.constantFrom<DType>('int32', 'float32', 'int8'),
        fc.boolean(),
        (elements, test, a, b, invert) => {
          const got = isin(tensor(elements, { dtype: a }).unsqueeze(0), tensor(test, { dtype: b }), { invert });
          expect([got.dtype, got.shape]).toEqual(['bool', [1, elements.length]]);
          expect(got.flatten().toArray()).toEqual(elements.map((value) => Number(test.includes(value) !== invert)));
        },
      ),
    ));

  it('compares in the dtype that both promote to; NaN is nowhere', () => {
    expect(isin(tensor([1, 2], { dtype: 'int32' }), tensor([1.5, 2])).toArray()).toEqual([0, 1]);
    expect(isin(tensor([NaN, 1, Infinity]), tensor([NaN, 1])).toArray()).toEqual([0, 1, 0]);
  });

  it('wants tensors', () => expect(() => isin(tensor([1]), [1] as never)).toThrow(ArgumentError));
});
