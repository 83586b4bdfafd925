import { arange, ArgumentError, DTypeError, FormatError, tensor, type DType, type TypedArray } from '@q/tensor';
import { fromOnnx, toOnnx } from '@q/tensor/io';

class OnnxTensor {
  constructor(
    readonly type: string,
    readonly data: TypedArray,
    readonly dims: readonly number[],
  ) {}
}

describe('fromOnnx', () => {
  it('shares the elements', () => {
    const data = new Float32Array([1, 2, 3, 4, 5, 6]);
    const x = fromOnnx({ type: 'float32', dims: [2, 3], data });
    expect(x.shape).toEqual([2, 3]);
    data[0] = 8;
    expect(x.slice(0, 0).item()).toBe(8);
  });

  it('reads wide integers into int32, if they fit', () => {
    expect(fromOnnx({ type: 'int64', dims: [2], data: new BigInt64Array([-5n, 7n]) }).toArray()).toEqual([-5, 7]);
    expect(fromOnnx({ type: 'uint32', dims: [], data: new Uint32Array([7]) }).dtype).toBe('int32');
    expect(() => fromOnnx({ type: 'uint32', dims: [1], data: new Uint32Array([2 ** 31]) })).toThrow(FormatError);
  });

  it('rejects strings and what is not on the CPU', () => {
    expect(() => fromOnnx({ type: 'string', dims: [1], data: ['a'] })).toThrow(ArgumentError);
    expect(() => fromOnnx({ type: 'int4', dims: [1], data: new Int8Array(1) })).toThrow(DTypeError);
    expect(() => fromOnnx(null as unknown as OnnxTensor)).toThrow(ArgumentError);
  });
});

describe('toOnnx', () => {
  it.each(['float32', 'float64', 'float16', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'] as const)(
    'keeps %s, and comes back equal',
    (dtype: DType) => {
      const x = tensor([[0, 1, 1]], { dtype });
      const there = toOnnx(x, OnnxTensor);
      expect(there).toMatchObject({ type: dtype, dims: [1, 3] });
      expect(there.data).toBe(x.data);
      expect(fromOnnx(there).dtype).toBe(dtype);
      expect(fromOnnx(there).toArray()).toEqual([[0, 1, 1]]);
    },
  );

  it('packs views', () =>
    expect(Array.from(toOnnx(arange(6).reshape([2, 3]).T, OnnxTensor).data)).toEqual([0, 3, 1, 4, 2, 5]));

  it('rejects bfloat16', () =>
    expect(() => toOnnx(tensor([1], { dtype: 'bfloat16' }), OnnxTensor)).toThrow(DTypeError));
});
