import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import type { Reach } from '../../../../src/kernels/contract/pool.js';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, reference, simd } from '../views.js';

const widths = fc.constantFrom('uint8', 'int8', 'int16', 'int32');

/** Windows over a dim, in order and evenly apart, or all of it and perhaps padding. */
const windows = (size: number): fc.Arbitrary<Reach> =>
  fc.oneof(
    fc.nat(2).map((padding) => ({
      starts: Int32Array.of(0),
      ends: Int32Array.of(size),
      lengths: Int32Array.of(size + padding),
      step: 1,
    })),
    fc
      .array(fc.tuple(fc.nat(size - 1), fc.nat(size), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 5 })
      .map((spans) => ({
        starts: Int32Array.from(spans, ([start]) => start),
        ends: Int32Array.from(spans, ([start, length]) => Math.min(size, start + length)),
        lengths: Int32Array.from(spans, ([, , length]) => length),
        step: 1,
      })),
  );

const SIZE = [2, 5, 21] as const;

/** Integers of a dtype, within 16 bits. */
function integers(sizes: readonly number[], dtype: DType, seed: number): View {
  const view = alloc(sizes, dtype);
  const { min, max } = dtypes[dtype === 'int32' ? 'uint16' : dtype];
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => {
    array[base + i] = Math.min(max, Math.max(min, Math.round((value / 8 + 0.5) * (max - min) + min)));
  });
  return view;
}

const number = (value: number, shape: readonly number[]): View => {
  const view = alloc([1], 'float32');
  view.storage.array[view.storage.base] = value;
  return {
    storage: view.storage,
    layout: new Layout(
      shape,
      shape.map(() => 0),
      view.layout.offset,
    ),
  };
};

describe('SIMD averageScaled', () => {
  it('equals the reference, and dequantize, avgPool and quantize, exactly for any dtypes, regions and encodings', () =>
    fc.assert(
      fc.property(
        fc.tuple(windows(SIZE[0]), windows(SIZE[1]), windows(SIZE[2])),
        widths,
        widths,
        fc.constantFrom(null, 7),
        fc.constantFrom(0.0137, 1, 3e-5).map(Math.fround),
        fc.integer(),
        (regions, from, to, divisor, scale, seed) => {
          const planes = [3, 4];
          const x = integers([...planes, ...SIZE], from, seed);
          const size = [...planes, ...regions.map(({ starts }) => starts.length)];
          const [offset, step, shift] = [-3, Math.fround(scale * 0.7), from === 'int8' ? 0 : -100];
          const { min, max } = dtypes[to === 'int32' ? 'uint16' : to];
          const grid = { qmin: min + 1, qmax: max };
          const made = (kernels: typeof simd): View => {
            const view = alloc(size, to);
            kernels.averageScaled({ view: x, scale, offset: shift }, regions, divisor, grid, {
              view,
              scale: step,
              offset,
            });
            return view;
          };
          const [ours, theirs] = [made(simd), made(reference)];
          expect(firstDifference(ours, theirs)).toBe(-1);
          const floats = alloc([...planes, ...SIZE], 'float32');
          reference.dequantize(x, number(scale, floats.layout.shape), number(shift, floats.layout.shape), floats);
          const [means, steps] = [alloc(size, 'float32'), alloc(size, to)];
          reference.avgPool(floats, regions, divisor, means);
          reference.quantize(means, number(step, size), number(offset, size), { ...grid, wide: false }, steps);
          expect(firstDifference(ours, steps)).toBe(-1);
        },
      ),
    ));
});
