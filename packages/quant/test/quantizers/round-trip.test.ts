import fc from 'fast-check';
import { tensor, type Tensor } from '@q/tensor';
import { affine } from '../../src/index.js';

/** Where a scale applies: to the whole `[2, 6]`, to a row, to a block of three. */
const granularities = {
  tensor: { shape: [], blockSize: null },
  channel: { shape: [2, 1], blockSize: null },
  block: { shape: [2, 2], blockSize: [1, 3] },
} as const;

/** A calibrated quantizer of some grid, what it was calibrated with, and other values to quantize. */
const calibrated = fc
  .record({
    granularity: fc.constantFrom(...(Object.keys(granularities) as (keyof typeof granularities)[])),
    bitwidth: fc.integer({ min: 2, max: 16 }),
    symmetric: fc.boolean(),
    magnitude: fc.integer({ min: -20, max: 20 }),
    seen: fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 }),
    values: fc.array(fc.float({ min: -2, max: 2, noNaN: true }), { minLength: 12, maxLength: 12 }),
  })
  .map(({ granularity, bitwidth, symmetric, magnitude, seen, values }) => {
    const { shape, blockSize } = granularities[granularity];
    const options = { shape, blockSize, bitwidth, symmetric };
    const quantizer = new affine.QuantizeDequantize(options);
    const scaled = (list: readonly number[]): Tensor => tensor(list.map((v) => v * 2 ** magnitude)).reshape([2, 6]);
    quantizer.computeEncodings(() => quantizer.forward(scaled(seen)));
    const [scale, min, max] = [quantizer.getScale()!, quantizer.getMin()!, quantizer.getMax()!].map((entries) => {
      const columns = granularity === 'block' ? entries.repeatInterleave(3, { dim: 1 }) : entries;
      return Array.from(columns.expand([2, 6]).contiguous().data);
    }) as [number[], number[], number[]];
    return { quantizer, options, x: scaled(values), scale, min, max };
  });

const list = (x: Tensor): number[] => Array.from(x.data);

describe('quantizing and dequantizing', () => {
  it('moves a value inside the range by half a step at most, one outside to the end', () =>
    fc.assert(
      fc.property(calibrated, ({ quantizer, x, scale, min, max }) => {
        const values = list(x);
        list(quantizer.forward(x)).forEach((y, i) => {
          const [v, low, high] = [values[i]!, min[i]!, max[i]!];
          const nearest = v < low ? low : v > high ? high : v;
          // Rounding to float32 adds a few units in the last place of the largest number involved.
          const slack = 2 ** -22 * Math.max(Math.abs(low), Math.abs(high));
          expect(Math.abs(y - nearest)).toBeLessThanOrEqual(scale[i]! / 2 + slack);
        });
      }),
    ));

  it('changes nothing the second time, to the bit', () =>
    fc.assert(
      fc.property(calibrated, ({ quantizer, x }) => {
        const once = quantizer.forward(x);
        expect(list(quantizer.forward(tensor(list(once)).reshape([2, 6])))).toEqual(list(once).map((v) => v + 0));
        expect(list(quantizer.forward(once))).toEqual(list(once));
      }),
    ));

  it('is what the integers of Quantize stand for', () =>
    fc.assert(
      fc.property(calibrated, ({ quantizer, options, x }) => {
        const integer = new affine.Quantize(options);
        integer.setRange(quantizer.min, quantizer.max);
        const quantized = integer.forward(x) as ReturnType<affine.Quantize['quantize']>;
        expect(list(quantized.dequantize())).toEqual(list(quantizer.forward(x)));
        const { data } = quantized.quantizedRepr();
        expect(Math.min(...data)).toBeGreaterThanOrEqual(integer.qmin);
        expect(Math.max(...data)).toBeLessThanOrEqual(integer.qmax);
      }),
    ));
});
