import { tensor } from '@q/tensor';
import { affineParameters } from '../../src/quantizers/parameters.js';

const grid = { qmin: 0, qmax: 255, symmetric: false };

describe('affineParameters', () => {
  it('places the grid on the range', () => {
    const [scale, offset] = affineParameters(tensor([-1, 0]), tensor([1.55, 2.55]), grid);
    expect(scale.toArray()).toEqual([expect.closeTo(0.01, 7), expect.closeTo(0.01, 7)]);
    expect(offset.toArray()).toEqual([-100, 0]);
  });

  it('has the offset 0 on any symmetric grid', () =>
    expect(affineParameters(tensor(-1), tensor(1), { ...grid, symmetric: true })[1].item()).toBe(0));

  it('gives an empty range no offset rather than a made-up one', () =>
    expect(affineParameters(tensor(2), tensor(2), grid).map((y) => y.item())).toEqual([0, Infinity]));

  it('passes the gradient of the scale on to both ends, in opposite directions', () => {
    const [min, max] = [tensor(-1, { requiresGrad: true }), tensor(1.55, { requiresGrad: true })];
    affineParameters(min, max, grid)[0].backward();
    expect([min.grad?.item(), max.grad?.item()]).toEqual([Math.fround(-1 / 255), Math.fround(1 / 255)]);
  });

  it('passes the gradient of the offset through the rounding', () => {
    const [min, max] = [tensor(-1, { requiresGrad: true }), tensor(1.55, { requiresGrad: true })];
    affineParameters(min, max, grid)[1].backward();
    // offset ~ n * min / (max - min)
    expect(min.grad?.item()).toBeCloseTo((255 * 1.55) / 2.55 ** 2, 3);
    expect(max.grad?.item()).toBeCloseTo(255 / 2.55 ** 2, 3);
  });
});
