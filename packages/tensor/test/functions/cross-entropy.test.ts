import { ArgumentError, crossEntropy, nllLoss, ShapeError, tensor } from '@q/tensor';

const x = tensor([[1, 2, 0.5], [0.1, -1, 3]]); // prettier-ignore
const classes = tensor([1, 2], { dtype: 'int32' });

describe('crossEntropy', () => {
  it('is the negative log-likelihood under the logarithm of softmax', () => {
    for (const reduction of ['none', 'mean', 'sum'] as const)
      expect(crossEntropy(x, classes, { reduction }).toArray()).toEqual(
        nllLoss(x.logSoftmax(1), classes, { reduction }).toArray(),
      );
  });

  it('of probabilities is the expected loss', () => {
    const spread = tensor([[0.2, 0.8, 0], [0, 0, 1]]); // prettier-ignore
    const wanted = x.logSoftmax(1).mul(spread).sum(1).neg();
    expect(crossEntropy(x, spread, { reduction: 'none' }).allclose(wanted)).toBe(true);
  });

  it('with smoothing moves a share of every target to all classes', () => {
    const smooth = classes.oneHot(3).to('float32').mul(0.7).add(0.1);
    expect(crossEntropy(x, classes, { labelSmoothing: 0.3 }).item()).toBeCloseTo(crossEntropy(x, smooth).item(), 6);
  });

  it('refuses what does not fit before anything is computed', () => {
    expect(() => crossEntropy(tensor(1), tensor(0, { dtype: 'int32' }))).toThrow(ShapeError);
    expect(() => crossEntropy(x, classes, { reduction: 'median' as 'mean' })).toThrow(ArgumentError);
    expect(() => crossEntropy(x, x, { reduction: 'median' as 'mean' })).toThrow(ArgumentError);
    expect(() => crossEntropy(x, classes, { labelSmoothing: -1 })).toThrow(ArgumentError);
  });
});
