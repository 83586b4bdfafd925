import fc from 'fast-check';
import { DTypeError, dtypes, isFloat, isInt, promoteTypes, resultType, type DType } from '@q/tensor';

const all = Object.keys(dtypes) as DType[];
const anyDType = fc.constantFrom(...all);
const anyInteger = fc.constantFrom(...all.filter((dtype) => dtypes[dtype].kind !== 'float'));
const holds = (wide: DType, value: number): boolean => dtypes[wide].min <= value && value <= dtypes[wide].max;

describe('promoteTypes', () => {
  it('is symmetric and idempotent', () =>
    fc.assert(
      fc.property(anyDType, anyDType, (a, b) => {
        expect(promoteTypes(a, b)).toBe(promoteTypes(b, a));
        expect(promoteTypes(a, promoteTypes(a, b))).toBe(promoteTypes(a, b));
      }),
    ));

  it('holds the range of both operands, integers among themselves', () =>
    fc.assert(
      fc.property(anyInteger, anyInteger, (a, b) => {
        const wide = promoteTypes(a, b);
        for (const { min, max } of [dtypes[a], dtypes[b]]) expect(holds(wide, min) && holds(wide, max)).toBe(true);
      }),
    ));

  it.each([
    ['uint8', 'int8', 'int16'],
    ['uint16', 'int16', 'int32'],
    ['int32', 'float16', 'float16'],
    ['float16', 'bfloat16', 'float32'],
    ['bool', 'uint8', 'uint8'],
  ] as const)('%s and %s meet in %s', (a, b, expected) => expect(promoteTypes(a, b)).toBe(expected));
});

describe('resultType', () => {
  const dimmed = (dtype: DType) => ({ dtype, ndim: 1, weak: null });
  const scalar = (dtype: DType) => ({ dtype, ndim: 0, weak: null });
  const number = (dtype: DType) => ({ dtype: 'float64' as const, ndim: 0, weak: dtype });

  it('lets a 0-d tensor change the kind only', () => {
    expect(resultType([dimmed('float32'), scalar('float64')])).toBe('float32');
    expect(resultType([dimmed('int8'), scalar('float64')])).toBe('float64');
  });

  it('gives a plain number the dtype of the tensor beside it unless its kind is higher', () => {
    expect(resultType([dimmed('int8'), number('int32')])).toBe('int8');
    expect(resultType([dimmed('int8'), number('float32')])).toBe('float32');
    expect(resultType([dimmed('bool'), number('int32')])).toBe('int32');
    expect(resultType([dimmed('float64'), number('float32')])).toBe('float64');
  });
});

describe('what is no dtype', () => {
  it.each([['int64'], ['constructor'], ['__proto__'], [undefined], [Symbol('s')], [Object.create(null)], [3]])(
    '%p is refused',
    (value) => {
      for (const ask of [
        () => isFloat(value as DType),
        () => isInt(value as DType),
        () => promoteTypes(value as DType, value as DType),
        () => promoteTypes('int8', value as DType),
        () => resultType([{ dtype: value as DType, ndim: 1, weak: null }]),
        () => resultType([{ dtype: 'int8', ndim: 0, weak: value as DType }]),
        () => resultType(value as never),
        () => resultType([value] as never),
      ])
        expect(ask).toThrow(DTypeError);
    },
  );
});
