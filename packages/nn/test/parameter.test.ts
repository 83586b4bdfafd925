import { DTypeError, ones, Tensor, zeros } from '@q/tensor';
import { Parameter } from '@q/nn';

describe('Parameter', () => {
  it('is a leaf that shares storage and wants a gradient', () => {
    const base = ones([2]);
    const parameter = new Parameter(base.mul(2));
    expect(parameter.isLeaf && parameter.requiresGrad).toBe(true);
    expect(new Parameter(base).storage).toBe(base.storage);
    expect(base.requiresGrad).toBe(false);
  });

  it('gives plain tensors in operations and gets its gradient', () => {
    const parameter = new Parameter(ones([2]));
    const y = parameter.mul(3);
    expect(y).toBeInstanceOf(Tensor);
    expect(y).not.toBeInstanceOf(Parameter);
    y.sum().backward();
    expect(parameter.grad?.toArray()).toEqual([3, 3]);
  });

  it('wants no gradient of a dtype that has none', () => {
    expect(() => new Parameter(zeros([1], { dtype: 'int8' }))).toThrow(DTypeError);
    expect(new Parameter(zeros([1], { dtype: 'int8' }), { requiresGrad: false }).dtype).toBe('int8');
  });
});
