import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import type { Kernels } from '../../../../src/kernels/kernels.js';
import { softmaxThroughFloats } from '../../../../src/kernels/reference/integer-rows.js';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, reference, simd } from '../views.js';

/** Rows of integers of a dtype, within 16 bits, that begin `shift` elements into their storage. */
function integers(rows: number, n: number, dtype: DType, seed: number, shift = 0): View {
  const { storage } = alloc([rows * n + shift], dtype);
  const { min, max } = dtypes[dtype === 'int32' ? 'uint16' : dtype];
  filled(rows * n, seed, false).forEach((value, i) => {
    storage.array[storage.base + shift + i] = Math.min(
      max,
      Math.max(min, Math.round((value / 8 + 0.5) * (max - min) + min)),
    );
  });
  return { storage, layout: new Layout([rows, n], undefined, shift) };
}

/** `n` float32 that lie `step` elements apart. */
const vector = (n: number, step: number, seed: number, factor: number): View => {
  const count = (n - 1) * step + 1;
  const { storage } = alloc([count], 'float32');
  storage.array.set(
    filled(count, seed, false).map((value) => value * factor),
    storage.base,
  );
  return { storage, layout: new Layout([n], [step]) };
};

const sizes = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  n: fc.integer({ min: 1, max: 150 }),
  shift: fc.nat(3),
});
const widths = fc.constantFrom('uint8', 'int8', 'int16', 'int32');

describe('SIMD normalizeInteger', () => {
  it('equals the reference exactly for both kinds of bytes, any sizes, zero points, factors and grids', () =>
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom('int8', 'uint8'),
        widths,
        fc.constantFrom(null, 0, 128, -7, 70000),
        fc.constantFrom(0.0137, 1, 3e-20),
        fc.constantFrom(0, 1e-5, 2),
        fc.constantFrom(0, 1, 2),
        fc.integer(),
        ({ rows, n, shift }, from, to, zeroPoint, scale, eps, step, seed) => {
          const x = integers(rows, n, from, seed, shift);
          const rescaling = {
            multiplier: vector(n, step, seed + 1, 9),
            bias: vector(n, step, seed + 2, 5),
            grid: { zeroPoint: 3, qmin: dtypes[to === 'int32' ? 'int16' : to].min + 1, qmax: 120 },
          };
          const made = (kernels: Kernels): View => {
            const y = alloc([rows, n], to);
            kernels.normalizeInteger(x, { scale: Math.fround(scale), zeroPoint, eps }, rescaling, y);
            return y;
          };
          expect(firstDifference(made(simd), made(reference))).toBe(-1);
        },
      ),
      { numRuns: 300 },
    ));

  it('equals the reference for rows at the limit of 32 bits and behind it', () => {
    for (const n of [32768, 32769, 70000]) {
      const x = alloc([1, n], 'uint8');
      x.storage.array.fill(255, x.storage.base, x.storage.base + n - 5);
      const rescaling = {
        multiplier: vector(n, 1, 1, 9),
        bias: vector(n, 1, 2, 5),
        grid: { zeroPoint: 0, qmin: -128, qmax: 127 },
      };
      const [ours, theirs] = [simd, reference].map((kernels) => {
        const y = alloc([1, n], 'int8');
        kernels.normalizeInteger(x, { scale: 0.5, zeroPoint: null, eps: 1e-5 }, rescaling, y);
        return y;
      });
      expect(firstDifference(ours!, theirs!)).toBe(-1);
    }
  });
});

describe('SIMD softmaxScaled', () => {
  it('gives the bits of dequantize, softmax and quantize for any dtypes, sizes, encodings and grids', () =>
    fc.assert(
      fc.property(
        sizes,
        widths,
        widths,
        fc.constantFrom(0.0137, 1, 1e-4, 3),
        fc.constantFrom(0, -128, 3),
        fc.integer(),
        ({ rows, n, shift }, from, to, scale, offset, seed) => {
          const view = integers(rows, n, from, seed, shift);
          const { min, max } = dtypes[to === 'int32' ? 'uint16' : to];
          const made = ({ softmaxScaled }: Pick<Kernels, 'softmaxScaled'>): View => {
            const y = alloc([rows, n], to);
            const grid = { qmin: min + 1, qmax: max };
            const out = { view: y, scale: Math.fround(1 / 255), offset };
            softmaxScaled({ view, scale: Math.fround(scale), offset }, grid, out);
            return y;
          };
          expect(firstDifference(made(simd), made(softmaxThroughFloats(simd)))).toBe(-1);
        },
      ),
      { numRuns: 300 },
    ));
});
