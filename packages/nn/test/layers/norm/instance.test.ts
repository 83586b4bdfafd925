import { ArgumentError, randn, ShapeError } from '@q/tensor';
import { InstanceNorm1d } from '@q/nn';

describe('instance normalization', () => {
  it('takes a sample without a batch', () => {
    const x = randn([3, 5]);
    const norm = new InstanceNorm1d(3, { affine: true, trackRunningStats: true });
    expect(norm.forward(x).shape).toEqual([3, 5]);
    expect(norm.eval().forward(x.unsqueeze(0)).shape).toEqual([1, 3, 5]);
    expect(() => norm.forward(randn([1, 1, 3, 5]))).toThrow(ShapeError);
  });

  it('normalizes every channel of every sample', () => {
    const y = new InstanceNorm1d(3).forward(randn([2, 3, 50]).mul(5).add(7));
    expect(y.mean(2).abs().max().item()).toBeLessThan(1e-5);
    expect(y.var(2, { correction: 0 }).sub(1).abs().max().item()).toBeLessThan(1e-3);
  });

  it('refuses a momentum that is no part', () =>
    expect(() => new InstanceNorm1d(3, { momentum: NaN })).toThrow(ArgumentError));
});
