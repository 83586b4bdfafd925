import fc from 'fast-check';
import { matmulInteger, tensor } from '@q/tensor';
import { largestSum, LARGEST_ACCUMULATOR, overflow, reachOf } from '../../src/kernels/bounds.js';

const byte = fc.integer({ min: -128, max: 127 });

describe('the bound of accumulators', () => {
  it('is met by the worst input, and by no other passed', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(byte, byte, byte, byte), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: -20, max: 20 }),
        fc.integer({ min: 1, max: 255 }),
        (rows, zero, reach) => {
          const values = tensor(rows, { dtype: 'int8' });
          const bound = largestSum(values, Int32Array.of(zero)) * reach;
          const sums = rows.map((row) => {
            const worst = row.map((w) => (w - zero < 0 ? -reach : reach));
            const x = tensor([worst], { dtype: 'int16' });
            return matmulInteger(
              x,
              tensor(
                row.map((w) => [w]),
                { dtype: 'int8' },
              ),
              { bZeroPoint: zero },
            ).item();
          });
          expect(Math.max(...sums)).toBe(bound);
        },
      ),
    ));

  it('of blocks is that of the largest', () => {
    const values = tensor(
      [
        [1, -2, 30, 4, 5, -6],
        [1, 1, 1, 1, 1, 1],
      ],
      { dtype: 'int8' },
    );
    expect([largestSum(values, null), largestSum(values, null, 3)]).toEqual([48, 34]);
  });

  // The worst case by bitwidths, as docs/integer-inference.md has it.
  it.each([
    [8, 8, 65_793],
    [4, 8, 1_052_688],
    [8, 16, 256],
    [4, 16, 4_096],
  ])('admits inner sizes for weights of %i and activations of %i bits up to %i', (weights, activations, largest) => {
    const sum = (k: number) => k * 2 ** (weights - 1);
    const reach = reachOf(0, 2 ** activations - 1, 0);
    expect(overflow(sum(largest), reach)).toBeNull();
    expect(overflow(sum(largest + 1), reach)).toMatch(/do not fit accumulators of 32 bits/);
    expect(sum(largest) * reach).toBeLessThanOrEqual(LARGEST_ACCUMULATOR);
  });
});
