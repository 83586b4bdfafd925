import {
  ArgumentError,
  DTypeError,
  ShapeError,
  enableGrad,
  isGradEnabled,
  noGrad,
  ones,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';

const leaf = (values: number[]) => tensor(values, { requiresGrad: true });

describe('noGrad', () => {
  it('records nothing inside and restores the mode after an exception', () => {
    const x = leaf([1]);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new RangeError('inside');
      }),
    ).toThrow(RangeError);
    expect(isGradEnabled()).toBe(true);
  });

  it('is lifted by enableGrad', () => {
    const x = leaf([1]);
    expect(noGrad(() => enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
  });

  it('rejects an async function, whose body would outlive the mode', () => {
    expect(() => noGrad(async () => 1)).toThrow(ArgumentError);
  });
});

describe('requiresGrad', () => {
  it('belongs to floating tensors', () => {
    expect(() => zeros([2], { dtype: 'int32', requiresGrad: true })).toThrow(/int32/);
  });

  it('cannot be taken from a computed tensor', () => {
    const y = leaf([1]).mul(2);
    expect(() => (y.requiresGrad = false)).toThrow(/detach/);
    expect(y.detach().requiresGrad).toBe(false);
  });

  it('forbids writing to a leaf while recording, and allows it under noGrad', () => {
    const x = leaf([1, 2]);
    expect(() => x.fill_(0)).toThrow(/noGrad/);
    noGrad(() => x.fill_(5));
    expect(x.toArray()).toEqual([5, 5]);
  });
});

describe('the grad of a tensor', () => {
  it('takes what backward could have computed, and nothing else', () => {
    const x = tensor([1, 2], { requiresGrad: true });
    x.grad = ones([2]);
    expect(() => (x.grad = ones([3]))).toThrow(ShapeError);
    expect(() => (x.grad = ones([]))).toThrow(/shape \[2\] has no gradient of shape \[\]/);
    expect(() => (x.grad = ones([2], { dtype: 'float64' }))).toThrow(DTypeError);
    expect(() => (x.grad = [1, 2] as unknown as Tensor)).toThrow(ArgumentError);
    expect(x.grad.toArray()).toEqual([1, 1]);
    x.grad = null;
    expect(x.grad).toBeNull();
  });
});
