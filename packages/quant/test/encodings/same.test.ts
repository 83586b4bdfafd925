import { tensor } from '@q/tensor';
import { sameEncoding } from '../../src/encodings/same.js';
import { AffineEncoding } from '../../src/index.js';

const grid = { bitwidth: 8, signed: true };
const perChannel = (scales: number[], options = {}) =>
  new AffineEncoding(tensor(scales.map((s) => [s])), tensor(scales.map(() => [0])), { ...grid, ...options });

describe('sameEncoding', () => {
  it('compares the grid, the blocks, and every scale and offset', () => {
    const encoding = new AffineEncoding(0.5, -3, grid);
    expect(sameEncoding(encoding, new AffineEncoding(0.5, -3, grid))).toBe(true);
    for (const other of [
      new AffineEncoding(0.25, -3, grid),
      new AffineEncoding(0.5, -2, grid),
      new AffineEncoding(0.5, -3, { bitwidth: 7, signed: true }),
      new AffineEncoding(tensor([0.5]), tensor([-3]), grid),
    ])
      expect(sameEncoding(encoding, other)).toBe(false);
    expect(sameEncoding(perChannel([1, 2]), perChannel([1, 2]))).toBe(true);
    expect(sameEncoding(perChannel([1, 2]), perChannel([1, 3]))).toBe(false);
    expect(sameEncoding(perChannel([1, 2]), perChannel([1, 2], { blockSize: [1, 4] }))).toBe(false);
  });

  it('sees a scale that was written to', () => {
    const [a, b] = [perChannel([1, 2]), perChannel([1, 2])];
    expect(sameEncoding(a, b)).toBe(true);
    a.scale.mul_(2);
    expect(sameEncoding(a, b)).toBe(false);
  });
});
