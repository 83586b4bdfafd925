import fc from 'fast-check';
import {
  ArgumentError,
  dequantizeLinear,
  DTypeError,
  fakeQuantize,
  leastErrorGrid,
  quantizeLinear,
  ShapeError,
  tensor,
  zeros,
} from '../../src/index.js';

const float = fc.float({ noNaN: true, min: -8, max: 8 });
const floats = fc.array(float, { minLength: 1, maxLength: 24 });
const list = (x: { data: ArrayLike<number> }): number[] => Array.from(x.data);

/** The formulas of the docstrings, one element at a time. */
function naive(x: number, scale: number, offset: number, qmin: number, qmax: number): number {
  const t = Math.fround(x / scale);
  const low = Math.floor(t);
  const r = t - low > 0.5 || (t - low === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return Math.min(Math.max(Math.fround(r - offset), qmin), qmax);
}

describe('quantizeLinear', () => {
  it('is clamp(rint(x / scale) - offset, qmin, qmax) in float32, whatever the views', () =>
    fc.assert(
      fc.property(
        floats,
        fc.float({ noNaN: true, min: Math.fround(0.01), max: 2 }),
        fc.integer({ min: -9, max: 9 }),
        (xs, scale, offset) => {
          const x = tensor([xs, xs.map((v) => v / 2)]);
          const expected = list(x).map((v) => naive(v, scale, offset, -8, 7) + 0);
          expect(list(quantizeLinear(x, tensor(scale), tensor(offset), -8, 7)).map((v) => v + 0)).toEqual(expected);
          const turned = x.transpose(0, 1).clone().transpose(0, 1);
          expect(list(quantizeLinear(turned, scale, offset, -8, 7)).map((v) => v + 0)).toEqual(expected);
          expect(list(quantizeLinear(x, scale, offset, -8, 7, { dtype: 'int8' }))).toEqual(expected);
        },
      ),
    ));

  it('rounds half to even and divides by the scale', () => {
    expect(list(quantizeLinear(tensor([0.5, 1.5, 2.5, -0.5, -1.5]), 1, 0, -8, 7))).toEqual([0, 2, 2, -0, -2]);
    // 0.35 / 0.1 is below 3.5 in float32 where 0.35 * (1 / 0.1) is not.
    const third = Math.fround(0.35);
    expect(list(quantizeLinear(tensor([third]), 0.1, 0, -8, 7))).toEqual([naive(third, Math.fround(0.1), 0, -8, 7)]);
  });

  it('keeps -0 and NaN, and clamps infinities', () => {
    const x = tensor([-0.1, -0, 0, NaN, Infinity, -Infinity]);
    expect(list(quantizeLinear(x, 1, 0, -8, 7))).toEqual([-0, -0, 0, NaN, 7, -8]);
    expect(list(quantizeLinear(x, 1, 0, -8, 7, { dtype: 'int8' }))).toEqual([0, 0, 0, 0, 7, -8]);
  });

  it('quantizes per channel and per block', () => {
    const x = tensor([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(quantizeLinear(x, tensor([[1], [2]]), 0, -8, 7).toArray()).toEqual([
      [1, 2, 3, 4],
      [2, 3, 4, 4],
    ]);
    const scale = tensor([[1, 2]]);
    const blocks = quantizeLinear(x, scale, 0, 0, 15, { blockSize: [-1, 2] });
    expect(blocks.toArray()).toEqual([
      [1, 2, 2, 2],
      [5, 6, 4, 4],
    ]);
    expect(quantizeLinear(x, scale, 0, 0, 15, { blockSize: [2, 2] }).toArray()).toEqual(blocks.toArray());
  });

  it('holds the whole range of a wide integer dtype', () =>
    expect(list(quantizeLinear(tensor([3e9, -3e9]), 1, 0, -(2 ** 31), 2 ** 31 - 1, { dtype: 'int32' }))).toEqual([
      2 ** 31 - 1,
      -(2 ** 31),
    ]));

  it('rejects what it cannot do before computing', () => {
    const x = tensor([[1, 2, 3]]);
    expect(() => quantizeLinear(x.to('int32'), 1, 0, 0, 7)).toThrow(/quantizeLinear: x must be floating, got int32/);
    expect(() => quantizeLinear(x, tensor([1, 2]), 0, 0, 7)).toThrow(
      /scale of shape \[2\] does not broadcast to x of shape \[1, 3\]/,
    );
    expect(() => quantizeLinear(x, tensor([[[1, 2, 3]]]), 0, 0, 7)).toThrow(/does not broadcast/);
    expect(() => quantizeLinear(x, 1, 0, 7, 0)).toThrow(/qmin <= qmax, got 7 and 0/);
    expect(() => quantizeLinear(x, 1, 0, 0, 255, { dtype: 'int8' })).toThrow(
      /int8 holds -128 to 127, not the grid 0 to 255/,
    );
    expect(() => quantizeLinear(x, 1, 0, 0, 1, { dtype: 'float32' })).toThrow(/dtype must be an integer one/);
    expect(() => quantizeLinear(x, tensor([[1, 1]]), 0, 0, 7, { blockSize: [1, 2] })).toThrow(
      /dim 1 of x \[1, 3\] is not 2 blocks of 2/,
    );
    expect(() => quantizeLinear(x, tensor([1]), 0, 0, 7, { blockSize: [1, 3] })).toThrow(
      /blockSize \[1, 3\] needs one entry per dim/,
    );
  });
});

describe('dequantizeLinear', () => {
  it('is (q + offset) * scale for integers and floats', () => {
    expect(list(dequantizeLinear(tensor([1, -2, 3], { dtype: 'int8' }), 0.5, 2))).toEqual([1.5, 0, 2.5]);
    expect(dequantizeLinear(tensor([1], { dtype: 'uint8' }), tensor([0.5]), 0).dtype).toBe('float32');
    expect(list(dequantizeLinear(tensor([-0]), 1, 0))).toEqual([0]);
  });

  it('rounds integers that float32 cannot hold', () =>
    expect(list(dequantizeLinear(tensor([2 ** 24 + 1], { dtype: 'int32' }), 1, 1))).toEqual([2 ** 24]));
});

describe('fakeQuantize', () => {
  it('equals dequantize of quantize', () =>
    fc.assert(
      fc.property(floats, fc.integer({ min: -9, max: 9 }), (xs, offset) => {
        const x = tensor(xs);
        const q = quantizeLinear(x, 0.1, offset, 0, 15);
        expect(list(fakeQuantize(x, 0.1, offset, 0, 15))).toEqual(list(dequantizeLinear(q, 0.1, offset)));
      }),
    ));

  it('computes grids of 20 bits and more in float64', () => {
    const x = tensor([0.1234567]);
    const scale = Math.fround(1e-8);
    const exact = Math.fround(Math.round(x.item() / scale) * scale);
    expect(fakeQuantize(x, tensor(scale), 0, -(2 ** 31), 2 ** 31 - 1).item()).toBe(exact);
  });

  it('passes the gradient inside the grid, half a step beyond included, and stops it outside', () => {
    const x = tensor([-9, -8.4, 0.3, 7.4, 7.6, NaN], { requiresGrad: true });
    fakeQuantize(x, 1, 0, -8, 7).backward(tensor([1, 2, 3, 4, 5, 6]));
    expect(list(x.grad!)).toEqual([0, 2, 3, 4, 0, 0]);
  });

  it('gives scale and offset their gradients, summed to their shapes', () => {
    const x = tensor(
      [
        [0.3, 9],
        [1.2, -11],
      ],
      { requiresGrad: true },
    );
    const scale = tensor([[1], [2]], { requiresGrad: true });
    const offset = tensor([[0], [0]], { requiresGrad: true });
    fakeQuantize(x, scale, offset, -4, 3).sum().backward();
    const f = Math.fround;
    expect(scale.grad!.toArray()).toEqual([[f(f(-f(0.3)) + 3)], [f(f(1 - f(f(1.2) / 2)) - 4)]]);
    expect(offset.grad!.toArray()).toEqual([[1], [2]]);
    expect(x.grad!.toArray()).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('sums block gradients to the blocks', () => {
    const x = tensor([1, 2, 30, 40], { requiresGrad: true });
    const scale = tensor([1, 10], { requiresGrad: true });
    const offset = tensor([0, 0], { requiresGrad: true });
    fakeQuantize(x, scale, offset, 0, 3, { blockSize: [2] })
      .sum()
      .backward();
    expect(list(offset.grad!)).toEqual([0, 10]);
    expect(list(x.grad!)).toEqual([1, 1, 1, 0]);
  });

  it('agrees with the two steps on the gradient of x', () =>
    fc.assert(
      fc.property(floats, (xs) => {
        const [a, b] = [tensor(xs, { requiresGrad: true }), tensor(xs, { requiresGrad: true })];
        fakeQuantize(a, 0.5, 1, -8, 7).sum().backward();
        dequantizeLinear(quantizeLinear(b, 0.5, 1, -8, 7), 0.5, 1)
          .sum()
          .backward();
        expect(list(a.grad!)).toEqual(list(b.grad!));
      }),
    ));

  it('takes empty and 0-d tensors', () => {
    expect(fakeQuantize(tensor([]), 1, 0, 0, 7).shape).toEqual([0]);
    expect(fakeQuantize(tensor(2.2), 1, 0, 0, 7).item()).toBe(2);
  });
});

describe('leastErrorGrid', () => {
  /** The formula of the docstring in float64: the weighted error of rounding a line to one grid. */
  const errorOf = (
    line: readonly number[],
    weights: readonly number[],
    scale: number,
    offset: number,
    [qmin, qmax]: readonly [number, number],
    clipWeight: number,
  ): number =>
    line.reduce((sum, x, i) => {
      const q = naive(Math.fround(x - Math.fround(offset * scale)), scale, 0, -Infinity, Infinity);
      const kept = Math.min(Math.max(q, qmin), qmax);
      return sum + ((kept + offset) * scale - x) ** 2 * weights[i]! * (q === kept ? 1 : clipWeight);
    }, 0);

  it('gives the least error and the first grid that has it, line by line', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(floats, fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 24, maxLength: 24 })), {
          minLength: 1,
          maxLength: 4,
        }),
        // Steps that are powers of two make all differences exact, so that the two orders of rounding agree but at ties.
        fc.array(fc.tuple(fc.constantFrom(0.125, 0.25, 0.5, 1, 2), fc.integer({ min: -8, max: 0 })), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.constantFrom(1, 3),
        (lines, grids, clipWeight) => {
          const n = Math.min(...lines.map(([line]) => line.length));
          const xs = lines.map(([line]) => line.slice(0, n));
          const weights = lines.map(([, line]) => line.slice(0, n));
          const { values, indices } = leastErrorGrid(
            tensor(xs),
            tensor(grids.map(([scale]) => scale)),
            tensor(grids.map(([, offset]) => offset)),
            0,
            7,
            { weights: tensor(weights), clipWeight },
          );
          xs.forEach((line, l) => {
            const errors = grids.map(([scale, offset]) =>
              errorOf(line, weights[l]!, scale, offset, [0, 7], clipWeight),
            );
            const least = Math.min(...errors);
            const near = errors.findIndex((error) => error <= least * (1 + 1e-4) + 1e-6);
            expect(Math.abs(values.data[l]! - least)).toBeLessThanOrEqual(least * 1e-5 + 1e-6);
            expect(indices.data[l]).toBeGreaterThanOrEqual(near);
            expect(errors[indices.data[l]!]!).toBeLessThanOrEqual(least * (1 + 1e-4) + 1e-6);
          });
        },
      ),
    ));

  it('computes in the dtype of x', () => {
    const third = leastErrorGrid(tensor([1 / 3], { dtype: 'float64' }), 1, 0, 0, 3).values;
    expect([third.dtype, third.item()]).toEqual(['float64', (0 - 1 / 3) ** 2]);
    expect(leastErrorGrid(tensor([0.3], { dtype: 'float16' }), 1, 0, 0, 3).values.dtype).toBe('float32');
  });

  it('rounds after taking away the offset', () =>
    // 0.5 rounds to 0, but 0.5 - 1 to -0 and 0.5 + 1 to 2: a step of 1 from 0.5 either way.
    expect(leastErrorGrid(tensor([0.5, 0.5]), 1, tensor([1, -1]), -8, 7).values.item()).toBe(0.5));

  it('takes one set of grids for all lines or one for each, and numbers', () => {
    const x = tensor([
      [0.1, 0.5, 7],
      [0.1, 0.5, 0.7],
    ]);
    expect(leastErrorGrid(x, tensor([0.1, 1]), 0, 0, 7).indices.toArray()).toEqual([1, 0]);
    const each = tensor([
      [0.1, 1],
      [1, 0.1],
    ]);
    expect(leastErrorGrid(x, each, 0, 0, 7).indices.toArray()).toEqual([1, 1]);
    expect(leastErrorGrid(x.select(0, 0), 1, 0, 0, 7).indices.shape).toEqual([]);
    expect(leastErrorGrid(x.transpose(0, 1), tensor([1, 0.1]), 0, 0, 7).indices.toArray()).toEqual([1, 1, 0]);
  });

  it('prefers an error that is NaN, as argmin does, and the first of several', () => {
    const huge = tensor([3e38, 1]);
    // 1 has no weight, but its error overflows on the second grid: Infinity * 0.
    const weights = tensor([1, 0]);
    expect(leastErrorGrid(huge, tensor([3e38, 1e30]), tensor([0, 1]), 0, 7, { weights }).indices.item()).toBe(1);
    expect(leastErrorGrid(tensor([1, NaN]), tensor([1, 2]), 0, 0, 7).values.item()).toBeNaN();
    expect(leastErrorGrid(tensor([3e38]), tensor([1, 2]), 0, 0, 7).indices.item()).toBe(0);
  });

  it('has an error of 0 for a line of no elements, and no lines for no lines', () => {
    expect(leastErrorGrid(tensor([]), tensor([1, 2]), 0, 0, 7).values.item()).toBe(0);
    expect(leastErrorGrid(zeros([0, 4]), tensor([1, 2]), 0, 0, 7).indices.shape).toEqual([0]);
  });

  it('says what is wrong', () => {
    const x = tensor([1, 2]);
    const call = (...args: readonly unknown[]) => (leastErrorGrid as (...args: readonly unknown[]) => unknown)(...args);
    expect(() => call([1, 2], 1, 0, 0, 7)).toThrow(ArgumentError);
    expect(() => call(tensor([1], { dtype: 'int32' }), 1, 0, 0, 7)).toThrow(DTypeError);
    expect(() => call(tensor(1), 1, 0, 0, 7)).toThrow(ShapeError);
    expect(() => call(x, tensor([1, 2]), tensor([1, 2, 3]), 0, 7)).toThrow(ShapeError);
    expect(() => call(x, tensor([]), 0, 0, 7)).toThrow(/no grid to choose from/);
    expect(() => call(x, 1, 0, 7, 0)).toThrow(/qmin <= qmax/);
    expect(() => call(x, 1, 0, 0, Symbol('s'))).toThrow(ArgumentError);
    for (const clipWeight of [0, -1, NaN, Infinity, 1e-60, '3'])
      expect(() => call(x, 1, 0, 0, 7, { clipWeight })).toThrow(/clipWeight must be a positive float32/);
  });
});
