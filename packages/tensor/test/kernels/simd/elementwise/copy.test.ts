import fc from 'fast-check';
import { Layout } from '../../../../src/layout.js';
import { alloc } from '../../../../src/storage.js';
import { elements, firstDifference, lie, output, reference, simd, viewOf } from '../views.js';

const size = fc.integer({ min: 1, max: 70 });

describe('SIMD copy', () => {
  it('moves every element of any permuted view to its place', () =>
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 4 }), size, size),
        fc.constantFrom([0, 2, 1], [2, 1, 0], [1, 2, 0], [1, 0, 2], [0, 1, 2]),
        lie,
        (shape, order, how) => {
          const base = viewOf(shape, how);
          const x = { storage: base.storage, layout: base.layout.permute(order) };
          const [ours, theirs] = [output(x.layout.shape), output(x.layout.shape)];
          simd.copy(x, ours);
          reference.copy(x, theirs);
          expect(firstDifference(ours, theirs)).toBe(-1);
        },
      ),
    ));

  it.each([
    ['uint8', 4],
    ['int16', 2],
    ['bfloat16', 2],
    ['bool', 4],
  ] as const)('moves runs of %s, %i side by side, to their places', (dtype, run) =>
    fc.assert(
      fc.property(fc.tuple(fc.integer({ min: 1, max: 3 }), size, size), fc.nat(3), ([n, rows, columns], shift) => {
        const base = alloc([n * rows * columns * run + shift], dtype);
        for (let i = 0; i < base.layout.numel; i++) base.storage.array[base.storage.base + i] = (i * 37) % 251;
        const layout = new Layout([n, rows, columns, run], undefined, shift).permute([0, 2, 1, 3]);
        const [ours, theirs] = [alloc(layout.shape, dtype), alloc(layout.shape, dtype)];
        simd.copy({ storage: base.storage, layout }, ours);
        reference.copy({ storage: base.storage, layout }, theirs);
        expect(firstDifference(ours, theirs)).toBe(-1);
      }),
    ),
  );

  it('writes into a transposed output', () => {
    const x = viewOf([40, 50], { seed: 4 }, false);
    const out = output([50, 40]);
    simd.copy(x, { storage: out.storage, layout: out.layout.permute([1, 0]) });
    const values = elements(out);
    for (let r = 0; r < 40; r++)
      for (let c = 0; c < 50; c++) expect(values[c * 40 + r]).toBe(x.storage.array[r * 50 + c]);
  });
});
