import { ArgumentError, DTypeError, tensor, type TypedArray } from '@q/tensor';
import { fromTfjs, toTfjs } from '@q/tensor/io';

const create = (values: TypedArray, shape: readonly number[], dtype: string) => ({
  shape,
  dtype,
  dataSync: () => values,
});

describe('fromTfjs', () => {
  it('shares what dataSync gives', () => {
    const values = new Float32Array([1, 2]);
    const x = fromTfjs(create(values, [2, 1], 'float32'));
    values[1] = 5;
    expect(x.toArray()).toEqual([[1], [5]]);
    expect(fromTfjs(create(new Uint8Array([1, 0]), [2], 'bool')).dtype).toBe('bool');
    expect(fromTfjs(create(new Int32Array([4]), [], 'int32')).item()).toBe(4);
  });

  it('rejects other types and other objects', () => {
    expect(() => fromTfjs(create(new Float32Array(2), [1], 'complex64'))).toThrow(DTypeError);
    expect(() => fromTfjs({ shape: [1], dtype: 'float32', dataSync: () => ['1'] })).toThrow(ArgumentError);
    expect(() => fromTfjs({} as ReturnType<typeof create>)).toThrow(ArgumentError);
  });
});

describe('toTfjs', () => {
  it.each([
    ['float32', 'float32'],
    ['float16', 'float32'],
    ['bfloat16', 'float32'],
    ['int8', 'int32'],
    ['uint16', 'int32'],
    ['int32', 'int32'],
    ['bool', 'bool'],
  ] as const)('makes %s %s', (dtype, type) => {
    const there = toTfjs(tensor([[1, 0]], { dtype }), create);
    expect(there).toMatchObject({ shape: [1, 2], dtype: type });
    expect(fromTfjs(there).toArray()).toEqual([[1, 0]]);
  });

  it('shares float32', () => {
    const x = tensor([1, 2]);
    expect(toTfjs(x, create).dataSync()).toBe(x.data);
  });

  it('rejects float64', () => expect(() => toTfjs(tensor([1], { dtype: 'float64' }), create)).toThrow(DTypeError));
});
