import fc from 'fast-check';
import type { DType } from '@q/tensor';
import { alloc, type View } from '../../../../src/storage.js';
import { elements, filled, firstDifference, lie, output, reference, simd, viewOf } from '../views.js';

const size = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 255, 257, 300, 513));

describe('SIMD matmul', () => {
  it('equals the reference within the rounding of float32 sums, for any sizes, strides and offsets', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        size,
        size,
        size,
        lie,
        lie,
        fc.nat(),
        (batch, m, k, n, howX, howY, seed) => {
          fc.pre(m * n * k < 2e5);
          const x = viewOf([batch, m, k], { ...howX, broadcast: howX.broadcast === 0 ? 0 : -1 }, false);
          const y = viewOf([batch, k, n], { ...howY, broadcast: howY.broadcast === 0 ? 0 : -1 }, false);
          const [ours, theirs] = [output([batch, m, n]), output([batch, m, n])];
          const bias = seed % 2 === 0 ? viewOf([n], { seed, flipped: seed % 4 === 0 }, false) : null;
          const epilogue = seed % 5 === 0 ? null : { bias, relu: seed % 3 === 0 };
          simd.matmul(x, y, epilogue, ours);
          reference.matmul(x, y, epilogue, theirs);
          const [got, wanted] = [elements(ours), elements(theirs)];
          // |x|, |y| <= 4: each of k products adds at most half an ulp of the largest partial sum.
          const bound = k * 16 * k * 2 ** -24 + 1e-6;
          const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
          expect(worst).toBeLessThanOrEqual(bound);
        },
      ),
      { numRuns: 40 },
    ));

  it('lets NaN and infinities reach exactly the elements they belong to', () => {
    const x = viewOf([1, 40, 50], {}, false);
    x.storage.array[7 * 50 + 3] = NaN;
    x.storage.array[9 * 50 + 3] = Infinity;
    const [ours, theirs] = [output([1, 40, 33]), output([1, 40, 33])];
    const y = viewOf([1, 50, 33], { seed: 2 }, false);
    simd.matmul(x, y, null, ours);
    reference.matmul(x, y, null, theirs);
    elements(ours).forEach((value, i) => {
      if (!Number.isFinite(elements(theirs)[i]!)) expect(value).toBe(elements(theirs)[i]);
      else expect(Number.isFinite(value)).toBe(true);
    });
  });
});

describe('SIMD matmulInteger', () => {
  const bytes = fc.constantFrom('int8', 'uint8');
  const byteView = (dtype: DType, shape: readonly number[], seed: number, transposed: boolean) => {
    const stored = transposed ? [shape[0]!, shape[2]!, shape[1]!] : shape;
    const view = alloc(stored, dtype);
    const { array, base } = view.storage;
    filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 64));
    return transposed ? { storage: view.storage, layout: view.layout.transpose(1, 2) } : view;
  };
  /** Zero points of a shape: one each, or one for all of them, or none. */
  const kindOfZeros = fc.constantFrom('each', 'one', 'none');
  const zeroView = (shape: readonly number[], seed: number, kind: string): View => {
    if (kind !== 'each') {
      const { storage, layout } = zeroView([1], kind === 'none' ? NaN : seed, 'each');
      return { storage, layout: layout.broadcastTo(shape) };
    }
    const view = alloc(shape, 'int32');
    if (Number.isNaN(seed)) return view;
    const { array, base } = view.storage;
    filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 60));
    return view;
  };

  it('equals the reference exactly for any signs, sizes, zero points and transposed operands', () =>
    fc.assert(
      fc.property(
        fc.tuple(bytes, bytes, fc.boolean(), fc.boolean(), fc.integer(), kindOfZeros, kindOfZeros),
        fc.integer({ min: 1, max: 3 }),
        size,
        fc.oneof(size, fc.constantFrom(1025)),
        size,
        ([left, right, xFlip, yFlip, seed, ofX, ofY], batch, m, k, n) => {
          fc.pre(m * n * k < 2e5);
          const x = byteView(left, [batch, m, k], seed, xFlip);
          const y = byteView(right, [batch, k, n], seed + 1, yFlip);
          const xZero = zeroView([batch, m, 1], seed + 2, ofX);
          const yZero = zeroView([batch, 1, n], seed + 3, ofY);
          const [ours, theirs] = [alloc([batch, m, n], 'int32'), alloc([batch, m, n], 'int32')];
          simd.matmulInteger(x, y, xZero, yZero, ours);
          reference.matmulInteger(x, y, xZero, yZero, theirs);
          expect(firstDifference(ours, theirs)).toBe(-1);
        },
      ),
      { numRuns: 80 },
    ));
});
