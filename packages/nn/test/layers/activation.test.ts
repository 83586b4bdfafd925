import { ones, randn, ShapeError, tensor, zeros } from '@q/tensor';
import * as nn from '@q/nn';

describe('activations', () => {
  it('keep their options as properties that may change', () => {
    const layer = new nn.LeakyReLU({ negativeSlope: 0.5 });
    expect(layer.forward(tensor([-2])).item()).toBe(-1);
    layer.negativeSlope = 0.25;
    expect(layer.forward(tensor([-2])).item()).toBe(-0.5);
    expect(new nn.ELU({ alpha: undefined }).alpha).toBe(1);
  });

  it('have classes of their own', () => {
    expect(new nn.ELU()).not.toBeInstanceOf(nn.CELU);
    expect(new nn.ReLU()).not.toBeInstanceOf(nn.Sigmoid);
  });

  it('PReLU learns one slope, or one per channel', () => {
    const layer = new nn.PReLU({ numParameters: 3, init: 0.5 });
    expect(layer.forward(ones([2, 3, 4]).neg()).toArray()).toEqual(ones([2, 3, 4]).mul(-0.5).toArray());
    layer
      .forward(ones([2, 3, 4]).neg())
      .sum()
      .backward();
    expect(layer.weight.grad!.toArray()).toEqual([-8, -8, -8]);
  });

  it('RReLU draws its slopes in training and takes their mean in evaluation', () => {
    const layer = new nn.RReLU({ lower: 0.2, upper: 0.4 });
    const x = ones([1000]).neg();
    const slopes = [...layer.forward(x).neg().data];
    expect(Math.min(...slopes)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...slopes)).toBeLessThanOrEqual(0.4);
    expect(new Set(slopes).size).toBeGreaterThan(100);
    expect(layer.forward(ones([3])).toArray()).toEqual([1, 1, 1]);
    expect(
      layer
        .eval()
        .forward(tensor([-1]))
        .item(),
    ).toBeCloseTo(-0.3, 6);
  });

  it('softmax takes its dim as a number, in options, or by the rank', () => {
    const x = randn([2, 3, 4]);
    expect(new nn.Softmax({ dim: 2 }).forward(x).equal(new nn.Softmax(2).forward(x))).toBe(true);
    expect(new nn.Softmax().forward(x).equal(new nn.Softmax(0).forward(x))).toBe(true);
    expect(
      new nn.LogSoftmax()
        .forward(zeros([2, 4]))
        .exp()
        .sum(1)
        .allclose(ones([2])),
    ).toBe(true);
    expect(() => new nn.Softmax2d().forward(zeros([2, 2]))).toThrow(ShapeError);
  });
});
