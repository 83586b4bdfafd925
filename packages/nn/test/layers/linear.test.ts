import { ArgumentError, ones, ShapeError, tensor } from '@q/tensor';
import { Bilinear, Identity, Linear } from '@q/nn';

describe('Linear', () => {
  it('maps the last dim, whatever stands before it', () => {
    const linear = new Linear(3, 2);
    expect(linear.forward(ones([3])).shape).toEqual([2]);
    expect(linear.forward(ones([4, 5, 3])).shape).toEqual([4, 5, 2]);
  });

  it('starts within 1 / sqrt(inFeatures)', () => {
    const { weight, bias } = new Linear(100, 50);
    for (const parameter of [weight, bias!]) {
      const largest = parameter.detach().abs().max().item();
      expect(largest).toBeLessThanOrEqual(0.1);
      expect(largest).toBeGreaterThan(0.09);
    }
  });

  it('refuses inputs of another size and sizes that are none', () => {
    expect(() => new Linear(3, 2).forward(ones([4, 2]))).toThrow(ShapeError);
    expect(() => new Linear(0, 2)).toThrow(ArgumentError);
    expect(() => new Linear(2.5, 2)).toThrow(/inFeatures must be a positive integer, got 2.5/);
  });
});

describe('Bilinear', () => {
  it('computes x1 W x2 + b per output', () => {
    const layer = new Bilinear(2, 2, 1);
    layer.loadStateDict({
      weight: tensor([
        [
          [1, 2],
          [3, 4],
        ],
      ]),
      bias: tensor([10]),
    });
    expect(layer.forward(tensor([[1, 2]]), tensor([[5, 7]])).toArray()).toEqual([[5 + 14 + 2 * (15 + 28) + 10]]);
    expect(() => layer.forward(ones([1, 2]), ones([2, 2]))).toThrow(ShapeError);
  });
});

describe('Identity', () => {
  it('gives its input back and ignores arguments of its constructor', () => {
    const x = ones([2]);
    expect(new Identity(3, { any: true }).forward(x)).toBe(x);
  });
});
