import { ArgumentError, randn, ShapeError, tensor, zeros } from '@q/tensor';
import { BatchNorm1d, BatchNorm2d } from '@q/nn';

describe('batch normalization', () => {
  it('keeps PyTorch names in its state', () =>
    expect(Object.keys(new BatchNorm2d(2).stateDict())).toEqual([
      'weight',
      'bias',
      'running_mean',
      'running_var',
      'num_batches_tracked',
    ]));

  it('with momentum null, averages all batches', () => {
    const norm = new BatchNorm1d(1, { momentum: null });
    norm.forward(tensor([[0], [2]]));
    norm.forward(tensor([[4], [6]]));
    expect(norm.runningMean!.item()).toBeCloseTo(3, 6);
    expect(norm.numBatchesTracked!.item()).toBe(2);
    norm.resetRunningStats();
    expect([norm.runningMean!.item(), norm.runningVar!.item(), norm.numBatchesTracked!.item()]).toEqual([0, 1, 0]);
  });

  it('does not touch its statistics in evaluation', () => {
    const norm = new BatchNorm1d(2).eval();
    const x = randn([4, 2]);
    expect(norm.forward(x).allclose(x, { atol: 1e-4 })).toBe(true);
    expect(norm.runningMean!.toArray()).toEqual([0, 0]);
  });

  it('without running statistics, normalizes by the batch in evaluation too', () => {
    const y = new BatchNorm1d(1, { trackRunningStats: false }).eval().forward(tensor([[1], [3]]));
    expect(y.detach().mean().item()).toBeCloseTo(0, 6);
  });

  it('takes a batch of nothing in training and leaves its running statistics', () => {
    const norm = new BatchNorm2d(3);
    const x = zeros([0, 3, 2, 2], { requiresGrad: true });
    const y = norm.forward(x);
    y.sum().backward();
    expect([y.shape, x.grad!.shape, norm.weight!.grad!.toArray()]).toEqual([x.shape, x.shape, [0, 0, 0]]);
    expect([norm.runningMean!.toArray(), norm.runningVar!.toArray()]).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
    expect(norm.eval().forward(x).shape).toEqual(x.shape);
  });

  it('keeps its running statistics where it no longer tracks them, and evaluates by them', () => {
    const norm = new BatchNorm1d(1, { affine: false });
    const batch = tensor([[1], [3]]);
    norm.forward(batch);
    const kept = norm.runningMean!.item();
    norm.trackRunningStats = false;
    expect(norm.forward(batch.add(5)).mean().item()).toBeCloseTo(0, 6);
    expect([norm.runningMean!.item(), norm.numBatchesTracked!.item()]).toEqual([kept, 1]);
    expect(
      norm
        .eval()
        .forward(tensor([[kept]]))
        .item(),
    ).toBeCloseTo(0, 6);
  });

  it('counts no batch that it refuses', () => {
    const norm = new BatchNorm1d(3);
    expect(() => norm.forward(zeros([1, 3]))).toThrow(ShapeError);
    expect(norm.numBatchesTracked!.item()).toBe(0);
  });

  it('checks rank, channels and size', () => {
    expect(() => new BatchNorm2d(3).forward(zeros([2, 3]))).toThrow(/wants 3 channels in an input of rank 4/);
    expect(() => new BatchNorm1d(3).forward(zeros([2, 4]))).toThrow(ShapeError);
    expect(() => new BatchNorm1d(3).forward(zeros([1, 3]))).toThrow(ShapeError);
    expect(() => new BatchNorm1d(0)).toThrow(ArgumentError);
  });

  it.each([NaN, -0.1, 1.5, 'x'])('refuses a momentum of %p', (momentum) =>
    expect(() => new BatchNorm1d(3, { momentum: momentum as number })).toThrow(
      /BatchNorm1d: momentum must be a number from 0 to 1/,
    ),
  );
});
