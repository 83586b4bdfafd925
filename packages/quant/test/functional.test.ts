import { tensor, zeros } from '@q/tensor';
import { dequantize, quantize, quantizeDequantize } from '../src/functional.js';
import { QuantizationError } from '../src/errors.js';

const one = tensor(1);
const zero = tensor(0);

describe('the functional forms', () => {
  it('round half to even and clamp to the grid', () =>
    expect(quantize(tensor([0.5, 1.5, 2.5, 300, -7]), one, zero, { bitwidth: 8 }).toArray()).toEqual([
      0, 2, 2, 255, 0,
    ]));

  it('quantizeDequantize is quantize, then dequantize', () => {
    const x = tensor([
      [0.1, -2.3, 9],
      [4, 5.5, -0.2],
    ]);
    const scale = tensor([[0.25], [0.5]]);
    const offset = tensor([[-3], [1]]);
    const grid = { qmin: -8, qmax: 7 };
    const twice = dequantize(quantize(x, scale, offset, grid), scale, offset);
    expect(quantizeDequantize(x, scale, offset, grid).toArray()).toEqual(twice.toArray());
  });

  it('take a scale per block', () =>
    expect(
      quantize(tensor([2, 2, 2, 2]), tensor([1, 0.5]), tensor([0, 0]), { bitwidth: 8, blockSize: [2] }).toArray(),
    ).toEqual([2, 2, 4, 4]));

  it('do not make x larger than it is', () => {
    expect(() => quantize(zeros([3, 4]), zeros([5, 1]), zeros([5, 1]), { bitwidth: 8 })).toThrow(
      /shape \[5, 1\] does not spread over a tensor of shape \[3, 4\]/,
    );
    expect(() => quantizeDequantize(zeros([3]), zeros([2, 3]), zero, { bitwidth: 8 })).toThrow(/does not spread/);
  });

  it('quantize refuses a grid that float32 cannot count through, quantizeDequantize computes it in float64', () => {
    expect(() => quantize(one, one, zero, { bitwidth: 25 })).toThrow(/float32 cannot represent every integer/);
    for (const [dtype, bitwidth] of [
      ['float16', 11],
      ['bfloat16', 8],
    ] as const) {
      const half = one.to(dtype);
      expect(quantize(half, one, zero, { bitwidth }).dtype).toBe(dtype);
      expect(() => quantize(half, one, zero, { bitwidth: bitwidth + 1 })).toThrow(
        new RegExp(`${dtype} cannot represent every integer .* Use at most ${bitwidth} bits`),
      );
    }
    expect(quantize(one.to('float64'), one, zero, { bitwidth: 32 }).dtype).toBe('float64');
    expect(quantize(one, one, zero, { bitwidth: 24 }).item()).toBe(1);
    expect(quantizeDequantize(tensor(0.75), tensor(2 ** -30), zero, { bitwidth: 32 }).item()).toBe(0.75);
  });

  it('refuse unknown options and grids that are none', () => {
    expect(() => quantize(one, one, zero, { bitwidth: 8, foo: 1 } as never)).toThrow(/unknown option foo/);
    expect(() => quantize(one, one, zero, { qmin: 5, qmax: 4 })).toThrow(QuantizationError);
    expect(quantize(tensor(9), one, zero, { qmin: 5, qmax: 5 }).item()).toBe(5);
  });
});
