import { ArgumentError, ones, ShapeError, tensor } from '@q/tensor';
import { functional } from '@q/nn';
import { expectGradient } from '../../../tensor/test/gradcheck.js';

const { gaussianNllLoss, huberLoss, klDiv, l1Loss, poissonNllLoss, smoothL1Loss } = functional;

const input = tensor([-2, -0.6, 0.1, 0.45, 3]);
const target = tensor([0.3, -0.2, 0.4, 0.5, 1]);

describe('smoothL1Loss', () => {
  it('is the absolute error where beta is 0', () =>
    expect(smoothL1Loss(input, target, { beta: 0 }).item()).toBe(l1Loss(input, target).item()));

  it('has the gradient of its formula on both sides of beta', () => {
    for (const beta of [0.25, 1])
      expectGradient((x, y) => smoothL1Loss(x, y, { beta, reduction: 'none' }), [input, target]);
  });

  it('has the gradient 1 where the difference is infinite', () => {
    const x = tensor([Infinity], { requiresGrad: true });
    smoothL1Loss(x, tensor([0])).backward();
    expect(x.grad!.toArray()).toEqual([1]);
  });

  it('is differentiable twice: its second derivative is 1 / beta inside', () => {
    const x = tensor([0.1, 5], { requiresGrad: true });
    smoothL1Loss(x, tensor([0, 0]), { beta: 0.5, reduction: 'sum' }).backward(undefined, { createGraph: true });
    const first = x.grad!;
    x.grad = null;
    first.sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 0]);
  });

  it('refuses a negative beta', () => expect(() => smoothL1Loss(input, target, { beta: -1 })).toThrow(ArgumentError));
});

describe('huberLoss', () => {
  it('is delta times smoothL1Loss with beta = delta', () => {
    const wanted = smoothL1Loss(input, target, { beta: 0.3, reduction: 'none' }).mul(0.3);
    expect(huberLoss(input, target, { delta: 0.3, reduction: 'none' }).allclose(wanted)).toBe(true);
  });

  it('has the gradient of its formula', () =>
    expectGradient((x, y) => huberLoss(x, y, { delta: 0.3 }), [input, target]));

  it('refuses a delta of 0', () =>
    expect(() => huberLoss(input, target, { delta: 0 })).toThrow(/delta must be positive/));
});

describe('klDiv', () => {
  const p = tensor([
    [0.2, 0.8],
    [1, 0],
  ]);
  const q = tensor([
    [0.5, 0.5],
    [0.25, 0.75],
  ]);

  it('is 0 of a distribution from itself, and counts nothing where the target is 0', () => {
    expect(klDiv(q.log(), q, { reduction: 'sum' }).item()).toBeCloseTo(0, 7);
    expect(klDiv(q.log(), p, { reduction: 'none' }).toArray()).toEqual([
      [expect.closeTo(0.2 * Math.log(0.4), 6), expect.closeTo(0.8 * Math.log(1.6), 6)],
      [expect.closeTo(Math.log(4), 6), 0],
    ]);
  });

  it('divides by the batch for batchmean, by all elements for mean', () => {
    const sum = klDiv(q.log(), p, { reduction: 'sum' }).item();
    expect(klDiv(q.log(), p, { reduction: 'batchmean' }).item()).toBeCloseTo(sum / 2, 6);
    expect(klDiv(q.log(), p).item()).toBeCloseTo(sum / 4, 6);
  });

  it('takes the logarithm of the target too', () =>
    expectGradient((x, y) => klDiv(x, y, { logTarget: true }), [q.log(), q.sqrt().log()]));

  it('refuses an unknown reduction', () =>
    expect(() => klDiv(q, q, { reduction: 'average' as 'mean' })).toThrow(/reduction must be/));
});

describe('poissonNllLoss', () => {
  it('takes the rate or its logarithm', () => {
    const rate = tensor([0.5, 2, 7]);
    const count = tensor([1, 2, 3]);
    const ofLog = poissonNllLoss(rate.log(), count, { reduction: 'none' });
    expect(poissonNllLoss(rate, count, { logInput: false, eps: 0, reduction: 'none' }).allclose(ofLog)).toBe(true);
  });

  it('approximates log(n!) for counts above 1 with full, and has a finite gradient for counts of 0', () => {
    const counts = tensor([0, 1, 20], { requiresGrad: true });
    const zeros = counts.detach().zerosLike();
    const extra = poissonNllLoss(zeros, counts, { full: true, reduction: 'none' }).sub(
      poissonNllLoss(zeros, counts, { reduction: 'none' }),
    );
    expect(extra.toArray()).toEqual([0, 0, expect.closeTo(20 * Math.log(20) - 20 + 0.5 * Math.log(40 * Math.PI), 4)]);
    extra.sum().backward();
    expect(counts.grad!.isfinite().all().item()).toBe(1);
  });
});

describe('gaussianNllLoss', () => {
  const mean = tensor([
    [0, 1],
    [2, 3],
  ]);

  it('takes one variance per element, per vector, or per vector without the last dim', () => {
    const each = gaussianNllLoss(mean, mean.add(1), ones([2, 2]).mul(4));
    expect(gaussianNllLoss(mean, mean.add(1), ones([2, 1]).mul(4)).item()).toBe(each.item());
    expect(gaussianNllLoss(mean, mean.add(1), ones([2]).mul(4)).item()).toBe(each.item());
    expect(() => gaussianNllLoss(mean, mean, ones([3]))).toThrow(ShapeError);
  });

  it('keeps the gradient of a variance that is raised to eps', () => {
    const variance = tensor([0.01], { requiresGrad: true });
    gaussianNllLoss(tensor([0]), tensor([2]), variance, { eps: 1 }).backward();
    expect(variance.grad!.item()).toBeCloseTo(0.5 * (1 - 4), 5);
  });

  it('has the gradient of its formula', () =>
    expectGradient(
      (x, y, v) => gaussianNllLoss(x, y, v, { full: true, reduction: 'none' }),
      [input, target, tensor([0.5, 1, 2, 0.7, 3])],
    ));

  it('refuses negative variances', () =>
    expect(() => gaussianNllLoss(mean, mean, tensor([1, -1]))).toThrow(/a variance is negative/));
});
