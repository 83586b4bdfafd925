import { requantize, tensor } from '@q/tensor';

const acc = (values: number[]) => tensor(values, { dtype: 'int32' });

describe('requantize', () => {
  it('scales, rounds half to even, moves the zero and clamps', () => {
    const y = requantize(acc([1, 3, 5, -1, -3, 1000, -1000]), 0.5, { dtype: 'uint8', zeroPoint: 10 });
    expect(y.dtype).toBe('uint8');
    expect(y.toArray()).toEqual([10, 12, 12, 10, 8, 255, 0]);
  });

  it('takes a multiplier and a bias per channel', () =>
    expect(requantize(acc([10, 20]), tensor([0.1, 1]), { bias: tensor([0, 0.6]), qmax: 15 }).toArray()).toEqual([
      1, 15,
    ]));

  it('refuses accumulators, dtypes and grids that are none', () => {
    expect(() => requantize(tensor([1.5]), 1)).toThrow(/accumulators must be int32, got float32/);
    expect(() => requantize(acc([1]), 1, { dtype: 'float32' })).toThrow(/must be an integer dtype, got float32/);
    expect(() => requantize(acc([1]), 1, { qmax: 128 })).toThrow(/int8 holds no grid \[-128, 128\]/);
    expect(() => requantize(acc([1]), 1, { zeroPoint: 0.5 })).toThrow(/zeroPoint must be an integer, got 0.5/);
    expect(() => requantize(acc([1, 2]), tensor([1, 1, 1]))).toThrow(/multiplier of shape \[3\] does not broadcast/);
  });
});
