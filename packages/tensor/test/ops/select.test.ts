import { ArgumentError, DTypeError, ShapeError, tensor, where, zeros, type Tensor } from '@q/tensor';
import { expectGradient } from '../gradcheck.js';
import { distinct } from './random.js';

describe('where', () => {
  const condition = tensor([true, false]);

  it('selects, broadcasting all three', () =>
    expect(where(condition.unsqueeze(1), tensor([1, 2]), 0).toArray()).toEqual([
      [1, 2],
      [0, 0],
    ]));

  it('lets no infinite gradient through where it did not select', () => {
    const x = tensor([4, 0], { requiresGrad: true });
    x.sqrt().where(condition, 0).sum().backward();
    expect(x.grad!.toArray()).toEqual([0.25, NaN]);
    const y = tensor([4, Infinity], { requiresGrad: true });
    y.where(condition, 1)
      .mul(tensor([1, Infinity]))
      .sum()
      .backward();
    expect(y.grad!.toArray()).toEqual([1, 0]);
  });

  it('has gradients summed to the shapes of both', () =>
    expectGradient((a, b) => where(distinct([3, 2], 1).gt(0), a, b), [distinct([3, 2], 2), distinct([2], 3)]));

  it('wants a bool condition', () => {
    expect(() => tensor([1, 2]).where(tensor([1, 0]), 0)).toThrow(/where: the condition must be bool, got float32/);
    expect(
      tensor([1, 2])
        .where(tensor([1, 0], { dtype: 'uint8' }), 0)
        .toArray(),
    ).toEqual([1, 0]);
  });
});

describe('maskedFill', () => {
  it('keeps the dtype', () => {
    const x = tensor([1, 2, 3], { dtype: 'int8' });
    const y = x.maskedFill(tensor([true, false, true]), -1);
    expect([y.dtype, y.toArray()]).toEqual(['int8', [-1, 2, -1]]);
    expect(x.maskedFill(tensor([true, false, true]), tensor(9)).toArray()).toEqual([9, 2, 9]);
  });

  it('has gradients where it did and did not fill', () =>
    expectGradient((x, v) => x.maskedFill(distinct([3, 2], 1).gt(0), v), [distinct([3, 2], 2), tensor(1.5)]));

  it('rejects a value the dtype cannot hold, a value of several elements and a mask of numbers', () => {
    const x = tensor([1, 2], { dtype: 'uint8' });
    const mask = tensor([true, false]);
    expect(() => x.maskedFill(mask, 300)).toThrow(/300 is not a value of uint8/);
    expect(() => x.maskedFill(mask, 0.5)).toThrow(DTypeError);
    expect(() => x.maskedFill(mask, tensor([1, 2]))).toThrow(ShapeError);
    expect(() => x.maskedFill(x, 1)).toThrow(DTypeError);
  });
});

describe('clamp', () => {
  const gradient = (f: (x: Tensor) => Tensor): unknown => {
    const x = tensor([-2, -1, 0, 1, 2, NaN], { requiresGrad: true });
    f(x).sum().backward();
    return x.grad!.toArray();
  };

  it('bounds by numbers on one side or both; NaN stays', () => {
    const x = tensor([-2, 0, 2, NaN]);
    expect(x.clamp({ min: -1, max: 1 }).toArray()).toEqual([-1, 0, 1, NaN]);
    expect(x.clampMin(1).toArray()).toEqual([1, 1, 2, NaN]);
    expect(x.clamp({ max: -1 }).toArray()).toEqual([-2, -1, -1, NaN]);
    expect(x.clamp({ min: 1, max: -1 }).toArray()).toEqual([-1, -1, -1, NaN]);
    expect(x.clamp({ min: NaN }).toArray()).toEqual([NaN, NaN, NaN, NaN]);
  });

  it('passes the gradient at the bounds, none for NaN', () => {
    expect(gradient((x) => x.clamp({ min: -1, max: 1 }))).toEqual([0, 1, 1, 1, 0, 0]);
    expect(gradient((x) => x.clampMax(1))).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it('bounds by tensors that broadcast, with gradients of their own', () => {
    const x = distinct([3, 4], 7);
    const [min, max] = [tensor([-1.1, -0.9, -1.2, -0.3]), tensor([[0.61], [1.07], [0.2]])];
    expect(x.clamp({ min, max: 5 }).toArray()).toEqual(x.maximum(min).minimum(5).toArray());
    expectGradient((v, low, high) => v.clamp({ min: low, max: high }), [x, min, max]);
  });

  it('promotes integers to meet a fraction, and rejects what they cannot hold', () => {
    const x = tensor([1, 200], { dtype: 'uint8' });
    expect(x.clamp({ max: 100 }).dtype).toBe('uint8');
    expect(x.clamp({ max: 1.5 }).dtype).toBe('float32');
    expect(() => x.clamp({ min: -5 })).toThrow(/clamp: -5 is not a value of uint8 \(0 to 255\)/);
    expect(() => x.clamp({})).toThrow(ArgumentError);
  });
});

describe('nanToNum', () => {
  const x = tensor([NaN, Infinity, -Infinity, 1.5], { requiresGrad: true });

  it('defaults to 0 and the limits of the dtype', () => {
    const limit = 3.4028234663852886e38;
    expect(x.nanToNum().toArray()).toEqual([0, limit, -limit, 1.5]);
    expect(x.nanToNum({ nan: 7, posinf: 8, neginf: -8 }).toArray()).toEqual([7, 8, -8, 1.5]);
    expect(zeros([1], { dtype: 'int8' }).nanToNum().dtype).toBe('int8');
  });

  it('has a gradient only where it changed nothing', () => {
    x.nanToNum().sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0, 0, 1]);
  });
});

it('maskedFill keeps the dtype of halves, and passes gradients', () => {
  const x = tensor([1, 2], { dtype: 'float16', requiresGrad: true });
  const y = x.maskedFill(tensor([true, false]), 0);
  expect([y.dtype, y.detach().toArray()]).toEqual(['float16', [0, 2]]);
  y.sum().backward();
  expect([x.grad!.dtype, x.grad!.toArray()]).toEqual(['float16', [0, 1]]);
});
