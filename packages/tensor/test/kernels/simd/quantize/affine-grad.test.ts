import fc from 'fast-check';
import { Layout } from '../../../../src/layout.js';
import { alloc, type View } from '../../../../src/storage.js';
import { firstDifference, lie, output, reference, simd, viewOf } from '../views.js';

const shape = [13, 61];

/** Shapes of scale and offset: for the tensor, for each row, for each column. */
const encodings = fc.constantFrom([1, 1], [13, 1], [1, 61]);
const grids = fc.constantFrom([0, 255], [-128, 127], [-8, 7]);

/** A view of `size` elements given by a function, broadcast to the shape. */
function encoding(size: readonly number[], element: (i: number) => number): View<'float32'> {
  const { storage, layout } = alloc(size, 'float32');
  for (let i = 0; i < layout.numel; i++) storage.array[storage.base + i] = element(i);
  return { storage, layout: layout.broadcastTo(shape) };
}

const values = ({ storage: { array, base, length } }: View<'float64'>): number[] => [
  ...array.slice(base, base + length),
];

describe('SIMD gradients of affine quantization', () => {
  it.each(['fakeQuantizeGrad', 'quantizeGrad', 'dequantizeGrad'] as const)(
    '%s equals the reference bit for bit in x, and in scale and offset up to the order of float64 sums',
    (name) =>
      fc.assert(
        fc.property(encodings, grids, lie, lie, fc.boolean(), (size, [qmin, qmax], howX, howGrad, summed) => {
          const x = viewOf(shape, { ...howX, broadcast: -1 }, howX.shift === 0);
          const grad = viewOf(shape, howGrad, howX.shift === 0);
          const [scale, offset] = [encoding(size, (i) => 0.013 * (i + 1)), encoding(size, (i) => i - 20)];
          const [ours, theirs] = [simd, reference].map((kernels) => {
            const out = output(shape);
            const flat = [0, 1].map(() => alloc(size, 'float64'));
            const [forScale, forOffset] = flat.map(({ storage, layout }) => ({
              storage,
              layout: new Layout(layout.shape, layout.strides, layout.offset).broadcastTo(shape),
            }));
            const sums = summed ? { scale: forScale!, offset: forOffset! } : null;
            if (name === 'dequantizeGrad') kernels.dequantizeGrad(grad, x, scale, offset, out, sums);
            else kernels[name](grad, x, scale, offset, { qmin: qmin!, qmax: qmax!, wide: false }, out, sums);
            return { out, sums: flat.flatMap(values) };
          });
          expect(firstDifference(ours!.out, theirs!.out)).toBe(-1);
          const bound = Math.max(...theirs!.sums.map(Math.abs).filter(Number.isFinite), 1) * 1e-11;
          ours!.sums.forEach((sum, i) => {
            const wanted = theirs!.sums[i]!;
            if (Number.isFinite(wanted)) expect(Math.abs(sum - wanted)).toBeLessThanOrEqual(bound);
            else expect(sum).toBe(wanted);
          });
        }),
      ),
  );
});
