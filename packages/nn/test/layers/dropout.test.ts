import { ArgumentError, Generator, ones, randn, tensor } from '@q/tensor';
import * as nn from '@q/nn';

const { functional } = nn;

describe('dropout', () => {
  it('drops a share p, scales the rest and keeps the expectation', () => {
    const y = functional.dropout(ones([20000]), { p: 0.25, generator: new Generator(1) });
    const values = [...y.data];
    expect(new Set(values).size).toBe(2);
    expect(Math.max(...values)).toBeCloseTo(1 / 0.75, 6);
    expect(values.filter((value) => value === 0).length / values.length).toBeCloseTo(0.25, 1);
    expect(y.mean().item()).toBeCloseTo(1, 1);
  });

  it('repeats from a generator of the same seed', () => {
    const run = (): unknown => functional.dropout(ones([50]), { generator: new Generator(9) }).toArray();
    expect(run()).toEqual(run());
  });

  it('gives the gradient of what was kept', () => {
    const x = tensor([1, 2, 3, 4, 5, 6], { requiresGrad: true });
    const y = functional.dropout(x, { generator: new Generator(2) });
    y.sum().backward();
    expect(x.grad!.mul(x.detach()).toArray()).toEqual(y.toArray());
  });

  it('passes its very input through in evaluation', () => {
    const x = ones([3]);
    for (const layer of [new nn.Dropout(), new nn.Dropout2d(), new nn.AlphaDropout(), new nn.FeatureAlphaDropout()])
      expect(layer.eval().forward(x)).toBe(x);
  });

  it.each([
    ['Dropout1d', new nn.Dropout1d(), [8, 16, 5], 2],
    ['Dropout1d without batch', new nn.Dropout1d(), [64, 5], 1],
    ['Dropout2d', new nn.Dropout2d(), [8, 16, 3, 3], 2],
    ['Dropout3d without batch', new nn.Dropout3d(), [64, 2, 2, 2], 1],
    ['FeatureAlphaDropout', new nn.FeatureAlphaDropout(), [8, 16, 3], 2],
  ])('%s decides once per channel', (_, layer, shape, outer) => {
    const y = layer.forward(ones(shape));
    const planes = y.reshape([shape.slice(0, outer).reduce((a, b) => a * b, 1), -1]);
    const { min, max } = { min: planes.amin(1), max: planes.amax(1) };
    expect(min.equal(max)).toBe(true);
    expect(new Set(min.data).size).toBe(2);
  });

  it('AlphaDropout keeps mean and variance', () => {
    const y = functional.alphaDropout(randn([40000], { generator: new Generator(4) }), {
      p: 0.3,
      generator: new Generator(5),
    });
    expect(y.mean().item()).toBeCloseTo(0, 1);
    expect(y.std().item()).toBeCloseTo(1, 1);
  });

  it('takes p as a number or in options and wants a probability', () => {
    expect(new nn.Dropout({ p: 0.1 }).p).toBe(0.1);
    expect(() => new nn.Dropout(1.5)).toThrow(ArgumentError);
    expect(() => functional.dropout(ones([1]), { p: NaN })).toThrow(/p must be a number from 0 to 1, got NaN/);
  });
});
