import {
  dequantizeLinear,
  layerNorm,
  layerNormInteger,
  quantizeLinear,
  randint,
  randn,
  rmsNorm,
  rmsNormInteger,
  softmaxScaled,
  tensor,
  type Tensor,
} from '@q/tensor';

const values = randint(0, 256, [4, 50, 64], { dtype: 'uint8' });
const [scale, zeroPoint] = [Math.fround(0.02), 100];
const floats = dequantizeLinear(values, scale, -zeroPoint);

/** The most steps apart, and how many positions differ at all. */
function apart(a: Tensor, b: Tensor): { most: number; count: number } {
  const steps = a.to('int32').sub(b.to('int32')).abs();
  return { most: steps.max().item(), count: steps.ne(0).to('int32').sum().item() };
}

describe('softmaxScaled', () => {
  const grid = { scale: 1 / 255, offset: 3, qmin: -3, qmax: 255, dtype: 'int16' as const };

  it.each([-1, 0, 1, 2])('is dequantization, softmax along dim %i and quantization in one', (dim) => {
    const y = softmaxScaled({ values, scale: 0.02, offset: -100 }, dim, grid);
    expect(y.dtype).toBe('int16');
    const wanted = quantizeLinear(floats.softmax(dim), Math.fround(1 / 255), 3, -3, 255);
    expect(y.toArray()).toEqual(wanted.toArray());
  });

  it('takes a single number, nothing at all, and values in any order', () => {
    expect(softmaxScaled({ values: tensor(7, { dtype: 'int8' }), scale: 1 }, 0, { scale: 0.5 }).toArray()).toBe(2);
    const none = softmaxScaled({ values: values.narrow(0, 0, 0), scale: 1 }, -1, { scale: 1 });
    expect(none.shape).toEqual([0, 50, 64]);
    const turned = softmaxScaled({ values: values.transpose(1, 2), scale: 0.02 }, 1, grid);
    expect(turned.transpose(1, 2).toArray()).toEqual(softmaxScaled({ values, scale: 0.02 }, 2, grid).toArray());
  });

  it('refuses values, dims and grids that are none', () => {
    expect(() => softmaxScaled({ values: tensor([1.5]), scale: 1 }, 0, grid)).toThrow(/x must have an integer dtype/);
    expect(() => softmaxScaled({ values, scale: 1 }, 3, grid)).toThrow(/softmaxScaled: .*dim/);
    expect(() => softmaxScaled({ values, scale: 1 }, 0, { ...grid, dtype: 'int8' })).toThrow(/int8 holds no grid/);
  });
});

describe('layerNormInteger and rmsNormInteger', () => {
  const step = 0.04;
  const [weight, bias] = [randn([64]).add(1), randn([64])];
  const requantize = {
    multiplier: weight.div(step),
    bias: bias.div(step),
    zeroPoint: 128,
    dtype: 'uint8' as const,
  };

  it('is the norm of the numbers on a grid, but for ties', () => {
    const y = layerNormInteger(values, { scale, requantize });
    expect([y.dtype, y.shape]).toEqual(['uint8', [4, 50, 64]]);
    const wanted = quantizeLinear(layerNorm(floats, 64, { weight, bias }), Math.fround(step), -128, 0, 255);
    const { most, count } = apart(y, wanted);
    expect(most).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(0.001 * y.numel);
  });

  it('counts deviations from the zero point where it is the root mean square', () => {
    const y = rmsNormInteger(values, { scale, zeroPoint, eps: 0.1, requantize });
    const wanted = quantizeLinear(rmsNorm(floats, 64, { weight, eps: 0.1 }).add(bias), Math.fround(step), -128, 0, 255);
    const { most, count } = apart(y, wanted);
    expect(most).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(0.001 * y.numel);
  });

  it('takes plain numbers, signed bytes, and the default of eps from layerNorm', () => {
    const x = tensor([[-3, -1, 1, 3]], { dtype: 'int8' });
    // Deviations over sqrt(5).
    expect(layerNormInteger(x, { scale: 1, requantize: { multiplier: 100, bias: 1 } }).toArray()).toEqual([
      [-128, -44, 46, 127],
    ]);
    expect(
      rmsNormInteger(x.add(5).to('int8'), { scale: 1, zeroPoint: 5, requantize: { multiplier: 10 } }).toArray(),
    ).toEqual([[-13, -4, 4, 13]]);
    const constant = tensor([[4, 4]], { dtype: 'int8' });
    expect(layerNormInteger(constant, { scale: 1, requantize: { multiplier: 9, bias: 2 } }).toArray()).toEqual([
      [2, 2],
    ]);
  });

  it('refuses what is no row of bytes, and factors of another size', () => {
    expect(() => layerNormInteger(randn([3]), { scale, requantize })).toThrow(/x must be int8 or uint8, got float32/);
    expect(() => layerNormInteger(values, { scale: NaN, requantize })).toThrow(/scale must be positive and finite/);
    expect(() => layerNormInteger(values, { scale, eps: -1, requantize })).toThrow(/eps must be a number/);
    expect(() => layerNormInteger(values.narrow(2, 0, 9), { scale, requantize })).toThrow(
      /multiplier of shape \[64\] for 9/,
    );
    expect(() => layerNormInteger(values, { scale } as never)).toThrow(/requantize must be given/);
    expect(() => rmsNormInteger(values, { scale, zeroPoint: 0.5, requantize })).toThrow(/zeroPoint must be an integer/);
  });
});
