import { ArgumentError, ShapeError, zeros } from '@q/tensor';
import { LayerNorm } from '@q/nn';

describe('LayerNorm', () => {
  it('without bias has a weight only', () => {
    expect(Object.keys(new LayerNorm(3, { bias: false }).stateDict())).toEqual(['weight']);
    expect(new LayerNorm(3, { elementwiseAffine: false }).parameters()).toEqual([]);
    expect(() => new LayerNorm([])).toThrow(ArgumentError);
    expect(() => new LayerNorm(3).forward(zeros([3, 2]))).toThrow(ShapeError);
  });

  it('refuses sizes that are none, and a negative eps', () => {
    for (const shape of [[], [0], [2.5], 'x']) expect(() => new LayerNorm(shape as number[])).toThrow(ArgumentError);
    for (const eps of [-1, NaN, 'x']) expect(() => new LayerNorm(3, { eps: eps as number })).toThrow(/LayerNorm: eps/);
  });
});
