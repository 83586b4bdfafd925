import fc from 'fast-check';
import { dtypes, type DType, type View } from '@q/tensor';
import { Layout } from '@q/tensor/internal';
import type { ScaledBinaryName } from '../../../../src/kernels/contract/integer.js';
import { alloc } from '../../../../src/storage.js';
import { filled, firstDifference, reference, simd } from '../views.js';

const names = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum'] as const satisfies readonly ScaledBinaryName[];
const widths = fc.constantFrom('uint8', 'int8', 'int16', 'int32');
const shape = [7, 5, 41];

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

/** A view of `shape`, its dims lying in some order or standing for all along one of them. */
const lies = fc.constantFrom<(dtype: DType, seed: number) => View>(
  (dtype, seed) => integers(shape, dtype, seed),
  (dtype, seed) => {
    const { storage, layout } = integers([5, 7, 41], dtype, seed);
    return { storage, layout: layout.transpose(0, 1) };
  },
  (dtype, seed) => {
    const { storage, layout } = integers([7, 5, 1], dtype, seed);
    return { storage, layout: layout.broadcastTo(shape) };
  },
  (dtype, seed) => {
    const { storage, layout } = integers([41], dtype, seed);
    return { storage, layout: layout.broadcastTo(shape) };
  },
  (dtype, seed) => {
    const { storage, layout } = integers([7, 5, 43], dtype, seed);
    return { storage, layout: layout.range(2, [1, 42]) };
  },
);

const encoding = fc.record({
  scale: fc.constantFrom(0.0137, 1, 0.5, 3e-5, 1e30).map(Math.fround),
  offset: fc.constantFrom(0, -128, 3, -32768),
});

describe('SIMD binaryScaled', () => {
  it.each(names)('%s equals the reference exactly for any dtypes, orders, broadcasts and encodings', (name) =>
    fc.assert(
      fc.property(
        fc.tuple(lies, widths, encoding),
        fc.tuple(lies, widths, encoding),
        widths,
        encoding,
        fc.integer(),
        ([lieA, typeA, a], [lieB, typeB, b], dtype, to, seed) => {
          const [left, right] = [lieA(typeA, seed), lieB(typeB, seed + 1)];
          const { min, max } = dtypes[dtype === 'int32' ? 'uint16' : dtype];
          const made = (kernels: typeof simd): View => {
            const view = alloc(shape, dtype);
            const grid = { qmin: min + 1, qmax: max };
            kernels.binaryScaled(name, { view: left, ...a }, { view: right, ...b }, grid, { view, ...to });
            return view;
          };
          expect(firstDifference(made(simd), made(reference))).toBe(-1);
        },
      ),
    ),
  );

  it('gives all 65 536 pairs of bytes what dequantize, the function and quantize give', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.tuple(
          fc.float({ min: Math.fround(1e-4), max: 10, noNaN: true }),
          fc.float({ min: Math.fround(1e-4), max: 10, noNaN: true }),
          fc.float({ min: Math.fround(1e-4), max: 10, noNaN: true }),
        ),
        fc.tuple(
          fc.integer({ min: -255, max: 0 }),
          fc.integer({ min: -255, max: 0 }),
          fc.integer({ min: -255, max: 0 }),
        ),
        (name, scales, offsets) => {
          const all = [256, 256];
          const position = (d: 0 | 1): View => {
            const view = alloc([256], 'uint8');
            for (let i = 0; i < 256; i++) view.storage.array[view.storage.base + i] = i;
            return {
              storage: view.storage,
              layout: view.layout.reshape(d === 0 ? [256, 1] : [1, 256])!.broadcastTo(all),
            };
          };
          const number = (value: number): View => {
            const view = alloc([1], 'float32');
            view.storage.array[view.storage.base] = value;
            return { storage: view.storage, layout: new Layout(all, [0, 0], view.layout.offset) };
          };
          const [a, b] = [position(0), position(1)];
          const floats = [a, b].map((q, i) => {
            const out = alloc(all, 'float32');
            reference.dequantize(q, number(scales[i]!), number(offsets[i]!), out);
            return out;
          }) as [View, View];
          const result = alloc(all, 'float32');
          reference.binary(name, ...floats, result);
          const [wanted, got] = [alloc(all, 'uint8'), alloc(all, 'uint8')];
          const grid = { qmin: 0, qmax: 255 };
          reference.quantize(result, number(scales[2]), number(offsets[2]), { ...grid, wide: false }, wanted);
          simd.binaryScaled(
            name,
            { view: a, scale: scales[0], offset: offsets[0] },
            { view: b, scale: scales[1], offset: offsets[1] },
            grid,
            { view: got, scale: scales[2], offset: offsets[2] },
          );
          expect(firstDifference(got, wanted)).toBe(-1);
        },
      ),
      { numRuns: 60 },
    ));
});

describe('SIMD lookup', () => {
  it('equals the reference exactly for any dtypes, orders and views', () =>
    fc.assert(
      fc.property(
        lies,
        widths,
        fc.constantFrom('uint8', 'int8', 'int16', 'int32', 'float32'),
        fc.integer(),
        (lie, dtype, to, seed) => {
          const x = lie(dtype, seed);
          const { min, max } = dtypes[dtype === 'int32' ? 'uint16' : dtype];
          const table = alloc([max - min + 1], to);
          const { array, base } = table.storage;
          filled(max - min + 1, seed + 1, false).forEach((value, i) => (array[base + i] = value * 16));
          const made = (kernels: typeof simd): View => {
            const out = alloc(shape, to);
            kernels.lookup(x, table, min, out);
            return out;
          };
          expect(firstDifference(made(simd), made(reference))).toBe(-1);
        },
      ),
      { numRuns: 60 },
    ));
});
