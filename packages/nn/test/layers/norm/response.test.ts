import { ArgumentError, tensor } from '@q/tensor';
import { LocalResponseNorm } from '@q/nn';

describe('LocalResponseNorm', () => {
  it('divides by the power of the mean square over neighbouring channels', () => {
    const y = new LocalResponseNorm(3, { alpha: 3, beta: 2, k: 1 }).forward(tensor([[[1], [2], [3]]]));
    const wanted = [1 / (1 + 5) ** 2, 2 / (1 + 14) ** 2, 3 / (1 + 13) ** 2];
    (y.reshape([-1]).toArray() as number[]).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 6));
  });

  it('wants a size', () => expect(() => new LocalResponseNorm(0)).toThrow(ArgumentError));
});
