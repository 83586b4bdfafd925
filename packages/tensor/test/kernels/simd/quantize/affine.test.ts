import fc from 'fast-check';
import { dtypes, type View } from '@q/tensor';
import { alloc } from '../../../../src/storage.js';
import { firstDifference, lie, output, reference, simd, viewOf } from '../views.js';

const encodings = fc.constantFrom(
  { shape: [1, 1], scale: [0.013] },
  { shape: [1, 1], scale: [0] },
  { shape: [1, 1], scale: [-0.5] },
  { shape: [17, 1], scale: Array.from({ length: 17 }, (_, i) => 0.01 * (i + 1)) },
  { shape: [1, 61], scale: Array.from({ length: 61 }, (_, i) => 0.003 * (i + 1)) },
);
const grids = fc.constantFrom([0, 255], [-128, 127], [-8, 7], [0, 65535]);
const shape = [17, 61];

describe('SIMD affine kernels', () => {
  it.each(['quantize', 'fakeQuantize', 'dequantize'] as const)(
    '%s equals the reference bit for bit: NaN, infinities, zero and negative scales, every granularity',
    (name) =>
      fc.assert(
        fc.property(
          encodings,
          grids,
          fc.integer({ min: -300, max: 300 }),
          lie,
          (encoding, [qmin, qmax], shift, how) => {
            const x = viewOf(shape, { ...how, broadcast: -1 });
            const [scale, offset] = [alloc(encoding.shape, 'float32'), alloc(encoding.shape, 'float32')];
            encoding.scale.forEach((value, i) => {
              scale.storage.array[scale.storage.base + i] = value;
              offset.storage.array[offset.storage.base + i] = shift - i;
            });
            const wide = (view: typeof scale) => ({ storage: view.storage, layout: view.layout.broadcastTo(shape) });
            const grid = { qmin: qmin!, qmax: qmax!, wide: false };
            const [ours, theirs] = [output(shape), output(shape)];
            for (const [kernels, out] of [
              [simd, ours],
              [reference, theirs],
            ] as const)
              if (name === 'dequantize') kernels.dequantize(x, wide(scale), wide(offset), out);
              else kernels[name](x, wide(scale), wide(offset), grid, out);
            expect(firstDifference(ours, theirs)).toBe(-1);
          },
        ),
      ),
  );

  const spread = (values: readonly number[], sizes: readonly number[]): View => {
    const view = alloc(sizes, 'float32');
    view.storage.array.set(values, view.storage.base);
    return { storage: view.storage, layout: view.layout.broadcastTo(shape) };
  };

  it.each(['uint8', 'int8', 'int16', 'int32'] as const)(
    'quantize into %s and dequantize from it equal the reference exactly, in any memory order',
    (dtype) =>
      fc.assert(
        fc.property(
          encodings,
          fc.constantFrom(0, 0.5, -3),
          fc.boolean(),
          fc.boolean(),
          lie,
          (encoding, shift, columnsFirst, whole, how) => {
            const x = viewOf(shape, { ...how, broadcast: -1 });
            const scale = spread(encoding.scale, encoding.shape);
            const offset = spread(
              encoding.scale.map((_, i) => shift - i),
              encoding.shape,
            );
            const { min, max } = dtypes[dtype];
            const grid = whole && dtype !== 'int32' ? { qmin: min, qmax: max } : { qmin: 0, qmax: 100 };
            const made = (kernels: typeof simd): [View, View] => {
              const q = alloc(columnsFirst ? shape.toReversed() : shape, dtype);
              const view = { storage: q.storage, layout: columnsFirst ? q.layout.transpose(0, 1) : q.layout };
              kernels.quantize(x, scale, offset, { ...grid, wide: false }, view);
              const back = output(shape);
              kernels.dequantize(view, scale, offset, back);
              return [q, back];
            };
            const [[ours, ourFloats], [theirs, theirFloats]] = [made(simd), made(reference)];
            expect(firstDifference(ours, theirs)).toBe(-1);
            expect(firstDifference(ourFloats, theirFloats)).toBe(-1);
          },
        ),
      ),
  );
});
