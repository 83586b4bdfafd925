import { ShapeError, tensor } from '@q/tensor';
import { QuantizationError } from '../../src/errors.js';
import { QuantizeDequantize } from '../../src/quantizers/affine.js';
import { spreadEnd } from '../../src/quantizers/ranges.js';

const make = (shape: number[] = []): QuantizeDequantize => {
  const quantizer = new QuantizeDequantize({ shape, bitwidth: 8, symmetric: false });
  quantizer.setRange(-1, 1);
  return quantizer;
};
const ends = ({ min, max }: QuantizeDequantize): unknown[] => [min.toArray(), max.toArray()];

describe('a range', () => {
  it.each([
    [NaN, 1],
    [-1, NaN],
    [1, -1],
    [-1, 1e39],
    [-Infinity, 1],
  ])('from %p to %p is refused, and the quantizer keeps its own', (min, max) => {
    const quantizer = make();
    expect(() => quantizer.setRange(min, max)).toThrow(QuantizationError);
    expect(() => quantizer.setRange(min, max)).toThrow(
      `QuantizeDequantize.setRange: a range goes from a finite min to a finite max that is not below it, got min=${min} and max=${Math.fround(max)} in float32.`,
    );
    expect(ends(quantizer)).toEqual([-1, 1]);
  });

  it('of one channel among others is named by its entry', () => {
    const quantizer = make([3]);
    expect(() => quantizer.setRange(-1, tensor([1, NaN, -2]))).toThrow(/got min=-1 and max=NaN in float32 at entry 1/);
    expect(ends(quantizer)).toEqual([
      [-1, -1, -1],
      [1, 1, 1],
    ]);
  });

  it('may have no width, as in AIMET', () => {
    const quantizer = make();
    quantizer.setRange(2, 2);
    expect([quantizer.getScale()?.item(), ...ends(quantizer)]).toEqual([0, 2, 2]);
  });
});

describe('an end of ranges', () => {
  it('spreads to the shape, and keeps its entries where only the dims are others', () => {
    expect(spreadEnd('op', 'min', 3, [2, 1], false).toArray()).toEqual([[3], [3]]);
    expect(spreadEnd('op', 'min', tensor([[[1], [2]]]), [2, 1], false).toArray()).toEqual([[1], [2]]);
    expect(spreadEnd('op', 'min', tensor([[[1]], [[2]]]), [2], true).toArray()).toEqual([1, 2]);
    expect(() => spreadEnd('op', 'max', tensor([1, 2, 3]), [2], false)).toThrow(ShapeError);
    expect(() => spreadEnd('op', 'max', tensor([1, 2, 3]), [2], false)).toThrow(
      /op: max of shape \[3\] does not spread/,
    );
  });
});
