import {
  avgPool1d,
  avgPool2d,
  adaptiveAvgPool2d,
  avgPoolScaled,
  dequantizeLinear,
  quantizeLinear,
  randint,
  tensor,
} from '@q/tensor';

const grid = { scale: 0.03, offset: -10, dtype: 'uint8' as const };

describe('avgPoolScaled', () => {
  const values = randint(0, 256, [3, 4, 9, 8], { dtype: 'uint8' });
  const x = { values, scale: 0.02, offset: -100 };
  const floats = dequantizeLinear(values, 0.02, -100);

  it('is dequantization, the pool and quantization in one, with the options of the pool', () => {
    const options = { stride: 2, padding: 1, ceilMode: true, countIncludePad: false } as const;
    expect(avgPoolScaled(x, { kernelSize: 3, ...options }, grid).toArray()).toEqual(
      quantizeLinear(avgPool2d(floats, 3, options), 0.03, -10, 0, 255).toArray(),
    );
    expect(avgPoolScaled(x, { outputSize: [2, null] }, grid).toArray()).toEqual(
      quantizeLinear(adaptiveAvgPool2d(floats, [2, null]), 0.03, -10, 0, 255).toArray(),
    );
    const line = { ...x, values: values.reshape([3, 4, 72]) };
    expect(avgPoolScaled(line, { kernelSize: [5], divisorOverride: 4 }, grid).toArray()).toEqual(
      quantizeLinear(avgPool1d(floats.reshape([3, 4, 72]), 5, { divisorOverride: 4 }), 0.03, -10, 0, 255).toArray(),
    );
  });

  it('keeps channels that lie first in memory there', () => {
    const first = { ...x, values: values.transpose(0, 1).contiguous().transpose(0, 1) };
    const y = avgPoolScaled(first, { kernelSize: 2 }, grid);
    expect(y.strides.slice(0, 2)).toEqual([16, 48]);
    expect(y.toArray()).toEqual(avgPoolScaled(x, { kernelSize: 2 }, grid).toArray());
  });

  it('refuses values, regions and grids that are none', () => {
    expect(() => avgPoolScaled({ ...x, values: tensor([[[1.5]]]) }, { outputSize: 1 }, grid)).toThrow(
      /x must have an integer dtype/,
    );
    expect(() => avgPoolScaled({ ...x, values: values.reshape([-1]) }, { outputSize: 1 }, grid)).toThrow(
      /x must have rank 3 to 5/,
    );
    expect(() => avgPoolScaled(x, { kernelSize: 20 }, grid)).toThrow(/a window of \[20, 20\] does not fit/);
    expect(() => avgPoolScaled(x, { kernelSize: 2, divisorOverride: 0 }, grid)).toThrow(/must not be 0/);
    expect(() => avgPoolScaled(x, { outputSize: 1 }, { ...grid, qmax: 256 })).toThrow(/uint8 holds no grid/);
  });
});
