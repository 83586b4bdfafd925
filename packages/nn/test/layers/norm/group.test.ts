import { zeros } from '@q/tensor';
import { GroupNorm } from '@q/nn';

describe('GroupNorm', () => {
  it('wants channels that divide', () => expect(() => new GroupNorm(3, 4)).toThrow(/do not divide/));

  it('refuses a single value per group, counted over the batch as PyTorch does', () => {
    const norm = new GroupNorm(2, 2);
    for (const shape of [
      [1, 2],
      [1, 2, 1, 1],
    ])
      expect(() => norm.eval().forward(zeros(shape))).toThrow(/GroupNorm: needs more than one value per group/);
    expect(norm.forward(zeros([2, 2])).shape).toEqual([2, 2]);
    expect(norm.forward(zeros([0, 2])).shape).toEqual([0, 2]);
  });
});
