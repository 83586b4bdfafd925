import fc from 'fast-check';
import type { DType, View } from '@q/tensor';
import { alloc } from '../../../../src/storage.js';
import { filled, reference, simd } from '../views.js';

const bytes = fc.constantFrom('int8', 'uint8');

function integers(shape: readonly number[], dtype: DType, seed: number): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 64));
  return view;
}

const flipped = ({ storage, layout }: View): View => ({ storage, layout: layout.transpose(1, 2) });

describe('SIMD products of bytes with one row or one column', () => {
  it('equal the reference exactly for any signs, zero points, sizes and strides', () =>
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.integer({ min: 1, max: 2 }),
        fc.constantFrom(130, 256, 317),
        fc.constantFrom(40, 64, 81),
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (xType, yType, batch, k, count, row, ordered, seed) => {
          const lines = ordered
            ? flipped(integers([batch, count, k], yType, seed))
            : integers([batch, k, count], yType, seed);
          const vector = integers([batch, 1, k], xType, seed + 1);
          const [x, y] = row ? [vector, lines] : [flipped(lines), flipped(vector)];
          const [m, n] = row ? [1, count] : [count, 1];
          const [xZero, yZero] = [
            integers([batch, m, 1], 'int32', seed + 2),
            integers([batch, 1, n], 'int32', seed + 3),
          ];
          const [ours, theirs] = [alloc([batch, m, n], 'int32'), alloc([batch, m, n], 'int32')];
          simd.matmulInteger(x, y, xZero, yZero, ours);
          reference.matmulInteger(x, y, xZero, yZero, theirs);
          const read = ({ storage }: View) => [...storage.array.slice(storage.base, storage.base + storage.length)];
          expect(read(ours)).toEqual(read(theirs));
        },
      ),
      { numRuns: 60 },
    ));
});
