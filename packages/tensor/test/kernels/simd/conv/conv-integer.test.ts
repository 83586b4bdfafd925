import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import type { Spatial } from '../../../../src/kernels/contract/conv.js';
import type { Rescaling } from '../../../../src/kernels/contract/integer.js';
import { alloc } from '../../../../src/storage.js';
import { filled, reference, simd } from '../views.js';

const small = (min: number, max: number) => fc.integer({ min, max });
const bytes = fc.constantFrom('int8', 'uint8');

/** Sizes and windows along one dim. */
const along = (most: number) =>
  fc.record({
    size: small(1, most),
    kernel: small(1, 4),
    stride: small(1, 3),
    padding: small(0, 3),
    dilation: small(1, 2),
  });

const problems = fc.record({
  batch: small(1, 4),
  groups: fc.constantFrom(1, 2, 5),
  channels: fc.constantFrom(1, 3, 8),
  filters: fc.constantFrom(1, 4, 20),
  depth: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ size: 1, kernel: 1, stride: 1, padding: 0, dilation: 1 }) },
    { weight: 1, arbitrary: along(5) },
  ),
  height: along(30),
  width: along(40),
  pointwise: fc.boolean(),
  xFirst: fc.boolean(),
  yFirst: fc.boolean(),
  to: fc.constantFrom('int32', 'int8', 'uint8', 'int16'),
  onGrid: fc.boolean(),
  xZero: fc.constantFrom(0, 17, -3),
});

function integers(shape: readonly number[], dtype: DType, seed: number): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 64));
  return view;
}

const floats = (count: number, seed: number, factor: number): View => {
  const view = alloc([count], 'float32');
  filled(count, seed, false).forEach((value, i) => (view.storage.array[view.storage.base + i] = value * factor));
  return view;
};

/** `[n, c, d, h, w]`, where wanted with the channels first in memory. */
function ordered([n, c, ...rest]: readonly number[], channelsFirst: boolean, make: (shape: number[]) => View): View {
  const { storage, layout } = make(channelsFirst ? [c!, n!, ...rest] : [n!, c!, ...rest]);
  return { storage, layout: channelsFirst ? layout.transpose(0, 1) : layout };
}

describe('SIMD convInteger', () => {
  it('equals the reference exactly for any signs, geometry, zero points, memory orders, and grids of the result', () =>
    fc.assert(
      fc.property(problems, bytes, bytes, fc.integer(), (problem, xType, wType, seed) => {
        const { batch, groups, channels, filters, xFirst, yFirst, to, onGrid, pointwise } = problem;
        const dims = [problem.depth, problem.height, problem.width].map((dim) =>
          pointwise ? { ...dim, kernel: 1, padding: 0, stride: 1 } : dim,
        );
        const three = (of: (dim: (typeof dims)[number]) => number) => dims.map(of) as unknown as Spatial;
        const sizes = three(
          ({ size, kernel, stride, padding, dilation }) =>
            Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1,
        );
        if (sizes.some((size) => size < 1)) return;
        const windows = {
          kernel: three(({ kernel }) => kernel),
          stride: three(({ stride }) => stride),
          padding: three(({ padding }) => padding),
          dilation: three(({ dilation }) => dilation),
          groups,
        };
        const x = ordered([batch, groups * channels, ...three(({ size }) => size)], xFirst, (shape) =>
          integers(shape, xType, seed),
        );
        const outputs = groups * filters;
        const weight = integers([outputs, channels, ...windows.kernel], wType, seed + 1);
        const zeros = integers([outputs], 'int32', seed + 2);
        // Grids of 16 bits without sign lie in int32, too.
        const { min, max } = dtypes[to === 'int32' ? 'uint16' : to];
        const rescaling: Rescaling | null =
          to === 'int32' && !onGrid
            ? null
            : {
                multiplier: floats(outputs, seed + 3, 0.01),
                bias: floats(outputs, seed + 4, 10),
                grid: { zeroPoint: 5, qmin: min + 3, qmax: max },
              };
        const zero = xType === 'uint8' ? Math.abs(problem.xZero) : problem.xZero;
        const made = (kernels: typeof simd): number[] => {
          const y = ordered([batch, outputs, ...sizes], yFirst, (shape) => alloc(shape, to));
          kernels.convInteger(x, weight, zero, zeros, y, windows, rescaling);
          const { array, base, length } = y.storage;
          return [...array.slice(base, base + length)];
        };
        expect(made(simd)).toEqual(made(reference));
      }),
      { numRuns: 150 },
    ));

  it.each([1, 3])('thinks again where only dtypes differ, with %i groups', (groups) => {
    const weight = integers([groups, 1, 1, 3, 3], 'int8', 2);
    const zeros = integers([groups], 'int32', 3);
    const rescaling = { multiplier: floats(groups, 4, 0.01), bias: floats(groups, 5, 10) };
    const window = [1, 1, 1] as const;
    const windows = { kernel: [1, 3, 3], stride: window, padding: [0, 1, 1], dilation: window, groups } as const;
    for (const [from, to] of [
      ['int8', 'int8'],
      ['uint8', 'int8'],
      ['uint8', 'int16'],
      ['uint8', 'int32'],
    ] as const) {
      const x = integers([2, groups, 1, 9, 9], from, 1);
      const [ours, theirs] = [simd, reference].map((kernels) => {
        const y = alloc([2, groups, 1, 9, 9], to);
        const grid = { zeroPoint: 0, qmin: -100, qmax: 100 };
        kernels.convInteger(x, weight, 0, zeros, y, windows, { ...rescaling, grid });
        const { array, base, length } = y.storage;
        return [...array.slice(base, base + length)];
      });
      expect(ours).toEqual(theirs);
    }
  });

  it.each([
    [1, 'int32'],
    [1, 'int8'],
    [2, 'uint8'],
  ] as const)('multiplies with a vector where one window is the whole sample, with %i groups, as %s', (groups, to) => {
    const x = integers([1, 8 * groups, 1, 3, 4], 'uint8', 1);
    const weight = integers([10 * groups, 8, 1, 3, 4], 'int8', 2);
    const zeros = integers([10 * groups], 'int32', 3);
    const one = [1, 1, 1] as const;
    const windows = { kernel: [1, 3, 4], stride: one, padding: [0, 0, 0], dilation: one, groups } as const;
    const grid = { zeroPoint: 3, qmin: 0, qmax: 120 };
    const rescaling =
      to === 'int32' ? null : { multiplier: floats(10 * groups, 4, 0.01), bias: floats(10 * groups, 5, 10), grid };
    const [ours, theirs] = [simd, reference].map((kernels) => {
      const y = alloc([1, 10 * groups, 1, 1, 1], to);
      kernels.convInteger(x, weight, 7, zeros, y, windows, rescaling);
      return [...y.storage.array.slice(y.storage.base, y.storage.base + y.storage.length)];
    });
    expect(ours).toEqual(theirs);
  });

  it('cuts large convolutions into tasks of samples and rows', () => {
    for (const [batch, channels, filters, size] of [
      [40, 6, 20, 12],
      [1, 16, 12, 90],
      [3, 1, 130, 40],
    ] as const) {
      const x = integers([batch, channels, 1, size, size], 'int8', 1);
      const weight = integers([filters, channels, 1, 3, 3], 'int8', 2);
      const zeros = integers([filters], 'int32', 3);
      const one = [1, 1, 1] as const;
      const windows = { kernel: [1, 3, 3], stride: one, padding: [0, 1, 1], dilation: one, groups: 1 } as const;
      const made = (kernels: typeof simd) => {
        const y = alloc([batch, filters, 1, size, size], 'int32');
        kernels.convInteger(x, weight, 5, zeros, y, windows, null);
        return Buffer.from(y.storage.array.slice(y.storage.base, y.storage.base + y.storage.length).buffer);
      };
      expect(made(simd).equals(made(reference))).toBe(true);
    }
  });

  it('takes channels whose samples lie apart', () => {
    const whole = integers([3, 12, 1, 9, 8], 'uint8', 1);
    const x = { storage: whole.storage, layout: whole.layout.range(1, [2, 8]) };
    const [depthwise, dense] = [integers([6, 1, 1, 3, 3], 'int8', 2), integers([5, 6, 1, 3, 3], 'int8', 3)];
    for (const [weight, groups] of [
      [depthwise, 6],
      [dense, 1],
    ] as const) {
      const windows = {
        kernel: [1, 3, 3],
        stride: [1, 1, 1],
        padding: [0, 1, 1],
        dilation: [1, 1, 1],
        groups,
      } as const;
      const filters = weight.layout.shape[0]!;
      const zeros = { storage: alloc([1], 'int32').storage, layout: new Layout([filters], [0]) };
      const made = (kernels: typeof simd): number[] => {
        const y = alloc([3, filters, 1, 9, 8], 'int32');
        kernels.convInteger(x, weight, 4, zeros, y, windows, null);
        return [...y.storage.array.slice(y.storage.base, y.storage.base + y.storage.length)];
      };
      expect(made(simd)).toEqual(made(reference));
    }
  });
});
