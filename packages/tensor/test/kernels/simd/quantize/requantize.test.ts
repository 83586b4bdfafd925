import fc from 'fast-check';
import type { View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import { alloc } from '../../../../src/storage.js';
import { filled, reference, simd } from '../views.js';

const grids = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  int32: [0, 65535],
} as const;

const accumulators = (shape: readonly number[], seed: number, magnitude: number): View => {
  const view = alloc(shape, 'int32');
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * magnitude));
  return view;
};

const floats = (values: Float32Array, shape: readonly number[], to: readonly number[]): View => {
  const view = alloc(shape, 'float32');
  view.storage.array.set(values, view.storage.base);
  return { storage: view.storage, layout: view.layout.broadcastTo(to) };
};

describe('SIMD requantize', () => {
  it('equals the reference exactly: every dtype, per row and per column, any strides, ties and saturation', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(grids) as (keyof typeof grids)[])),
        fc.constantFrom([1, 1], [9, 1], [1, 61]),
        fc.boolean(),
        fc.integer(),
        fc.constantFrom(0.5, 0.0137, 3e-7, 2 ** -8),
        fc.constantFrom(30, 4000, 5e8),
        (dtype, spread, transposed, seed, step, magnitude) => {
          const shape = [9, 61];
          const acc = accumulators(transposed ? [61, 9] : shape, seed, magnitude);
          const view = transposed ? { storage: acc.storage, layout: acc.layout.transpose(0, 1) } : acc;
          const count = spread[0]! * spread[1]!;
          const multiplier = floats(
            filled(count, seed + 1, false).map((x) => Math.fround(x * step)),
            spread,
            shape,
          );
          const bias = floats(
            filled(count, seed + 2, false).map((x) => Math.round(2 * x) / 2),
            spread,
            shape,
          );
          const [qmin, qmax] = grids[dtype];
          const grid = { zeroPoint: 3, qmin: qmin + 1, qmax };
          const [ours, theirs] = [alloc(shape, dtype), alloc(shape, dtype)];
          simd.requantize(view, multiplier, bias, grid, ours);
          reference.requantize(view, multiplier, bias, grid, theirs);
          const read = ({ storage, layout }: View) => [
            ...storage.array.slice(storage.base, storage.base + new Layout(layout.shape).numel),
          ];
          expect(read(ours)).toEqual(read(theirs));
        },
      ),
    ));
});
