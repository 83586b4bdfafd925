import {
  ArgumentError,
  ShapeError,
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  ones,
  randn,
  rmsNorm,
  tensor,
  zeros,
  type Tensor,
} from '@q/tensor';
import fc from 'fast-check';
import { expectGradient } from '../gradcheck.js';

const list = (x: Tensor): number[] => Array.from(x.data);

function expectClose(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const wanted = list(expected);
  list(actual).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 9));
}

/** The definition over some dims, in tensor operations. */
function standardized(x: Tensor, dims: readonly number[], eps: number): Tensor {
  const centred = x.sub(x.mean(dims, { keepdim: true }));
  return centred.div(centred.mul(centred).mean(dims, { keepdim: true }).add(eps).sqrt());
}

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 });
const normal = (shape: readonly number[]): Tensor => randn([...shape], { dtype: 'float64' });

describe('layerNorm', () => {
  it('standardizes over the last dims, whatever the view', () =>
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 2 }), (shape, count) => {
        const x = normal(shape.toReversed()).permute(shape.map((_, d) => shape.length - 1 - d));
        const sizes = shape.slice(-count);
        const [weight, bias] = [normal(sizes), normal(sizes)];
        const dims = sizes.map((_, i) => shape.length - count + i);
        expectClose(layerNorm(x, sizes, { weight, bias }), standardized(x, dims, 1e-5).mul(weight).add(bias));
      }),
    ));

  it('has the gradients of x, weight and bias', () => {
    expectGradient(
      (x, weight, bias) => layerNorm(x!, [2, 3], { weight, bias }),
      [normal([2, 2, 3]), normal([2, 3]), normal([2, 3])],
    );
    expectGradient((x, bias) => layerNorm(x!, 4, { bias }), [normal([3, 4]), normal([4])]);
    expectGradient((x) => layerNorm(x!, 4, { eps: 0.1 }), [normal([4])]);
  });

  it('stays exact far from zero', () => {
    const x = tensor([1e6 + 1, 1e6 + 2, 1e6 + 3]);
    const y = list(layerNorm(x, 3, { eps: 0 }));
    expect(y[1]).toBe(0);
    expect(y[2]).toBeCloseTo(Math.sqrt(1.5), 6);
  });

  it('says what does not fit', () => {
    const x = normal([2, 3]);
    expect(() => layerNorm(x, [2])).toThrow(/the last dims of x \[2, 3\] must be the normalized shape \[2\]/);
    expect(() => layerNorm(x, 3, { weight: ones([2]) })).toThrow(/weight must have shape \[3\], got \[2\]/);
    expect(() => layerNorm(x, 3, { eps: -1 })).toThrow(ArgumentError);
    expect(() => layerNorm(x, [])).toThrow(ShapeError);
  });
});

describe('rmsNorm', () => {
  it('divides by the root mean square', () => {
    const [x, weight] = [normal([3, 5]), normal([5])];
    const rms = x.mul(x).mean(1, { keepdim: true }).add(1e-6).sqrt();
    expectClose(rmsNorm(x, 5, { weight, eps: 1e-6 }), x.div(rms).mul(weight));
    expectGradient((a, w) => rmsNorm(a!, 5, { weight: w, eps: 1e-6 }), [x, weight]);
    expect(list(rmsNorm(zeros([3]), 3))).toEqual([0, 0, 0]);
  });
});

describe('groupNorm', () => {
  it('standardizes each group of channels of each sample', () => {
    const [x, weight, bias] = [normal([2, 6, 3, 2]), normal([6]), normal([6])];
    for (const groups of [1, 2, 3, 6]) {
      const expected = standardized(x.reshape([2, groups, -1]), [2], 1e-5).reshape(x.shape);
      const scaled = expected.mul(weight.reshape([6, 1, 1])).add(bias.reshape([6, 1, 1]));
      expectClose(groupNorm(x, groups, { weight, bias }), scaled);
    }
    expectGradient(
      (a, w, b) => groupNorm(a!, 2, { weight: w, bias: b }),
      [normal([2, 4, 3]), normal([4]), normal([4])],
    );
    expect(() => groupNorm(x, 4)).toThrow(/6 channels do not divide into 4 groups/);
  });
});

describe('batchNorm', () => {
  it('uses the statistics of the batch in training, and moves the running ones', () => {
    const [x, weight, bias] = [normal([4, 3, 2]), normal([3]), normal([3])];
    const [mean, variance] = [zeros([3], { dtype: 'float64' }), ones([3], { dtype: 'float64' })];
    const y = batchNorm(x, mean, variance, { weight, bias, training: true, momentum: 0.25 });
    const expected = standardized(x, [0, 2], 1e-5);
    expectClose(y, expected.mul(weight.reshape([3, 1])).add(bias.reshape([3, 1])));
    expectClose(mean, x.mean([0, 2]).mul(0.25));
    expectClose(variance, x.var([0, 2]).mul(0.25).add(0.75));
  });

  it('uses the running statistics otherwise, and leaves them alone', () => {
    const [x, weight] = [normal([2, 3]), normal([3])];
    const [mean, variance] = [normal([3]), normal([3]).abs()];
    const before = [list(mean), list(variance)].map((values) => [...values]);
    expectClose(batchNorm(x, mean, variance, { weight }), x.sub(mean).div(variance.add(1e-5).sqrt()).mul(weight));
    expect([list(mean), list(variance)]).toEqual(before);
  });

  it('has the gradients of both modes', () => {
    const inputs = [normal([3, 2, 2]), normal([2]), normal([2])];
    expectGradient((x, weight, bias) => batchNorm(x!, null, null, { weight, bias, training: true }), inputs);
    const [mean, variance] = [normal([2]), normal([2]).abs()];
    expectGradient((x, weight, bias) => batchNorm(x!, mean, variance, { weight, bias }), inputs);
  });

  it('trains through the graph: running statistics are not part of it', () => {
    const x = normal([3, 2]);
    x.requiresGrad = true;
    const mean = zeros([2]);
    batchNorm(x, mean, ones([2]), { training: true })
      .sum()
      .backward();
    expect(mean.requiresGrad).toBe(false);
    list(x.grad!).forEach((value) => expect(value).toBeCloseTo(0, 9));
  });

  it('says what is missing', () => {
    expect(() => batchNorm(normal([1, 3]), null, null, { training: true })).toThrow(/more than one value per channel/);
    expect(() => batchNorm(normal([2, 3]), null, null)).toThrow(ArgumentError);
    expect(() => batchNorm(normal([3]), zeros([3]), ones([3]))).toThrow(ShapeError);
    expect(() => batchNorm(normal([2, 3]), zeros([2]), ones([3]))).toThrow(/running statistics must have shape \[3\]/);
  });
});

describe('instanceNorm', () => {
  it('standardizes each channel of each sample', () => {
    const [x, weight] = [normal([2, 3, 4, 2]), normal([3])];
    const expected = standardized(x, [2, 3], 1e-5);
    expectClose(instanceNorm(x), expected);
    expectClose(instanceNorm(x, { weight }), expected.mul(weight.reshape([3, 1, 1])));
    expectGradient((a, w) => instanceNorm(a!, { weight: w }), [normal([2, 2, 3]), normal([2])]);
  });

  it('moves running statistics to the mean over the batch, and uses them where asked', () => {
    const x = normal([2, 3, 4]);
    const [runningMean, runningVar] = [zeros([3], { dtype: 'float64' }), ones([3], { dtype: 'float64' })];
    instanceNorm(x, { runningMean, runningVar, momentum: 0.5 });
    expectClose(runningMean, x.mean([0, 2]).mul(0.5));
    expectClose(runningVar, x.var(2).mean(0).mul(0.5).add(0.5));
    expectClose(
      instanceNorm(x, { runningMean, runningVar, useInputStats: false }),
      batchNorm(x, runningMean, runningVar),
    );
    expect(() => instanceNorm(normal([2, 3, 1]))).toThrow(/more than one position/);
  });
});

describe('localResponseNorm', () => {
  it('divides by a power of the squares of neighbouring channels', () => {
    const x = tensor([[[1], [2], [3], [4]]], { dtype: 'float64' });
    const y = list(localResponseNorm(x, 3, { alpha: 3, beta: 1, k: 1 }));
    [1 / (1 + 1 + 4), 2 / (1 + 1 + 4 + 9), 3 / (1 + 4 + 9 + 16), 4 / (1 + 9 + 16)].forEach((value, i) =>
      expect(y[i]).toBeCloseTo(value, 9),
    );
    // An even size looks further back than ahead.
    expect(list(localResponseNorm(x, 2, { alpha: 2, beta: 1 }))[1]).toBeCloseTo(2 / (1 + 1 + 4), 9);
    expectGradient((a) => localResponseNorm(a!, 3, { alpha: 0.5 }), [normal([2, 4, 2])]);
    expect(() => localResponseNorm(normal([2, 3]), 3)).toThrow(ShapeError);
    expect(() => localResponseNorm(x, 0)).toThrow(ArgumentError);
  });
});
