import fc from 'fast-check';
import type { DType, View } from '@q/tensor';
import type { Spatial } from '../../../src/kernels/contract/conv.js';
import { alloc } from '../../../src/storage.js';
import { filled, reference, simd } from './views.js';

const bytes = fc.constantFrom('int8', 'uint8');
const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  groups: fc.constantFrom(1, 2, 5),
  channels: fc.constantFrom(1, 3),
  filters: fc.constantFrom(1, 4),
  size: fc.tuple(fc.constant(1), fc.integer({ min: 3, max: 24 }), fc.integer({ min: 3, max: 40 })),
  kernel: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  padding: fc.tuple(fc.constant(0), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
  together: fc.boolean(),
});

function integers(shape: readonly number[], dtype: DType, seed: number): View {
  const view = alloc(shape, dtype);
  const { array, base } = view.storage;
  filled(view.layout.numel, seed, false).forEach((value, i) => (array[base + i] = value * 64));
  return view;
}

describe('SIMD convInteger', () => {
  it('equals the reference exactly: any signs, geometry, zero points and order of the result', () =>
    fc.assert(
      fc.property(geometry, bytes, bytes, fc.integer(), (g, xType, wType, seed) => {
        const { batch, groups, channels, filters, size, kernel, stride, padding } = g;
        const x = integers([batch, groups * channels, ...size], xType, seed);
        const weight = integers([groups * filters, channels, ...kernel], wType, seed + 1);
        const zeros = integers([groups * filters], 'int32', seed + 2);
        const windows = { kernel, stride, padding, dilation: [1, 1, 1], groups } as const;
        const sizes = size.map(
          (n, d) => Math.floor((n + 2 * padding[d]! - kernel[d]!) / stride[d]!) + 1,
        ) as unknown as Spatial;
        const result = (): View => {
          const filtersFirst = g.together && channels > 1;
          const out = alloc(
            filtersFirst ? [groups * filters, batch, ...sizes] : [batch, groups * filters, ...sizes],
            'int32',
          );
          return { storage: out.storage, layout: filtersFirst ? out.layout.transpose(0, 1) : out.layout };
        };
        const [ours, theirs] = [result(), result()];
        simd.convInteger(x, weight, 17, zeros, ours, windows);
        reference.convInteger(x, weight, 17, zeros, theirs, windows);
        const read = ({ storage }: View) => [...storage.array.slice(storage.base, storage.base + storage.length)];
        expect(read(ours)).toEqual(read(theirs));
      }),
      { numRuns: 60 },
    ));
});
