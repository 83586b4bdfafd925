import { ArgumentError, tensor } from '@q/tensor';
import { RMSNorm, RmsNorm } from '@q/nn';

describe('root mean square normalization', () => {
  it('divides by the root mean square', () => {
    const x = tensor([[3, 4]]);
    const rms = Math.sqrt(12.5);
    for (const norm of [new RMSNorm(2, { eps: 0 }), new RmsNorm([7, 2], [-1], 0)]) {
      const [row] = norm.forward(x).toArray() as number[][];
      expect(row![0]).toBeCloseTo(3 / rms, 6);
      expect(row![1]).toBeCloseTo(4 / rms, 6);
    }
    expect(new RmsNorm([7, 2], [0, 1], 0).weight.shape).toEqual([7, 2]);
    expect(() => new RmsNorm([7], [1], 0)).toThrow(ArgumentError);
  });
});
