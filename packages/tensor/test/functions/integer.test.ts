import { binaryScaled, lookup, randint, requantize, tensor, type ScaledBinaryName } from '@q/tensor';

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
    expect(() => requantize(tensor([1], { dtype: 'int8' }), 1)).toThrow(/accumulators must be int32, or float32/);
    expect(requantize(tensor([1.5, 2.4]), 2).toArray()).toEqual([3, 5]);
    expect(() => requantize(acc([1]), 1, { dtype: 'float32' })).toThrow(/must be an integer dtype, got float32/);
    expect(() => requantize(acc([1]), 1, { qmax: 128 })).toThrow(/int8 holds no grid \[-128, 128\]/);
    expect(() => requantize(acc([1]), 1, { zeroPoint: 0.5 })).toThrow(/zeroPoint must be an integer, got 0.5/);
    expect(() => requantize(acc([1, 2]), tensor([1, 1, 1]))).toThrow(/multiplier of shape \[3\] does not broadcast/);
  });
});

describe('binaryScaled', () => {
  const a = { values: tensor([[10, 20, 250]], { dtype: 'uint8' }), scale: 0.5, offset: -10 };
  const b = { values: tensor([[4], [-2]], { dtype: 'int8' }), scale: 0.25 };

  it('computes with the numbers that integers stand for and broadcasts', () => {
    // 0, 5 and 120 with 1 and -0.5.
    const y = binaryScaled('add', a, b, { scale: 0.5 });
    expect([y.dtype, y.toArray()]).toEqual([
      'int8',
      [
        [2, 12, 127],
        [-1, 9, 127],
      ],
    ]);
    expect(binaryScaled('mul', a, b, { scale: 1, offset: -3, dtype: 'uint8', qmax: 100 }).toArray()).toEqual([
      [3, 8, 100],
      [3, 1, 0],
    ]);
    expect(binaryScaled('div', a, { ...b, values: b.values.mul(0) }, { scale: 1 }).toArray()).toEqual([
      [0, 127, 127],
      [0, 127, 127],
    ]);
  });

  it('keeps the memory order of its operands', () => {
    const values = randint(0, 100, [30, 20], { dtype: 'uint8' }).T;
    const y = binaryScaled('maximum', { values, scale: 1 }, { values, scale: 1 }, { scale: 1, dtype: 'uint8' });
    expect(y.strides).toEqual(values.strides);
    expect(y.toArray()).toEqual(values.toArray());
  });

  it('refuses names, operands and grids that are none', () => {
    const grid = { scale: 1 };
    expect(() => binaryScaled('pow' as ScaledBinaryName, a, b, grid)).toThrow(/name must be one of "add", "sub"/);
    expect(() => binaryScaled('add', { values: tensor([1.5]), scale: 1 }, b, grid)).toThrow(
      /a must have an integer dtype, got float32/,
    );
    expect(() => binaryScaled('add', a, { values: b.values } as typeof b, grid)).toThrow(
      /scale of b must be a number, got undefined/,
    );
    expect(() => binaryScaled('add', a, b, { scale: 1, qmax: 300 })).toThrow(/int8 holds no grid \[-128, 300\]/);
    expect(() => binaryScaled('add', a, { ...b, values: tensor([1, 2], { dtype: 'int8' }) }, grid)).toThrow(
      /cannot be broadcast/,
    );
  });
});

describe('lookup', () => {
  it('gives the entry for each integer, in the memory order of x', () => {
    const x = randint(-128, 128, [40, 30], { dtype: 'int8' }).T;
    const table = tensor(Array.from({ length: 256 }, (_, i) => i / 2));
    const y = lookup(x, table, -128);
    expect(y.strides).toEqual(x.strides);
    expect(y.toArray()).toEqual(x.to('float32').add(128).div(2).toArray());
  });

  it('refuses integers without an entry, and what is no table', () => {
    const x = tensor([1, 4], { dtype: 'uint8' });
    expect(() => lookup(x, tensor([1, 2, 3]), 1)).toThrow(/4 has no entry in a table from 1 to 3/);
    expect(() => lookup(tensor([1]), tensor([1, 2]))).toThrow(/x must have an integer dtype, got float32/);
    expect(() => lookup(x, tensor([[1]]))).toThrow(/table must be a vector, got shape \[1, 1\]/);
    expect(() => lookup(x, tensor([1]), 0.5)).toThrow(/first must be an integer, got 0.5/);
  });
});
