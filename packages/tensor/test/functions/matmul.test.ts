import {
  DTypeError,
  linear,
  linearRelu,
  matmul,
  matmulInteger,
  ShapeError,
  tensor,
  zeros,
  type DType,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';

const integers = fc.constantFrom<DType>('int8', 'uint8', 'int16', 'uint16', 'int32');

const filled = (shape: readonly number[], dtype: DType, seed: number): Tensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Int32Array.from({ length: count }, (_, i) => Math.imul(i + 1, seed * 2654435761 + 40503));
  return tensor(values, { shape }).to(dtype);
};

/** The definition, exact in BigInt and wrapped at the end. */
function naive(a: Tensor, b: Tensor, aZero: (i: number) => number, bZero: (j: number) => number): number[][] {
  const [x, y] = [a.toArray() as number[][], b.toArray() as number[][]];
  return x.map((row, i) =>
    y[0]!.map((_, j) => {
      const sum = row.reduce((total, v, p) => total + BigInt(v - aZero(i)) * BigInt(y[p]![j]! - bZero(j)), 0n);
      return Number(BigInt.asIntN(32, sum));
    }),
  );
}

describe('matmul', () => {
  it('is the method as a function', () =>
    expect(matmul(tensor([[1, 2]]), tensor([[3], [4]])).toArray()).toEqual([[11]]));
});

describe('linear', () => {
  const [x, weight] = [tensor([[1, 2], [3, 4], [5, 6]]), tensor([[1, 0], [0, 1], [1, -1], [2, 1]])]; // prettier-ignore

  it('is the product with the transposed weight, plus a bias', () => {
    expect(linear(x, weight).toArray()).toEqual(x.matmul(weight.T).toArray());
    expect(linear(x, weight, tensor([1, 2, 3, 4])).toArray()).toEqual(
      x
        .matmul(weight.T)
        .add(tensor([1, 2, 3, 4]))
        .toArray(),
    );
  });

  it('takes any leading dims, of views too, a weight without outputs and a bias that broadcasts', () => {
    const many = x.expand([2, 3, 2]);
    expect(linear(many, weight, tensor([1, 2, 3, 4])).shape).toEqual([2, 3, 4]);
    expect(linear(x.select(0, 1), weight).toArray()).toEqual([3, 4, -1, 10]);
    expect(linear(x, weight.select(0, 2)).toArray()).toEqual([-1, -1, -1]);
    expect(linear(x, weight, tensor(10)).toArray()).toEqual(linear(x, weight).add(10).toArray());
    expect(linear(zeros([0, 2]), weight).shape).toEqual([0, 4]);
  });

  it('computes in the dtype all operands promote to', () => {
    expect(linear(x.to('int32'), weight.to('int8')).dtype).toBe('int32');
    expect(linear(x, weight.to('float64')).dtype).toBe('float64');
    expect(() => linear(x.to('bool'), weight.to('bool'))).toThrow(DTypeError);
  });

  it('refuses shapes that do not fit', () => {
    expect(() => linear(x, zeros([4, 3]))).toThrow(/linear: the last dim of the input must be 3, got shape \[3, 2\]/);
    expect(() => linear(x, zeros([1, 4, 2]))).toThrow(ShapeError);
    expect(() => linear(x, weight, zeros([3]))).toThrow(ShapeError);
  });
});

describe('matmulInteger', () => {
  it('is exact in int32 with wrap-around, for all integer dtypes and zero points', () =>
    fc.assert(
      fc.property(
        integers,
        integers,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: -200, max: 200 }),
        (p, q, m, k, n, zero) => {
          const [a, b] = [filled([m, k], p, zero), filled([k, n], q, zero + 7)];
          const product = matmulInteger(a, b, { aZeroPoint: zero, bZeroPoint: -zero });
          expect(product.dtype).toBe('int32');
          expect(product.toArray()).toEqual(
            naive(
              a,
              b,
              () => zero,
              () => -zero,
            ),
          );
        },
      ),
    ));

  it('takes a zero point per row and per column', () => {
    const [a, b] = [filled([3, 4], 'uint8', 3), filled([4, 2], 'int8', 5)];
    const expected = naive(
      a,
      b,
      (i) => [1, 2, 3][i]!,
      (j) => [-4, 9][j]!,
    );
    const rows = tensor([1, 2, 3], { dtype: 'int32' });
    const columns = tensor([-4, 9], { dtype: 'int8' });
    expect(matmulInteger(a, b, { aZeroPoint: rows, bZeroPoint: columns }).toArray()).toEqual(expected);
    expect(
      matmulInteger(a, b, { aZeroPoint: rows.reshape([3, 1]), bZeroPoint: columns.reshape([1, 2]) }).toArray(),
    ).toEqual(expected);
  });

  it('broadcasts batches, takes vectors and views', () => {
    const [a, b] = [filled([2, 3, 4], 'int8', 3), filled([4, 2], 'int8', 5)];
    const product = matmulInteger(a, b);
    expect(product.shape).toEqual([2, 3, 2]);
    expect(product.select(0, 1).toArray()).toEqual(matmulInteger(a.select(0, 1), b).toArray());
    expect(matmulInteger(a.select(0, 0).select(0, 1), b).toArray()).toEqual(
      product.select(0, 0).select(0, 1).toArray(),
    );
    const turned = b.transpose(0, 1).clone().transpose(0, 1);
    expect(matmulInteger(a, turned).toArray()).toEqual(product.toArray());
  });

  it('rejects floats, broken zero points and misfits', () => {
    const a = filled([2, 3], 'int8', 1);
    expect(() => matmulInteger(a, a.to('float32').transpose(0, 1))).toThrow(DTypeError);
    expect(() => matmulInteger(a, a.transpose(0, 1), { aZeroPoint: 0.5 })).toThrow(
      /zero points must be integers, got 0.5/,
    );
    expect(() => matmulInteger(a, a.transpose(0, 1), { aZeroPoint: tensor([1, 2, 3], { dtype: 'int8' }) })).toThrow(
      /zero points of shape \[3\] for a dim of size 2/,
    );
    expect(() => matmulInteger(a, a)).toThrow(/inner sizes differ/);
  });
});

describe('linearRelu', () => {
  it('is ReLU of linear, in any dtype and shape, and NaN stays', () => {
    const x = tensor([[1, -2], [NaN, 1], [0.5, 3]]); // prettier-ignore
    const weight = tensor([[1, 1], [-1, 2], [0, -3]]); // prettier-ignore
    for (const bias of [null, tensor([0.5, -1, 2]), tensor(1)])
      for (const dtype of ['float32', 'float64'] as const)
        expect(linearRelu(x.to(dtype), weight.to(dtype), bias).toArray()).toEqual(
          linear(x.to(dtype), weight.to(dtype), bias).relu().toArray(),
        );
    expect(linearRelu(x.to('float64').select(0, 2), weight.to('float64')).shape).toEqual([3]);
    expect(() => linearRelu(x, zeros([4, 3]))).toThrow(/linearRelu: the last dim/);
  });
});
