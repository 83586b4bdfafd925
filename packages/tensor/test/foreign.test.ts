import { ArgumentError, DTypeError, ShapeError, tensor } from '@q/tensor';

describe('tensor() of memory that exists', () => {
  it('shares a buffer as elements of the dtype it is told', () => {
    const { buffer } = new Float32Array([1, 2, 3, 4]);
    const x = tensor(buffer, { dtype: 'float32', shape: [2, 2] });
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    new Float32Array(buffer)[3] = 9;
    expect(x.toArray()).toEqual([
      [1, 2],
      [3, 9],
    ]);
    expect(tensor(new SharedArrayBuffer(4), { dtype: 'int16' }).shape).toEqual([2]);
    expect(tensor(new ArrayBuffer(4), { dtype: 'bfloat16' }).dtype).toBe('bfloat16');
  });

  it('wants to know what the bytes of a buffer are', () => {
    expect(() => tensor(new ArrayBuffer(8))).toThrow(/does not say what its bytes are/);
    expect(() => tensor(new ArrayBuffer(6), { dtype: 'int32' })).toThrow(ShapeError);
    expect(() => tensor(new ArrayBuffer(8), { dtype: 'int32', shape: [3] })).toThrow(ShapeError);
  });

  it('shares the pixels of an image, row by row, four channels each', () => {
    const image = { data: Uint8ClampedArray.from({ length: 24 }, (_, i) => i), width: 3, height: 2 };
    const x = tensor(image);
    expect(x.shape).toEqual([2, 3, 4]);
    expect(x.dtype).toBe('uint8');
    expect(x.select(0, 1).select(0, 2).toArray()).toEqual([20, 21, 22, 23]);
    image.data[20] = 300;
    expect(x.slice(1, 2, 0).item()).toBe(255);
    expect(tensor(image, { dtype: 'float32' }).dtype).toBe('float32');
    expect(() => tensor({ ...image, width: 4 })).toThrow(ShapeError);
  });

  it('shares clamped bytes as uint8', () => {
    const bytes = new Uint8ClampedArray([1, 2]);
    const x = tensor(bytes);
    bytes[0] = 7;
    expect(x.toArray()).toEqual([7, 2]);
  });

  it('takes a part of a buffer', () =>
    expect(tensor(new Uint8ClampedArray(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)).toArray()).toEqual([2, 3]));

  it('rejects views without a dtype', () => {
    expect(() => tensor(new DataView(new ArrayBuffer(8)) as unknown as Uint8Array)).toThrow(DTypeError);
    expect(() => tensor(new BigUint64Array(1) as unknown as Uint8Array)).toThrow(DTypeError);
    expect(() => tensor({ data: [1], width: 1, height: 1 } as unknown as number[])).toThrow(ArgumentError);
  });
});
