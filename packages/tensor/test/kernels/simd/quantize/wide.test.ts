import fc from 'fast-check';
import type { DType, View } from '@q/tensor';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, reference, simd } from '../views.js';

const shape = [9, 61];

/** Integers of all sizes, in one order or the other. */
function integers(dtype: DType, seed: number, turned: boolean): View {
  const view = alloc(turned ? shape.toReversed() : shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 2 ** (i % 29)));
  return turned ? { storage: view.storage, layout: view.layout.transpose(0, 1) } : view;
}

describe('SIMD splitBytes and joinBytes', () => {
  it('equal the reference exactly, and the low 16 bits come back for any integers, shifts and orders', () =>
    fc.assert(
      fc.property(
        fc.constantFrom('int16', 'int32'),
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (dtype, shift, turned, outTurned, seed) => {
          const x = integers(dtype, seed, turned);
          const made = (kernels: typeof simd): [View, View] => {
            const parts: [View, View] = [integers('int8', 1, outTurned), integers('uint8', 1, outTurned)];
            kernels.splitBytes(x, shift, ...parts);
            return parts;
          };
          const [ours, theirs] = [made(simd), made(reference)];
          ours.forEach((part, i) => expect(firstDifference(part, theirs[i]!)).toBe(-1));
        },
      ),
    ));

  it('join with wrap-around', () =>
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.integer(), (turned, outTurned, seed) => {
        const [high, low] = [integers('int32', seed, turned), integers('int32', seed + 1, false)];
        const made = (kernels: typeof simd): View => {
          const out = integers('int32', 1, outTurned);
          kernels.joinBytes(high, low, out);
          return out;
        };
        expect(firstDifference(made(simd), made(reference))).toBe(-1);
      }),
    ));
});
